import { fork } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { SimulationTotals } from "./simulate.ts";

/** Seeds that one process is given at a time. */
const PIECE = 500;

/** What a worker is asked. */
export interface SimulationOrder {
  readonly base: number;
  readonly seeds: number;
}

/**
 * Runs many seeds in several processes, each a piece at a time; stops at the first failure. It needs the built test kit (`npm run
 * build`), since processes of Node's own know no TypeScript.
 */
export async function simulateInParallel(base: number, seeds: number, processes: number): Promise<SimulationTotals> {
  const worker = fileURLToPath(new URL("../../dist/sim/worker.js", import.meta.url));
  if (!existsSync(worker)) throw new Error("the test kit is not built: npm run build");
  const results: SimulationTotals[] = [];
  let next = 0;
  const takePiece = (): SimulationOrder | undefined => {
    if (next >= seeds || results.some(({ failure }) => failure !== undefined)) return undefined;
    const piece = { base: base + next, seeds: Math.min(PIECE, seeds - next) };
    next += PIECE;
    return piece;
  };
  await Promise.all(Array.from({ length: processes }, () => runWorker(worker, takePiece, (totals) => results.push(totals))));
  return results.reduce(add);
}

function runWorker(
  path: string,
  takePiece: () => SimulationOrder | undefined,
  take: (totals: SimulationTotals) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = fork(path, { execArgv: [] });
    const order = (): void => {
      const piece = takePiece();
      if (piece === undefined) child.disconnect();
      else child.send(piece);
    };
    child.on("message", (totals: SimulationTotals) => {
      take(totals);
      order();
    });
    child.on("error", reject);
    child.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`a process of the simulation ended with ${code}`))));
    order();
  });
}

function add(one: SimulationTotals, other: SimulationTotals): SimulationTotals {
  const counts = { ...one.counts };
  for (const name of Object.keys(counts) as (keyof typeof counts)[]) counts[name] += other.counts[name];
  return { seeds: one.seeds + other.seeds, counts, failure: one.failure ?? other.failure };
}
