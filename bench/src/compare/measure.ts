import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { BrokerProcess } from "../brokers/broker-process.ts";
import { loadOptionWords, type LoadOptions } from "../load/load-options.ts";
import type { ConnectionsResult, LoadResult } from "../load/generate.ts";

type FlowOptions = Partial<LoadOptions> & { mode: Exclude<LoadOptions["mode"], "churn" | "hold"> };
type ConnectionOptions = Partial<LoadOptions> & { mode: "churn" | "hold"; n: number; count: number };

/** Time a run may take beyond what it measures, ms: connecting, draining, and giving up on what is lost. */
const GRACE_MS = 60_000;

/** Runs the generator in a process of its own against the broker, with the login that this one asks for. */
export async function measure(broker: BrokerProcess, options: FlowOptions): Promise<LoadResult> {
  return (await runGenerator(broker, { ...broker.login, ...options })) as LoadResult;
}

/** The same for connections, without credentials where the options name none. */
export async function measureConnections(broker: BrokerProcess, options: ConnectionOptions): Promise<ConnectionsResult> {
  return (await runGenerator(broker, options)) as ConnectionsResult;
}

async function runGenerator(broker: BrokerProcess, options: Partial<LoadOptions>): Promise<unknown> {
  // Compiled, also for tests: Node 20 cannot run TypeScript.
  const program = fileURLToPath(new URL("../load.js", import.meta.url.replace("/src/compare/", "/dist/compare/")));
  const words = loadOptionWords({ port: broker.port, pid: broker.pid, label: broker.name, ...options });
  const child = spawn(process.execPath, [program, ...words], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let complaint = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  const limitMs = ((options.seconds ?? 5) + (options.warm ?? 1)) * 1000 + GRACE_MS;
  const timer = setTimeout(() => child.kill("SIGKILL"), limitMs);
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  clearTimeout(timer);
  if (code !== 0 && code !== 1) throw new Error(`the load generator ended with ${code} at ${broker.name}: ${complaint}`);
  return JSON.parse(output);
}
