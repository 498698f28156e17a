import type { Clock } from "@bowline/protocol/internal";
import type { Logger } from "../log/logger.ts";
import type { Session } from "../sessions/session.ts";
import type { Counters } from "./counters.ts";
import { type DropCounts, droppedIn } from "./drops.ts";

/** Between two reports: what drops messages mostly goes on doing so, and a line for each would drown the log. */
const REPORT_EVERY_MS = 10_000;
/** Clients named in the log, those who lost most first. */
const CLIENTS_NAMED = 5;
/** Clients of whom one report tells its listeners, those who lost most first; the counters have them all. */
const CLIENTS_TOLD = 100;

const SUMS = [
  "droppedSlow",
  "droppedQueueFull",
  "droppedTooLarge",
  "droppedExpired",
  "droppedRevoked",
  "publishesBlocked",
  "publishesDenied",
] as const;

/** What one client did not get since it was last told of. */
export interface ClientDrops {
  readonly tenant: string;
  readonly owner: string;
  readonly clientIdentifier: string;
  readonly isConnected: boolean;
  readonly drops: DropCounts;
  /** QoS 1 and 2 messages that wait for it now, and their bytes. */
  readonly queued: number;
  readonly queuedBytes: number;
  /** Messages that were sent to it and that it has not acknowledged. */
  readonly inFlight: number;
}

/** Where a report gets its figures. */
export interface DropSource {
  /** The sums of all tenants. */
  readonly counters: Counters;
  /** The Sessions that lost something since the last call of this. */
  takeLosers(): Session[];
}

/**
 * Says that messages were dropped, to the log and to listeners, at once and then at most every 10 s with the sums since. It looks at the
 * counters from time to time, so that dropping itself costs an addition.
 */
export class DropReport {
  private readonly source: DropSource;
  private readonly logger: Logger;
  private readonly clock: Clock;
  private readonly listeners = new Set<(drops: readonly ClientDrops[]) => void>();
  private reported: Record<(typeof SUMS)[number], number>;
  private notBefore = 0;

  constructor(source: DropSource, logger: Logger, clock: Clock) {
    this.source = source;
    this.logger = logger;
    this.clock = clock;
    this.reported = this.sums();
  }

  /** Answers how to stop listening. */
  listen(listener: (drops: readonly ClientDrops[]) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Reports what was dropped since the last report, if that is long enough ago. */
  sweep(): void {
    const { reported } = this;
    if (this.clock.now() < this.notBefore) return;
    const sums = this.sums();
    const since = SUMS.map((name) => [name, sums[name] - reported[name]] as const).filter(([, count]) => count > 0);
    if (since.length === 0) return;
    this.reported = sums;
    this.notBefore = this.clock.now() + REPORT_EVERY_MS;
    const losers = this.source
      .takeLosers()
      .map(dropsSince)
      .sort((a, b) => lost(b) - lost(a));
    const clients = losers.slice(0, CLIENTS_NAMED).map((loser) => ({ clientId: loser.clientIdentifier, lost: lost(loser) }));
    this.logger.warn({ ...Object.fromEntries(since), clients }, "messages were not delivered");
    this.tell(losers.slice(0, CLIENTS_TOLD));
  }

  private tell(losers: readonly ClientDrops[]): void {
    if (losers.length === 0) return;
    for (const listener of this.listeners) {
      try {
        listener(losers);
      } catch (error) {
        this.logger.error({ error }, "a listener for drops failed");
      }
    }
  }

  private sums(): Record<(typeof SUMS)[number], number> {
    const { counters } = this.source;
    return Object.fromEntries(SUMS.map((name) => [name, counters[name]])) as Record<(typeof SUMS)[number], number>;
  }
}

function dropsSince(session: Session): ClientDrops {
  const { tenant, owner, clientIdentifier, state } = session;
  return {
    tenant,
    owner,
    clientIdentifier,
    isConnected: session.connection !== undefined,
    drops: session.drops!.takeRecent(),
    queued: state.queue.length,
    queuedBytes: state.queuedBytes,
    inFlight: state.inFlight.count,
  };
}

function lost({ drops }: ClientDrops): number {
  return droppedIn(drops) + drops.blocked;
}
