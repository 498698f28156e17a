import { type Transferable, Worker } from "node:worker_threads";

/** How long the connections of a thread may take to say goodbye: a broker that reads no more must not hold a run. */
const LEAVING_MS = 2000;

/** Starts a thread by the name of its file. */
export function startWorker(name: string, workerData: unknown, transferList: Transferable[] = []): Worker {
  // Compiled, also for tests: Node 20 cannot run TypeScript.
  const program = new URL(`./${name}.js`, import.meta.url.replace("/src/load/", "/dist/load/"));
  // Without options of this process, which may be a test's and point at the sources.
  return new Worker(program, { workerData, transferList, execArgv: [] });
}

/** Calls back when a thread ends that nobody has ended: without it a run would wait for ever, or take what it counted for all. */
export function onWorkerDeath(worker: Worker, died: (error: Error) => void): void {
  worker.on("error", (error) => died(error instanceof Error ? error : new Error(String(error))));
  worker.on("exit", (code) => died(new Error(`a thread of the generator has ended with ${code}`)));
}

/** Resolves when all threads are over, which were told to end. */
export async function endWorkers(workers: readonly Worker[]): Promise<void> {
  const running = workers.filter(({ threadId }) => threadId !== -1);
  const exits = running.map((worker) => new Promise((resolve) => worker.once("exit", resolve)));
  const timer = setTimeout(() => workers.forEach((worker) => void worker.terminate()), LEAVING_MS);
  await Promise.all(exits);
  clearTimeout(timer);
}
