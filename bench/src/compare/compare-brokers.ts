import { availableParallelism } from "node:os";
import type { QoS } from "@bowline/protocol";
import type { BrokerProcess } from "../brokers/broker-process.ts";
import type { LoadResult } from "../load/generate.ts";
import { measure } from "./measure.ts";
import { median } from "./median.ts";

/** One thing that both brokers do. */
export interface BrokerCase {
  readonly mode: "pairs" | "fanin" | "fanout";
  readonly n: number;
  readonly qos: QoS;
  /** Bytes of payload. */
  readonly size: number;
  /** Topics that each publisher takes in turn. */
  readonly topics: number;
  /** What the ratio must reach, where something is promised. */
  readonly target?: number;
}

/** Medians of one broker's verified runs. */
export interface BrokerSide {
  readonly runs: readonly LoadResult[];
  /** Runs that delivered everything as they must. The others are counted and never a speed. */
  readonly verified: number;
  readonly receivedPerSecond: number;
  readonly cpuSecondsPerMillion: number;
  readonly cores: number;
  /** The generator's own cores: well below its threads, or it was the limit. */
  readonly ownCores: number;
}

export interface BrokerComparison extends BrokerCase {
  readonly bowline: BrokerSide;
  readonly mosquitto: BrokerSide;
  /** Ours divided by theirs. */
  readonly rateRatio: number;
  /** Theirs divided by ours. */
  readonly cpuRatio: number;
  /** undefined where nothing is promised. */
  readonly isHeld: boolean | undefined;
}

export interface Brokers {
  readonly bowline: BrokerProcess;
  readonly mosquitto: BrokerProcess;
}

const SHAPES = [
  ["pairs", 20],
  ["fanin", 20],
  ["fanout", 50],
] as const;

/** What the ratio must reach with everything on, by payload and QoS. */
const FLOORS: readonly (readonly [size: number, ofQoS: readonly [number, number, number]])[] = [
  [64, [12, 8, 9]],
  [1024, [5, 3, 5]],
];

/** Every shape at every QoS and size. */
export const brokerCases: readonly BrokerCase[] = [
  ...FLOORS.flatMap(([size, floors]) =>
    SHAPES.flatMap(([mode, n]) => ([0, 1, 2] as const).map((qos) => ({ mode, n, qos, size, topics: 1, target: floors[qos] }))),
  ),
  // No two messages in a row have the same header, so nothing can be copied but one by one.
  { mode: "pairs", n: 20, qos: 0, size: 64, topics: 4, target: 12 },
];

export function nameOf({ mode, n, qos, size, topics }: BrokerCase): string {
  return `${mode} ${n}, QoS ${qos}, ${size} B${topics === 1 ? "" : `, ${topics} topics`}`;
}

/** Messages between a publisher and its subscribers: of large ones fewer, since both brokers hold them. */
function windowOf({ size }: BrokerCase): number {
  return size > 512 ? 128 : 512;
}

/** Below this many cores broker and generator take turns, so that only CPU per message says something. */
const CORES_FOR_RATES = 4;

/** What a ratio is judged by on this machine. */
export const isJudgedByRate: boolean = availableParallelism() >= CORES_FOR_RATES;

/** Runs one case in turns, A B A B, and gives medians. */
export async function compareBrokers(
  brokers: Brokers,
  one: BrokerCase,
  { rounds, seconds, warm }: { rounds: number; seconds: number; warm: number },
): Promise<BrokerComparison> {
  const { mode, n, qos, size, topics, target } = one;
  const runs: { bowline: LoadResult[]; mosquitto: LoadResult[] } = { bowline: [], mosquitto: [] };
  for (let round = 0; round < rounds; round++) {
    for (const name of ["mosquitto", "bowline"] as const) {
      runs[name].push(await measure(brokers[name], { mode, n, qos, size, topics, window: windowOf(one), seconds, warm }));
    }
  }
  const bowline = sideOf(runs.bowline);
  const mosquitto = sideOf(runs.mosquitto);
  const rateRatio = bowline.receivedPerSecond / mosquitto.receivedPerSecond;
  const cpuRatio = mosquitto.cpuSecondsPerMillion / bowline.cpuSecondsPerMillion;
  const ratio = isJudgedByRate ? rateRatio : cpuRatio;
  const isHeld = target === undefined ? undefined : ratio >= target;
  return { ...one, bowline, mosquitto, rateRatio, cpuRatio, isHeld };
}

/** Names of what is missed: a target, or the verification of one of our own runs. */
export function missedBy(comparison: BrokerComparison): string[] {
  const { bowline, isHeld, target } = comparison;
  const name = nameOf(comparison);
  const unverified = bowline.runs.length - bowline.verified;
  return [
    ...(unverified > 0 ? [`${name}: ${unverified} of our runs not verified`] : []),
    ...(isHeld === false ? [`${name}: below ${target} times mosquitto`] : []),
  ];
}

/** Medians of the verified ones. */
export function sideOf(runs: readonly LoadResult[]): BrokerSide {
  const verified = runs.filter((run) => run.ok);
  return {
    runs,
    verified: verified.length,
    receivedPerSecond: median(verified.map((run) => run.receivedPerSecond)),
    cpuSecondsPerMillion: median(verified.map((run) => run.broker.secondsPerMillion)),
    cores: median(verified.map((run) => run.broker.cores)),
    ownCores: median(verified.map((run) => run.own.cores)),
  };
}
