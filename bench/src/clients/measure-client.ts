import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type ClientRunOptions, type ClientRunResult, clientRunWords } from "./client-run-options.ts";
import type { FarEndResult } from "./far-end-peer.ts";

/** A run, and whether it did what it had to. */
export interface ClientRun {
  readonly client: ClientRunResult;
  readonly farEnd: FarEndResult;
  /** Both ends counted every message once, whole and in order. A run that is not `ok` is never a speed. */
  readonly ok: boolean;
  /** CPU of the client's process, in seconds per million messages: µs per message. */
  readonly cpuSecondsPerMillion: number;
  readonly perSecond: number;
}

/** Time that a run may take, ms. */
const LIMIT_MS = 120_000;

/** Runs one client against a far end of its own, each in its own process. */
export async function measureClient(
  options: Omit<ClientRunOptions, "port">,
  nodeOptions: readonly string[] = [],
): Promise<ClientRun> {
  const farEnd = start("far-end.js", { ...options, port: 0 }, []);
  try {
    const port = Number((await farEnd.line()).slice("port ".length));
    const measured = start("measured-client.js", { ...options, port }, nodeOptions);
    try {
      const client = JSON.parse(await measured.line()) as ClientRunResult;
      return judged(options, client, JSON.parse(await farEnd.line()) as FarEndResult);
    } finally {
      measured.child.kill("SIGKILL");
    }
  } finally {
    farEnd.child.kill("SIGKILL");
  }
}

type Counts = Pick<ClientRunOptions, "count" | "warm">;

function judged({ count, warm }: Counts, client: ClientRunResult, farEnd: FarEndResult): ClientRun {
  return {
    client,
    farEnd,
    ok: client.told === count && client.faults === 0 && farEnd.messages === count && farEnd.faults === 0,
    cpuSecondsPerMillion: (client.cpuSeconds / (count - warm)) * 1e6,
    perSecond: (count - warm) / client.seconds,
  };
}

interface Program {
  readonly child: ChildProcess;
  /** The next line of its output. */
  line(): Promise<string>;
}

function start(name: string, options: ClientRunOptions, nodeOptions: readonly string[]): Program {
  // Compiled, also for tests: Node 20 cannot run TypeScript.
  const program = fileURLToPath(new URL(`../${name}`, import.meta.url.replace("/src/clients/", "/dist/clients/")));
  const child = spawn(process.execPath, [...nodeOptions, program, ...clientRunWords(options)], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: LIMIT_MS,
    killSignal: "SIGKILL",
  });
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-4000);
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async (): Promise<string> => {
    const next = (await lines.next()) as IteratorResult<string, undefined>;
    if (next.done === true) throw new Error(`${name} ${clientRunWords(options).join(" ")} said nothing: ${complaint}`);
    return next.value;
  };
  return { child, line };
}
