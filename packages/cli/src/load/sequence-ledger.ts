/** What went wrong with deliveries. */
export interface DeliveryFaults {
  /** Sequence numbers that were passed over. */
  gaps: number;
  /** Passed over before, but arrived after all: out of order. */
  late: number;
  /** Arrived again. */
  duplicates: number;
  /** Another publisher, topic, size, QoS or content than expected. */
  bad: number;
}

/** All of several together. */
export function sumOf(all: readonly DeliveryFaults[]): DeliveryFaults {
  const sum: DeliveryFaults = { gaps: 0, late: 0, duplicates: 0, bad: 0 };
  for (const { gaps, late, duplicates, bad } of all) {
    sum.gaps += gaps;
    sum.late += late;
    sum.duplicates += duplicates;
    sum.bad += bad;
  }
  return sum;
}

/** Numbers kept of what is missing; beyond them a late message counts as a duplicate. */
const MISSING_LIMIT = 100_000;

/**
 * What one subscriber got of one publisher: every sequence number from 0 once and in order, or what is wrong. In the good case it is
 * one comparison for each message. Numbers have 32 bits, and 0 follows the last one.
 */
export class SequenceLedger {
  /** The number that comes next in order; the caller moves it on when it came. */
  next = 0;
  private readonly faults: DeliveryFaults;
  private missing: Set<number> | undefined;

  /** @param faults What is wrong is added to it. */
  constructor(faults: DeliveryFaults) {
    this.faults = faults;
  }

  /** Takes a number that is not `next`. Answers whether it came for the first time. */
  outOfOrder(sequence: number): boolean {
    const ahead = (sequence - this.next) | 0;
    if (ahead > 0) {
      this.passOver(sequence, ahead);
      return true;
    }
    const isLate = this.missing?.delete(sequence) === true;
    if (isLate) this.faults.late++;
    else this.faults.duplicates++;
    return isLate;
  }

  private passOver(sequence: number, count: number): void {
    this.faults.gaps += count;
    this.missing ??= new Set();
    for (let i = 0; i < count && this.missing.size < MISSING_LIMIT; i++) this.missing.add((this.next + i) >>> 0);
    this.next = (sequence + 1) >>> 0;
  }
}
