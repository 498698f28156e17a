import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type BrokerProcess, endProcess } from "./broker-process.ts";
import { hundredRules } from "./hundred-rules.ts";
import type { HeldMemory } from "../soak/memory-reporter.ts";
import { limitsOutOfReach } from "./limits-out-of-reach.ts";

const commandFolder = new URL("../../../packages/cli/", import.meta.url);

/** Compiled, also for tests: Node 20 cannot run TypeScript. */
const MEMORY_REPORTER = new URL("../soak/memory-reporter.js", import.meta.url.replace("/src/brokers/", "/dist/brokers/")).href;

/** Who publishes and subscribes; the last of the hundred rules lets it. */
const USER = "bench";
/** The name of the further users, before their number. */
export const COLD_USER = "cold";
const PASSWORD = "the password of all who measure";

export interface StartBowline {
  /** Options of Node itself, such as those of its profiler. */
  readonly nodeOptions?: readonly string[];
  /** Further users with the same password, which nobody has shown yet. */
  readonly coldUsers?: number;
  /** Default: all limits on and out of reach. */
  readonly limits?: Readonly<Record<string, number>>;
  /** The process says what it holds when it is asked, see `memory`. */
  readonly reportsMemory?: boolean;
  /** Keep everything in a store on the disk, and not in memory. */
  readonly isDurable?: boolean;
  /** Writes that store before the first start. */
  readonly fillStore?: (directory: string) => Promise<void>;
}

/** A Bowline with everything on. */
export interface BowlineProcess extends BrokerProcess {
  readonly login: { readonly user: string; readonly password: string };
  readonly tlsPort: number;
  /** Address of the admin API, where /metrics is. */
  readonly admin: string;
  /** Ends the process as it comes and starts it again at the same ports, with what was on the disk. */
  restart(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
  /** What it holds after its garbage is collected; for one that `reportsMemory`. */
  memory(): Promise<HeldMemory>;
}

/**
 * Starts the built `bowline up` as it is measured: listeners with and without TLS, password authentication (anonymous clients may connect,
 * and no more), a hundred access rules, every limit on and out of reach, metrics.
 *
 * @throws Error when it ends before it is ready.
 */
export async function startBowline(options: StartBowline = {}): Promise<BowlineProcess> {
  const { version } = JSON.parse(await readFile(new URL("package.json", commandFolder), "utf8")) as { version: string };
  const folder = await mkdtemp(join(tmpdir(), "bowline-bench-"));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    await writeFile(join(folder, "password"), PASSWORD);
    await options.fillStore?.(join(folder, "data/store"));
    let run = await runOnce(folder, options, [0, 0, 0]);
    return {
      name: "bowline",
      version,
      login: { user: USER, password: PASSWORD },
      get pid() {
        return run.child.pid!;
      },
      port: run.ports[0],
      tlsPort: run.ports[1],
      admin: `http://127.0.0.1:${run.ports[2]}`,
      restart: async (signal) => {
        await endProcess(run.child, signal);
        run = await runOnce(folder, options, run.ports);
      },
      memory: async () => {
        const answered = once(run.child, "message");
        run.child.send("memory");
        return ((await answered) as [HeldMemory])[0];
      },
      stop: async () => {
        await endProcess(run.child);
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Of the plain listener, the one with TLS, and the admin API. */
type Ports = readonly [plain: number, tls: number, admin: number];

interface Run {
  readonly child: ReturnType<typeof spawn>;
  readonly ports: Ports;
}

async function runOnce(folder: string, options: StartBowline, [plain, tls, admin]: Ports): Promise<Run> {
  const config = join(folder, "bowline.json");
  const cold = Array.from({ length: options.coldUsers ?? 0 }, (_, i) => `${COLD_USER}-${i}`);
  const content = {
    data: "data",
    memory: options.isDurable !== true,
    anonymous: true,
    console: false,
    log: { level: "error" },
    listen: [`mqtt://127.0.0.1:${plain}`, `mqtts://127.0.0.1:${tls}`],
    admin: { listen: `http://127.0.0.1:${admin}` },
    metrics: { open: true },
    limits: options.limits ?? limitsOutOfReach,
    bootstrap: {
      users: [USER, ...cold].map((username) => ({ username, password: { file: "password" } })),
      rules: hundredRules(USER),
    },
  };
  await writeFile(config, JSON.stringify(content));
  const command = fileURLToPath(new URL("bin/bowline.js", commandFolder));
  const reporter = options.reportsMemory === true ? ["--expose-gc", "--import", MEMORY_REPORTER] : [];
  const words = [...reporter, ...(options.nodeOptions ?? []), command, "up", "--config", config];
  const child = spawn(process.execPath, words, { cwd: folder, stdio: ["ignore", "pipe", "pipe", "ipc"] });
  let log = "";
  child.stderr!.on("data", (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-4000);
  });
  try {
    const line = await new Promise<string>((resolve, reject) => {
      child.once("exit", (code) => reject(new Error(`bowline up ended with ${code} before it was ready:\n${log}`)));
      createInterface({ input: child.stdout! }).on("line", (text) => {
        if (text.startsWith("ready ")) resolve(text);
      });
    });
    const ports = [...line.matchAll(/:(\d+)/g)].map(([, port]) => Number(port)) as unknown as Ports;
    return { child, ports };
  } catch (error) {
    await endProcess(child);
    throw error;
  }
}
