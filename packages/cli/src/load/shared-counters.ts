/** Where the run is; publishers send only in `run`. */
export const LoadPhase = { setup: 0, run: 1, drain: 2 } as const;

/** Fields of a thread, written by it alone except `woken`. */
const THREAD = { woken: 0, ready: 1, failed: 2, received: 3 } as const;
/** Fields of a publisher: `delivered` and `stalled` are written by its subscribers' threads too. */
const PUBLISHER = { sent: 0, acknowledged: 1, delivered: 2, stalled: 3 } as const;
/** Cells of a record: a cache line, so that threads do not slow each other down by writing beside each other. */
const RECORD = 16;

export type ThreadField = keyof typeof THREAD;
export type PublisherField = keyof typeof PUBLISHER;

/**
 * Counters that all threads of the generator see. They have 32 bits and wrap: of a single one only differences below 2 ** 31 mean
 * something, which windows are. Sums count on, for who asks at least once a minute.
 */
export class SharedCounters {
  readonly cells: Int32Array<SharedArrayBuffer>;
  private readonly threads: number;
  private readonly publishers: number;
  /** The sums as they were told last. */
  private readonly sums: Partial<Record<ThreadField | PublisherField, number>> = {};

  constructor(threads: number, publishers: number, memory?: SharedArrayBuffer) {
    this.threads = threads;
    this.publishers = publishers;
    this.cells = new Int32Array(memory ?? new SharedArrayBuffer((1 + threads + publishers) * RECORD * 4));
  }

  get phase(): number {
    return Atomics.load(this.cells, 0);
  }

  set phase(phase: number) {
    Atomics.store(this.cells, 0, phase);
  }

  /** Index of a thread's field, for `Atomics` on `cells`. */
  threadCell(thread: number, field: ThreadField): number {
    return (1 + thread) * RECORD + THREAD[field];
  }

  publisherCell(publisher: number, field: PublisherField): number {
    return (1 + this.threads + publisher) * RECORD + PUBLISHER[field];
  }

  /** Sum over all threads. */
  ofThreads(field: ThreadField): number {
    let sum = 0;
    for (let i = 0; i < this.threads; i++) sum += Atomics.load(this.cells, this.threadCell(i, field));
    return this.counted(field, sum);
  }

  /** Sum over all publishers. */
  ofPublishers(field: PublisherField): number {
    let sum = 0;
    for (let i = 0; i < this.publishers; i++) sum += Atomics.load(this.cells, this.publisherCell(i, field));
    return this.counted(field, sum);
  }

  /** What the lowest 32 bits of a sum that only grows say of all of it. */
  private counted(field: ThreadField | PublisherField, sum: number): number {
    const last = this.sums[field] ?? 0;
    const total = last + ((sum - last) >>> 0);
    this.sums[field] = total;
    return total;
  }
}
