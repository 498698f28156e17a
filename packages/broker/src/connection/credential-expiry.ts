import type { Clock, TimerHandle } from "@bowline/protocol/internal";

/** Timers count monotonic time, and credentials end by the wall clock, which may be set: so it is looked at this often. */
const LOOK_EVERY_MS = 60_000;

/** Calls back once when credentials have ended. */
export class CredentialExpiry {
  private readonly expiresAt: number;
  private readonly clock: Clock;
  private readonly expired: () => void;
  private timer: TimerHandle;

  /** @param expiresAt Wall time in ms. */
  constructor(expiresAt: number, clock: Clock, expired: () => void) {
    this.expiresAt = expiresAt;
    this.clock = clock;
    this.expired = expired;
  }

  start(): void {
    const left = this.expiresAt - this.clock.wallTime();
    if (left <= 0) this.expired();
    else this.timer = this.clock.setTimer(() => this.start(), Math.min(left, LOOK_EVERY_MS));
  }

  stop(): void {
    this.clock.clearTimer(this.timer);
  }
}
