import type { Percentiles } from "./load-result.ts";

/** Nanoseconds of one unit: differences below it do not show. */
const UNIT_NS = 100;
/** Linear steps in each power of two are 2 ** STEP_BITS, so a value is at most 0.8 % off. */
const STEP_BITS = 6;
const STEPS = 2 ** STEP_BITS;
const SLOTS = (32 - STEP_BITS + 1) * STEPS;

/** Counts of latencies from 100 ns to 7 minutes in steps that grow with the value. */
export class LatencyHistogram {
  private readonly counts: Float64Array = new Float64Array(SLOTS);

  /** @param latencyNs Below 0 counts as 0. */
  add(latencyNs: number, count: number): void {
    const units = latencyNs > 0 ? Math.min(latencyNs / UNIT_NS, 0xffff_ffff) : 0;
    this.counts[slotOf(units >>> 0)]! += count;
  }

  clear(): void {
    this.counts.fill(0);
  }

  merge(counts: Float64Array): void {
    for (const [slot, count] of counts.entries()) this.counts[slot]! += count;
  }

  /** A copy that can be sent to another thread and merged there. */
  snapshot(): Float64Array {
    return this.counts.slice();
  }

  /** In µs. */
  percentiles(): Percentiles {
    const [p50 = 0, p90 = 0, p99 = 0, p999 = 0, max = 0] = [0.5, 0.9, 0.99, 0.999, 1].map((part) => this.percentile(part));
    return { p50, p90, p99, p999, max };
  }

  /** The value in µs that this part (0 to 1) of all latencies does not exceed; 0 when there are none. */
  percentile(part: number): number {
    const total = this.counts.reduce((sum, count) => sum + count, 0);
    if (total === 0) return 0;
    let seen = 0;
    for (const [slot, count] of this.counts.entries()) {
      seen += count;
      if (count > 0 && seen >= part * total) return (middleOf(slot) * UNIT_NS) / 1000;
    }
    return 0;
  }
}

function slotOf(units: number): number {
  if (units < STEPS) return units;
  const shift = 31 - Math.clz32(units) - STEP_BITS;
  return (shift << STEP_BITS) + (units >>> shift);
}

function middleOf(slot: number): number {
  if (slot < 2 * STEPS) return slot;
  const shift = (slot >>> STEP_BITS) - 1;
  return (slot - (shift << STEP_BITS) + 0.5) * 2 ** shift;
}
