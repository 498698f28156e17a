// node fuzz/dist/run.js decoder|server|client|topics [--count N] [--seed N] [--first N]: prints seed and report, exit status 1 for a
// finding.
import { parseArgs } from "node:util";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { fuzzDecoder } from "./decoder.ts";
import { fuzzEngines } from "./engines.ts";
import { fuzzTopics } from "./topics.ts";

type Target = (seed: number, first: number, count: number, progress: (input: number) => void) => object;

const targets: Readonly<Record<string, Target>> = {
  decoder: fuzzDecoder,
  server: (...run) => fuzzEngines("server", ...run),
  client: (...run) => fuzzEngines("client", ...run),
  topics: fuzzTopics,
};

interface Job {
  readonly target: string;
  readonly seed: number;
  readonly first: number;
  readonly count: number;
  /** Number of the input under way, for the watchdog: a thread that hangs cannot say so. */
  readonly progress: SharedArrayBuffer;
}

/** An input that takes longer ends the run: nothing else could stop a thread that hangs. */
const WATCHDOG_MS = 10_000;

if (isMainThread) main();
else work(workerData as Job);

function main(): void {
  const options = { count: { type: "string" }, seed: { type: "string" }, first: { type: "string" } } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const [target = "decoder"] = positionals;
  if (!(target in targets)) throw new Error(`${target} is none of ${Object.keys(targets).join(", ")}`);
  const seed = Number(values.seed ?? Date.now() % 2 ** 31);
  const first = Number(values.first ?? 0);
  const count = Number(values.count ?? 10_000_000);
  const progress = new SharedArrayBuffer(4);
  console.log(`${target}: seed ${seed}, inputs ${first} to ${first + count - 1}`);
  const worker = new Worker(new URL(import.meta.url), { workerData: { target, seed, first, count, progress } satisfies Job });
  const watchdog = watch(progress, (input) => {
    console.error(`${target}: seed ${seed}, input ${input} hangs`);
    process.exitCode = 1;
    void worker.terminate();
  });
  worker.on("error", (error) => {
    console.error(error);
    process.exitCode = 1;
  });
  worker.on("exit", () => clearInterval(watchdog));
}

function watch(progress: SharedArrayBuffer, hangs: (input: number) => void): NodeJS.Timeout {
  const current = new Uint32Array(progress);
  let last = -1;
  return setInterval(() => {
    const input = Atomics.load(current, 0);
    if (input === last) hangs(input);
    last = input;
  }, WATCHDOG_MS);
}

function work({ target, seed, first, count, progress }: Job): void {
  const current = new Uint32Array(progress);
  const started = performance.now();
  const report = targets[target]!(seed, first, count, (input) => Atomics.store(current, 0, input));
  console.log(JSON.stringify(report), `${((performance.now() - started) / 1000).toFixed(1)} s`);
}
