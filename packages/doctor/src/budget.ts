/** The time a run may still take: each probe has a deadline of its own, and all together have this one. */
export class Budget {
  private endsAt: number;
  private readonly enders: (() => void)[] = [];
  private hasEnded = false;

  constructor(ms: number) {
    this.endsAt = performance.now() + ms;
  }

  /** Milliseconds a probe may take that would like so many. */
  upTo(ms: number): number {
    return Math.max(1, Math.min(ms, this.endsAt - performance.now()));
  }

  /** Calls back when what is left is no longer wanted, which may be so already. */
  whenEnded(cut: () => void): void {
    if (this.hasEnded) cut();
    else this.enders.push(cut);
  }

  /** Ends the probes that still run: what they look for has been found elsewhere. */
  end(): void {
    this.hasEnded = true;
    this.endsAt = performance.now();
    for (const cut of this.enders.splice(0)) cut();
  }
}
