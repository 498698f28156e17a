import type { Clock } from "@bowline/protocol/internal";

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** Time that moves only when a test says so. */
export class VirtualClock implements Clock {
  private time = 0;
  private readonly timers = new Set<Timer>();

  now = (): number => this.time;
  wallTime = (): number => 1_800_000_000_000 + this.time;

  setTimer = (callback: () => void, delayMs: number): Timer => {
    const timer = { at: this.time + delayMs, callback };
    this.timers.add(timer);
    return timer;
  };

  clearTimer = (handle: unknown): void => {
    this.timers.delete(handle as Timer);
  };

  get pending(): number {
    return this.timers.size;
  }

  /** Runs what falls due within that time, in order, letting promises settle after each. */
  async advance(ms: number): Promise<void> {
    const end = this.time + ms;
    await turn();
    for (;;) {
      const due = [...this.timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.timers.delete(due);
      this.time = Math.max(this.time, due.at);
      due.callback();
      await turn();
    }
    this.time = end;
  }
}

/** One turn of the event loop: every promise that can settle has settled. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
