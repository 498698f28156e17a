import type { Session } from "../sessions/session.ts";
import type { CounterName, Counters } from "./counters.ts";
import { type DropReason, SessionDrops } from "./drops.ts";

const COUNTERS: Readonly<Record<DropReason, CounterName>> = {
  slowClient: "droppedSlow",
  queueFull: "droppedQueueFull",
  tooLarge: "droppedTooLarge",
  expired: "droppedExpired",
  revoked: "droppedRevoked",
  blocked: "publishesBlocked",
};

/**
 * Counts the messages of one tenant that receivers did not get: for the tenant, for each receiver, and for the next report. Nothing
 * is said here, so that losing messages fast costs a few additions each.
 */
export class DropLedger {
  private readonly counters: Counters;
  private noted: Session[] = [];

  constructor(counters: Counters) {
    this.counters = counters;
  }

  count(session: Session, reason: DropReason, count: number = 1): void {
    this.counters[COUNTERS[reason]] += count;
    const drops = (session.drops ??= new SessionDrops());
    drops.count(reason, count);
    if (drops.isNoted) return;
    drops.isNoted = true;
    this.noted.push(session);
  }

  /** The Sessions that lost something since the last call of this. */
  takeNoted(): Session[] {
    if (this.noted.length === 0) return this.noted;
    const { noted } = this;
    this.noted = [];
    return noted;
  }
}
