import type { Clock } from "@bowline/protocol/internal";

/** Runs something when others have had their turn. */
export type InAnotherTurn = (run: () => void) => void;

/** What one turn may spend on finding out who gets what. */
const SPENT_MS_MAX = 5;
/** A route costs microseconds, unless somebody has thousands of overlapping Subscriptions: only those are added up. */
const DEAR_MS = 0.02;

/**
 * How long routes have been worked out in this turn of the event loop. Tens of thousands of Subscriptions that all match make a single
 * topic cost milliseconds, and a chunk that was read may publish to a thousand topics: whoever publishes waits for its next turn then,
 * so that it holds up nobody else.
 */
export class RoutingTurn {
  readonly #clock: Clock;
  #spentMs = 0;
  #isTimed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Others come first. */
  get isOver(): boolean {
    return this.#spentMs > SPENT_MS_MAX;
  }

  begin(): void {
    this.#spentMs = 0;
  }

  spend(ms: number): void {
    if (ms < DEAR_MS) return;
    this.#spentMs += ms;
    if (this.#isTimed) return;
    this.#isTimed = true;
    this.#clock.setTimer(() => {
      this.#isTimed = false;
      this.#spentMs = 0;
    }, 0);
  }
}
