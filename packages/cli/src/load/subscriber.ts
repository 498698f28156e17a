import { encodeToBytes, OutBuffer } from "@bowline/protocol/internal";
import type { LoadContext } from "./load-context.ts";
import { hasTopicNumber, topicFiltersOf } from "./load-topics.ts";
import { nowNs } from "./monotonic-time.ts";
import { DISCONNECT, packetEnd, PINGREQ } from "./packet-end.ts";
import { disconnection, readConnack } from "./read-connack.ts";
import { PUBLISHER_AT, type PublishTemplate, publishTemplate, SEQUENCE_AT, TIME_AT } from "./publish-template.ts";
import { SequenceLedger } from "./sequence-ledger.ts";
import type { Wire, WireOwner } from "./wire.ts";

/**
 * One subscribed client: checks every delivery (header, size, publisher, sequence number, trailer), acknowledges it, and tells the
 * publisher's window. No object is made for a message.
 */
export class Subscriber implements WireOwner {
  private readonly context: LoadContext;
  private readonly wire: Wire;
  private readonly template: PublishTemplate;
  private readonly head: DataView;
  private readonly ledgers: readonly SequenceLedger[];
  /** Publisher of the first ledger. */
  private readonly firstPublisher: number;
  private readonly acknowledgements: OutBuffer = new OutBuffer();
  private filters = 1;
  private isReady = false;
  private receivedAtNs = 0;
  /** Deliveries of one publisher in a row that its window was not told of yet. */
  private run = 0;
  private runPublisher = 0;
  /** Deliveries in a row with the same time in them. */
  private sameTime = 0;
  private timeNs = 0;

  constructor(context: LoadContext, id: number) {
    this.context = context;
    const { options } = context;
    this.firstPublisher = options.topology === "pairs" ? id : 0;
    this.template = publishTemplate(options, this.firstPublisher);
    this.head = new DataView(this.template.bytes.buffer, this.template.bytes.byteOffset);
    this.ledgers = Array.from(
      { length: options.topology === "pairs" ? 1 : options.publishers },
      () => new SequenceLedger(context.faults),
    );
    this.wire = context.open(id, context.input, this);
  }

  close(): void {
    if (this.isReady) this.wire.leave(DISCONNECT);
    else this.wire.close();
  }

  /** Says that the connection is there. */
  ping(): void {
    if (this.isReady) this.wire.write(PINGREQ);
  }

  walk(start: number, end: number): number {
    const { bytes, view } = this.context.input;
    const { length } = this.template.bytes;
    this.receivedAtNs = nowNs();
    let at = start;
    while (end - at >= 2) {
      if (end - at >= length && this.startsAsExpected(view, at)) {
        this.delivery(view, at, at + this.template.identifierAt, at + this.template.payloadAt);
        at += length;
        continue;
      }
      const next = packetEnd(bytes, at, end);
      if (next > end) break;
      this.control(bytes, at, next);
      at = next;
    }
    this.settle();
    return at;
  }

  drained(): void {
    // Acknowledgements go on without waiting: their number is bounded by what the publishers may have under way.
  }

  closed(reason: string): void {
    this.isReady = false;
    this.context.failed(`subscriber: ${reason}`);
  }

  /** Compares type, flags, length and topic with the template, four bytes at a time; the last four may overlap. */
  private startsAsExpected(view: DataView, at: number): boolean {
    const last = this.template.headEnd - 4;
    for (let i = 0; i < last; i += 4) if (view.getInt32(at + i) !== this.head.getInt32(i)) return false;
    return view.getInt32(at + last) === this.head.getInt32(last);
  }

  private delivery(view: DataView, at: number, identifierAt: number, payloadAt: number): void {
    const publisher = view.getUint32(payloadAt + PUBLISHER_AT, true);
    const sequence = view.getUint32(payloadAt + SEQUENCE_AT, true);
    const { trailerAt } = this.template;
    const { qos, topics } = this.context.options;
    if (qos > 0) this.acknowledge(qos === 1 ? 0x40 : 0x50, view.getUint16(identifierAt));
    const ledger = this.ledgers[publisher - this.firstPublisher];
    const isWhole = trailerAt === 0 || view.getUint32(at + trailerAt, true) === sequence;
    const isOfTopic = topics === 1 || hasTopicNumber(view, identifierAt, sequence, topics);
    if (ledger === undefined || !isWhole || !isOfTopic) {
      this.context.faults.bad++;
      return;
    }
    if (sequence === ledger.next) ledger.next++;
    else if (!ledger.outOfOrder(sequence)) return;
    if (publisher !== this.runPublisher) {
      this.tellWindow();
      this.runPublisher = publisher;
    }
    this.run++;
    const timeNs = view.getFloat64(payloadAt + TIME_AT, true);
    if (timeNs !== this.timeNs) {
      this.recordLatency();
      this.timeNs = timeNs;
    }
    this.sameTime++;
  }

  private acknowledge(firstByte: number, packetIdentifier: number): void {
    const out = this.acknowledgements;
    out.ensure(4);
    const { buffer, end } = out;
    buffer[end] = firstByte;
    buffer[end + 1] = 2;
    buffer[end + 2] = packetIdentifier >>> 8;
    buffer[end + 3] = packetIdentifier;
    out.end = end + 4;
  }

  private control(bytes: Uint8Array, start: number, end: number): void {
    const type = bytes[start]! >>> 4;
    // PUBREL is short: its Packet Identifier follows the first two bytes.
    if (type === 6) this.acknowledge(0x70, (bytes[start + 2]! << 8) | bytes[start + 3]!);
    else if (type === 2) this.connected(bytes, start, end);
    else if (type === 9) this.subscribed(bytes.subarray(end - this.filters, end));
    // A PUBLISH that is not as expected: another topic, size, QoS or flag, or properties that nobody asked for.
    else if (type === 3) this.context.faults.bad++;
    else if (type !== 13) this.wire.fail(disconnection(bytes, start, end));
  }

  private connected(bytes: Uint8Array, start: number, end: number): void {
    const { options } = this.context;
    const { refusal, keepAlive } = readConnack(bytes, start, end, options.server);
    if (refusal !== undefined) {
      this.wire.fail(refusal);
      return;
    }
    this.context.keptAlive(keepAlive);
    const request = { qos: options.qos, noLocal: false, retainAsPublished: false, retainHandling: 0 as const };
    const subscriptions = topicFiltersOf(options, this.firstPublisher).map((topicFilter) => ({ topicFilter, ...request }));
    this.filters = subscriptions.length;
    this.wire.write(encodeToBytes({ type: 8, packetIdentifier: 1, subscriptions }, options.server.target.protocolVersion));
  }

  private subscribed(reasonCodes: Uint8Array): void {
    const other = reasonCodes.find((code) => code !== this.context.options.qos);
    if (other !== undefined) {
      this.wire.fail(other > 2 ? `the broker refused the subscription (${other})` : `the broker granted QoS ${other} only`);
      return;
    }
    this.isReady = true;
    this.context.ready();
  }

  /** After each read: acknowledgements go out, the window and the counters are brought up to date. */
  private settle(): void {
    const out = this.acknowledgements;
    if (out.end > 0) out.release(this.wire.write(out.view()));
    this.tellWindow();
    this.recordLatency();
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
