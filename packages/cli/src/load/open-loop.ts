import type { LoadOptions } from "./load-options.ts";
import { nowNs } from "./monotonic-time.ts";
import type { Publisher } from "./publisher.ts";
import { LoadPhase, type SharedCounters } from "./shared-counters.ts";

/** The thread looks at its sockets at least this often, ms. */
const LONGEST_SLEEP_MS = 1;

/**
 * Sends messages when they are due, whatever the broker does. Each carries the time it was due at, so that a stalled sender is charged
 * for the wait (no coordinated omission). Between messages the thread sleeps in Atomics.wait, since timers count whole milliseconds.
 */
export class OpenLoop {
  private readonly counters: SharedCounters;
  private readonly publishers: readonly Publisher[];
  private readonly gapNs: number;
  /** Messages of the run. */
  private readonly count: number;
  private readonly bed: Int32Array<SharedArrayBuffer> = new Int32Array(new SharedArrayBuffer(4));
  private startNs = 0;
  private sent = 0;
  private readonly turn = (): void => {
    if (this.counters.phase !== LoadPhase.run) return;
    this.sendDue();
    if (this.sent === this.count && this.publishers.every(({ isBlocked }) => !isBlocked)) return;
    const untilNextMs = (this.dueNs() - nowNs()) / 1e6;
    if (untilNextMs > 0) Atomics.wait(this.bed, 0, 0, Math.min(untilNextMs, LONGEST_SLEEP_MS));
    setImmediate(this.turn);
  };

  /** @param publishers All publishers of the run; may be filled until `run`. */
  constructor(options: LoadOptions, counters: SharedCounters, publishers: readonly Publisher[]) {
    this.counters = counters;
    this.publishers = publishers;
    this.gapNs = 1e9 / options.rate;
    this.count = options.count > 0 ? options.count * options.publishers : Number.POSITIVE_INFINITY;
  }

  run(startNs: number): void {
    this.startNs = startNs;
    this.turn();
  }

  private dueNs(): number {
    return this.startNs + this.sent * this.gapNs;
  }

  private sendDue(): void {
    const now = nowNs();
    const { publishers } = this;
    let dueNs = this.dueNs();
    while (dueNs <= now && this.sent < this.count && publishers[this.sent % publishers.length]!.add(dueNs)) {
      this.sent++;
      dueNs = this.dueNs();
    }
    for (const publisher of publishers) publisher.flush();
  }
}
