import type { Clock, TimerHandle } from "@bowline/protocol/internal";

/** The clock as one process sees it: its timers die with it, and can be counted. */
export class ProcessClock implements Clock {
  private readonly clock: Clock;
  private readonly timers = new Set<{ handle: TimerHandle }>();
  private isDead = false;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get pendingTimers(): number {
    return this.timers.size;
  }

  now(): number {
    return this.clock.now();
  }

  wallTime(): number {
    return this.clock.wallTime();
  }

  setTimer(callback: () => void, delayMs: number): TimerHandle {
    if (this.isDead) return undefined;
    const timer: { handle: TimerHandle } = { handle: undefined };
    timer.handle = this.clock.setTimer(() => {
      this.timers.delete(timer);
      callback();
    }, delayMs);
    this.timers.add(timer);
    return timer;
  }

  clearTimer(handle: TimerHandle): void {
    const timer = handle as { handle: TimerHandle } | undefined;
    if (timer === undefined || !this.timers.delete(timer)) return;
    this.clock.clearTimer(timer.handle);
  }

  /** The process is gone: nothing it set will run. */
  kill(): void {
    this.isDead = true;
    for (const timer of this.timers) this.clock.clearTimer(timer.handle);
    this.timers.clear();
  }
}
