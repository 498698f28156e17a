import type { LatencyHistogram } from "./latency-histogram.ts";
import type { LoadOptions } from "./load-options.ts";

/** Behind its schedule by more than this part of all that was due, and by more than this many seconds, an open loop was none. */
const BEHIND_PART = 0.02;
const BEHIND_SECONDS = 0.25;
/** Latencies entered one by one; of more, several at once. */
const STEPS = 10_000;

/** What an open loop had not sent when its time was over. */
export interface Unsent {
  readonly count: number;
  /** The rate was not kept, and what was measured is another load than the one asked for. */
  readonly isTooMany: boolean;
}

/** @param elapsedNs from the first message's time to the end of sending */
export function unsentOf({ rate, count, publishers }: LoadOptions, elapsedNs: number, sent: number): Unsent {
  if (rate === 0) return { count: 0, isTooMany: false };
  const most = count > 0 ? count * publishers : Number.POSITIVE_INFINITY;
  const due = Math.min(most, Math.floor((elapsedNs * rate) / 1e9) + 1);
  const unsent = Math.max(0, due - sent);
  return { count: unsent, isTooMany: unsent > Math.max(due * BEHIND_PART, rate * BEHIND_SECONDS) };
}

/**
 * Charges messages that never left with the time they had waited: without them a broker that stalls to the end of a run would be
 * measured by the messages of before.
 */
export function chargeUnsent(latencies: LatencyHistogram, unsent: number, rate: number): void {
  const step = Math.ceil(unsent / STEPS);
  for (let i = 0; i < unsent; i += step) latencies.add((i * 1e9) / rate, Math.min(step, unsent - i));
}
