import type { BrokerProcess } from "../brokers/broker-process.ts";
import type { LoadResult } from "../load/generate.ts";
import { type BrokerSide, sideOf } from "./compare-brokers.ts";
import { measure } from "./measure.ts";

/** What many topics and wildcard subscriptions cost, at one broker: 20 pairs, 64 bytes. */
export interface TopicsComparison {
  readonly qos: 0 | 1;
  /** Each publisher takes four topics in turn under one filter. */
  readonly few: BrokerSide;
  /** Each takes 1,000 topics in turn; for each two its subscriber has a wildcard filter: 20,000 topics, 10,000 filters. */
  readonly many: BrokerSide;
  /** How much slower the many are, as a part of the rate by CPU per message: 0.3 is 30 %. */
  readonly slower: number;
  readonly isHeld: boolean;
}

/** The part of the rate that may be lost. */
export const SLOWER_AT_MOST = 0.3;
const FEW = 4;
const MANY = 1000;

/** Runs both in turns. */
export async function compareTopics(
  broker: BrokerProcess,
  { qos, rounds, seconds, warm }: { qos: 0 | 1; rounds: number; seconds: number; warm: number },
): Promise<TopicsComparison> {
  const runs = { few: [] as LoadResult[], many: [] as LoadResult[] };
  for (let round = 0; round < rounds; round++) {
    for (const [name, topics] of [
      ["few", FEW],
      ["many", MANY],
    ] as const) {
      runs[name].push(await measure(broker, { mode: "pairs", n: 20, qos, topics, seconds, warm }));
    }
  }
  const few = sideOf(runs.few);
  const many = sideOf(runs.many);
  const slower = 1 - few.cpuSecondsPerMillion / many.cpuSecondsPerMillion;
  return { qos, few, many, slower, isHeld: slower <= SLOWER_AT_MOST };
}
