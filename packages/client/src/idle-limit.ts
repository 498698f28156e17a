import type { ConnectPacket } from "@bowline/protocol";

/** Proxies count in whole seconds, and their clocks tick coarsely. */
const SAME_MS = 1000;
/** A shorter silence says nothing of a limit. */
const SHORTEST_MS = 1000;
/** Well below the limit, so that a late timer does not miss it. */
const SAFE_PART = 0.7;

/**
 * Learns after how long a silence something on the way cuts connections: two cuts in a row at the same idle age are a rule of
 * somebody's, and from then on Keep Alive is 0.7 of that. Lives as long as the client.
 */
export class IdleLimit {
  /** Of the loss before: ms since the last byte that left and the last that came. */
  private previous: readonly number[] = [];
  private limitMs = Number.POSITIVE_INFINITY;

  /** A connection was cut, with nobody's word for it, that many ms after the last byte of each direction. */
  cut(ages: readonly number[]): void {
    for (const [index, age] of ages.entries()) {
      const before = this.previous[index] ?? 0;
      if (Math.min(age, before) >= SHORTEST_MS && Math.abs(age - before) <= SAME_MS) {
        this.limitMs = Math.min(this.limitMs, age, before);
      }
    }
    this.previous = ages;
  }

  /** A CONNECT with a Keep Alive that fits; 0, which turns it off, stays 0. */
  within(connect: ConnectPacket): ConnectPacket {
    const keepAlive = Math.min(connect.keepAlive, Math.max(1, Math.floor((this.limitMs * SAFE_PART) / 1000)));
    return { ...connect, keepAlive };
  }
}
