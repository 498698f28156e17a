import type { LoadResult } from "../load/generate.ts";
import type { Brokers } from "./compare-brokers.ts";
import { measure } from "./measure.ts";
import { median } from "./median.ts";

/** Latency at a fixed rate, QoS 0, 64 bytes, 20 pairs: what a broker that is not busy takes. */
export interface LatencyComparison {
  readonly rate: number;
  readonly bowline: LatencySide;
  readonly mosquitto: LatencySide;
  /** Ours divided by theirs, and what they may be at most; undefined where nothing is promised. */
  readonly p50: LatencyRatio;
  readonly p99: LatencyRatio;
}

export interface LatencyRatio {
  readonly ratio: number;
  readonly most: number | undefined;
}

/** The rates that are measured, and how many times mosquitto's latency is allowed. */
export const LATENCY_RATES: readonly LatencyBar[] = [
  { rate: 5000, p50: 1.5, p99: 2.5 },
  { rate: 50_000, p50: undefined, p99: 3 },
];

export interface LatencyBar {
  readonly rate: number;
  readonly p50: number | undefined;
  readonly p99: number | undefined;
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
  { rate, p50, p99 }: LatencyBar,
  { rounds, seconds, warm }: { rounds: number; seconds: number; warm: number },
): Promise<LatencyComparison> {
  const runs: { bowline: LoadResult[]; mosquitto: LoadResult[] } = { bowline: [], mosquitto: [] };
  for (let round = 0; round < rounds; round++) {
    for (const name of ["mosquitto", "bowline"] as const) {
      runs[name].push(await measure(brokers[name], { mode: "pairs", n: 20, rate, seconds, warm }));
    }
  }
  const bowline = sideOf(runs.bowline);
  const mosquitto = sideOf(runs.mosquitto);
  return {
    rate,
    bowline,
    mosquitto,
    p50: { ratio: bowline.p50Us / mosquitto.p50Us, most: p50 },
    p99: { ratio: bowline.p99Us / mosquitto.p99Us, most: p99 },
  };
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
