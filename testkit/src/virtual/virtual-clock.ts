import type { Clock } from "@bowline/protocol/internal";

interface Timer {
  readonly dueMs: number;
  readonly callback: () => void;
}

export interface VirtualClockOptions {
  /** Monotonic time at the start; 0 by default. */
  readonly now?: number;
  /** Wall time at the start, ms since 1970; the first of January 2026 by default. */
  readonly wallTime?: number;
}

// Taken before any test can put a fake in its place.
const nextMacrotask = globalThis.setImmediate;

/**
 * Time that passes when the test says so. Timers run in the order of their due times, those due at the same time in the order
 * they were set, so the same test does the same thing every time.
 */
export class VirtualClock implements Clock {
  private nowMs: number;
  private readonly wallOffsetMs: number;
  /** In the order they will run. */
  private readonly timers: Timer[] = [];
  private isRunning = false;

  constructor(options: VirtualClockOptions = {}) {
    this.nowMs = options.now ?? 0;
    this.wallOffsetMs = (options.wallTime ?? Date.UTC(2026, 0, 1)) - this.nowMs;
  }

  /** Timers that are set and have not run. */
  get pendingTimers(): number {
    return this.timers.length;
  }

  now(): number {
    return this.nowMs;
  }

  wallTime(): number {
    return this.nowMs + this.wallOffsetMs;
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    const timer: Timer = { dueMs: this.nowMs + Math.max(0, delayMs), callback };
    let at = this.timers.length;
    while (at > 0 && this.timers[at - 1]!.dueMs > timer.dueMs) at--;
    this.timers.splice(at, 0, timer);
    return timer;
  }

  clearTimer(handle: unknown): void {
    const at = this.timers.indexOf(handle as Timer);
    if (at >= 0) this.timers.splice(at, 1);
  }

  /**
   * Lets `ms` pass and runs what falls due, also what is set meanwhile. Before the first timer and after each one all promises
   * settle that can, so `await` continues at the virtual time it would.
   *
   * @throws Whatever a timer's callback throws.
   */
  async advance(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms;
    await this.runWhile(() => this.timers[0]!.dueMs <= untilMs);
    this.nowMs = untilMs;
  }

  /**
   * Runs until no timer is left.
   *
   * @param limitMs Virtual time after which whatever still sets timers is taken to do so for ever; an hour by default.
   */
  async runUntilIdle(limitMs: number = 3_600_000): Promise<void> {
    const untilMs = this.nowMs + limitMs;
    await this.runWhile(() => this.timers[0]!.dueMs <= untilMs);
    if (this.timers.length > 0) throw new Error(`${this.timers.length} timers are left after ${limitMs} virtual ms`);
  }

  private async runWhile(isDue: () => boolean): Promise<void> {
    if (this.isRunning) throw new Error("the virtual clock is being advanced already");
    this.isRunning = true;
    try {
      await promisesSettled();
      while (this.timers.length > 0 && isDue()) {
        const timer = this.timers.shift()!;
        this.nowMs = timer.dueMs;
        timer.callback();
        await promisesSettled();
      }
    } finally {
      this.isRunning = false;
    }
  }
}

/** Microtasks all run before the next macrotask, however long their chains are. */
function promisesSettled(): Promise<void> {
  return new Promise((resolve) => {
    nextMacrotask(resolve);
  });
}
