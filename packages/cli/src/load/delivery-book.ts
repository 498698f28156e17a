import type { LoadContext } from "./load-context.ts";
import type { MessageNumbers } from "./message-numbers.ts";
import { PUBLISHER_AT, SEQUENCE_AT, TIME_AT } from "./publish-template.ts";
import { SequenceLedger } from "./sequence-ledger.ts";

/** What one subscriber got of the publishers of its run: checks that nothing is missing, and tells windows, counters and latencies. */
export class DeliveryBook {
  private readonly context: LoadContext;
  private readonly ledgers: readonly SequenceLedger[];
  /** Publisher of the first ledger. */
  private readonly firstPublisher: number;
  /** When the bytes that are walked were read. */
  private receivedAtNs = 0;
  /** Deliveries of one publisher in a row that its window was not told of yet. */
  private run = 0;
  private runPublisher = 0;
  /** Deliveries in a row with the same time in them. */
  private sameTime = 0;
  private timeNs = 0;

  /** @param subscriber Number of the one whose book it is */
  constructor(context: LoadContext, subscriber: number) {
    const { topology, publishers } = context.options;
    this.context = context;
    this.firstPublisher = topology === "pairs" ? subscriber : 0;
    const count = topology === "pairs" ? 1 : publishers;
    this.ledgers = Array.from({ length: count }, () => new SequenceLedger(context.faults));
  }

  /** Something was read at that time. */
  begin(nowNs: number): void {
    this.receivedAtNs = nowNs;
  }

  /** Takes a message that is as it was sent, with its numbers in the payload. */
  takeAt(view: DataView, payloadAt: number): void {
    // A time that is handed over as an argument would be a number on the heap for each message.
    if (this.enter(view.getUint32(payloadAt + PUBLISHER_AT, true), view.getUint32(payloadAt + SEQUENCE_AT, true)))
      this.sentAt(view.getFloat64(payloadAt + TIME_AT, true));
  }

  /** The same with its numbers elsewhere. */
  take({ publisher, sequence, timeNs }: MessageNumbers): void {
    if (this.enter(publisher, sequence)) this.sentAt(timeNs);
  }

  /** After each read: the window and the counters are brought up to date. */
  settle(): void {
    this.tellWindow();
    this.recordLatency();
  }

  /** Answers whether it came for the first time. */
  private enter(publisher: number, sequence: number): boolean {
    const ledger = this.ledgers[publisher - this.firstPublisher];
    if (ledger === undefined) {
      this.context.faults.bad++;
      return false;
    }
    if (sequence === ledger.next) ledger.next = (sequence + 1) >>> 0;
    else if (!ledger.outOfOrder(sequence)) return false;
    if (publisher !== this.runPublisher) {
      this.tellWindow();
      this.runPublisher = publisher;
    }
    this.run++;
    return true;
  }

  private sentAt(timeNs: number): void {
    if (timeNs !== this.timeNs) {
      this.recordLatency();
      this.timeNs = timeNs;
    }
    this.sameTime++;
  }

  private recordLatency(): void {
    if (this.sameTime > 0) this.context.latencies.add(this.receivedAtNs - this.timeNs, this.sameTime);
    this.sameTime = 0;
  }

  private tellWindow(): void {
    const count = this.run;
    if (count === 0) return;
    this.run = 0;
    const { counters, options, fan, thread } = this.context;
    const { cells } = counters;
    const publisher = this.runPublisher;
    Atomics.add(cells, counters.threadCell(thread, "received"), count);
    const delivered = Atomics.add(cells, counters.publisherCell(publisher, "delivered"), count) + count;
    const stalled = counters.publisherCell(publisher, "stalled");
    if (Atomics.load(cells, stalled) === 0) return;
    const sent = Atomics.load(cells, counters.publisherCell(publisher, "sent"));
    const underWay = (Math.imul(sent, fan) - delivered) | 0;
    if (underWay * 2 > options.window * fan) return;
    if (Atomics.exchange(cells, stalled, 0) === 1) this.context.wake(publisher);
  }
}
