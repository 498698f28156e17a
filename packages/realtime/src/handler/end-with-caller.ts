import { Worker } from "node:worker_threads";

/** Often enough that a loop costs nobody a processor for long. */
const LOOK_MS = 1_000;

/** Plain JavaScript, which needs no file and is the same whether the sources run or what was made of them. */
const LOOK = `
const { workerData } = require("node:worker_threads");
setInterval(() => {
  if (process.ppid !== workerData.caller) process.kill(process.pid, "SIGKILL");
}, workerData.lookMs);
`;

/**
 * Ends this process when the one that started it is gone. The channel between the two says so as well, but only to a process that reads
 * it, and a handler that runs in a circle never lets it: a thread of its own looks.
 */
export function endWithCaller(caller: number): void {
  const thread = new Worker(LOOK, { eval: true, env: {}, execArgv: [], workerData: { caller, lookMs: LOOK_MS } });
  // A place where it cannot run has no worse than it had.
  thread.on("error", () => undefined);
  thread.unref();
}
