import type { LoadResult } from "../load/load-result.ts";
import type { Brokers } from "./compare-brokers.ts";
import { measure } from "./measure.ts";
import { median } from "./median.ts";

/** Latency at a fixed rate, QoS 0, 64 bytes, 20 pairs: what a broker that is not busy takes. */
export interface LatencyComparison {
  readonly rate: number;
  readonly bowline: LatencySide;
  readonly mosquitto: LatencySide;
}

export interface LatencySide {
  readonly runs: readonly LoadResult[];
  readonly verified: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly cpuSecondsPerMillion: number;
}

/** Runs both brokers in turns in an open loop. */
export async function compareLatency(
  brokers: Brokers,
  { rate, rounds, seconds, warm }: { rate: number; rounds: number; seconds: number; warm: number },
): Promise<LatencyComparison> {
  const runs: { bowline: LoadResult[]; mosquitto: LoadResult[] } = { bowline: [], mosquitto: [] };
  for (let round = 0; round < rounds; round++) {
    for (const name of ["mosquitto", "bowline"] as const) {
      runs[name].push(await measure(brokers[name], { mode: "pairs", n: 20, rate, seconds, warm }));
    }
  }
  return { rate, bowline: sideOf(runs.bowline), mosquitto: sideOf(runs.mosquitto) };
}

function sideOf(runs: readonly LoadResult[]): LatencySide {
  const verified = runs.filter((run) => run.ok);
  return {
    runs,
    verified: verified.length,
    p50Us: median(verified.map((run) => run.latencyUs.p50)),
    p99Us: median(verified.map((run) => run.latencyUs.p99)),
    cpuSecondsPerMillion: median(verified.map((run) => run.broker.secondsPerMillion)),
  };
}
