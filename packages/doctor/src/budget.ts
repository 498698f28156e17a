/** The time a run may still take: each probe has a deadline of its own, and all together have this one. */
export class Budget {
  private readonly endsAt: number;

  constructor(ms: number) {
    this.endsAt = performance.now() + ms;
  }

  /** Milliseconds a probe may take that would like so many. */
  upTo(ms: number): number {
    return Math.max(1, Math.min(ms, this.endsAt - performance.now()));
  }
}
