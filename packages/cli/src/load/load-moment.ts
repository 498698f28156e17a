import { cpuUse, type LoadResult } from "./load-result.ts";
import type { ProcessUsage } from "./process-usage.ts";

/** Counters and usage at one moment. */
export interface Moment {
  readonly atNs: number;
  readonly sent: number;
  readonly received: number;
  readonly broker: ProcessUsage;
  readonly own: NodeJS.CpuUsage;
}

/** Rates and CPU between two moments. */
export function speedOf(
  from: Moment,
  to: Moment,
  fan: number,
): Pick<LoadResult, "seconds" | "sentPerSecond" | "receivedPerSecond" | "broker" | "own"> {
  const seconds = (to.atNs - from.atNs) / 1e9;
  const received = to.received - from.received;
  // Where nobody receives, what was sent is the work.
  const messages = fan === 0 ? to.sent - from.sent : received;
  const broker = cpuUse(to.broker.user - from.broker.user, to.broker.system - from.broker.system, seconds, messages);
  const own = cpuUse((to.own.user - from.own.user) / 1e6, (to.own.system - from.own.system) / 1e6, seconds, messages);
  return {
    seconds: Math.round(seconds * 1000) / 1000,
    sentPerSecond: perSecond(to.sent - from.sent, seconds),
    receivedPerSecond: perSecond(received, seconds),
    broker: { ...broker, rssKiB: to.broker.rssKiB },
    own,
  };
}

/** A run that was ended before it began has no time. */
function perSecond(count: number, seconds: number): number {
  return seconds > 0 ? Math.round(count / seconds) : 0;
}
