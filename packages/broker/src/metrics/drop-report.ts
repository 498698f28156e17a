import type { Clock } from "@bowline/protocol/internal";
import type { Logger } from "../log/logger.ts";
import type { Counters } from "./counters.ts";

/** Between two reports: what drops messages mostly goes on doing so, and a line for each would drown the log. */
const REPORT_EVERY_MS = 10_000;
/** Clients named in a report, those who lost most first. */
const CLIENTS_NAMED = 5;

const DROPS = [
  "droppedSlow",
  "droppedQueueFull",
  "droppedTooLarge",
  "droppedExpired",
  "droppedRevoked",
  "publishesDenied",
] as const;

/** A connection as the report sees it. */
export interface DropSource {
  readonly dropped: number;
  readonly session: { readonly clientIdentifier: string } | undefined;
}

/**
 * Says in the log that messages were dropped, at once and then at most every 10 s with the sums since. It looks at the counters from time
 * to time, so that dropping itself costs an addition.
 */
export class DropReport {
  private readonly counters: () => Counters;
  private readonly logger: Logger;
  private readonly clock: Clock;
  private reported: Record<(typeof DROPS)[number], number>;
  private notBefore = 0;

  constructor(counters: () => Counters, logger: Logger, clock: Clock) {
    this.counters = counters;
    this.logger = logger;
    this.clock = clock;
    this.reported = this.sums();
  }

  /** Reports what was dropped since the last report, if that is long enough ago. */
  sweep(connections: Iterable<DropSource>): void {
    const { reported } = this;
    if (this.clock.now() < this.notBefore) return;
    const sums = this.sums();
    if (!DROPS.some((name) => sums[name] > reported[name])) return;
    const since = DROPS.map((name) => [name, sums[name] - reported[name]] as const).filter(([, count]) => count > 0);
    this.reported = sums;
    this.notBefore = this.clock.now() + REPORT_EVERY_MS;
    this.logger.warn({ ...Object.fromEntries(since), clients: losers(connections) }, "messages were not delivered");
  }

  private sums(): Record<(typeof DROPS)[number], number> {
    const { droppedSlow, droppedQueueFull, droppedTooLarge, droppedExpired, droppedRevoked, publishesDenied } = this.counters();
    return { droppedSlow, droppedQueueFull, droppedTooLarge, droppedExpired, droppedRevoked, publishesDenied };
  }
}

function losers(connections: Iterable<DropSource>): string[] {
  return [...connections]
    .filter(({ dropped }) => dropped > 0)
    .sort((a, b) => b.dropped - a.dropped)
    .slice(0, CLIENTS_NAMED)
    .map(({ session, dropped }) => `${session?.clientIdentifier ?? ""}: ${dropped}`);
}
