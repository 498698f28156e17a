import { DeliveryBook } from "./delivery-book.ts";
import type { LoadContext } from "./load-context.ts";
import { hasTopicNumber, topicFiltersOf } from "./load-topics.ts";
import { nowNs } from "./monotonic-time.ts";
import { packetEnd } from "./packet-end.ts";
import { type PublishTemplate, publishTemplate, SEQUENCE_AT } from "./publish-template.ts";
import { SubscribedClient } from "./subscribed-client.ts";

/**
 * One subscribed client: checks every delivery (header, size, publisher, sequence number, trailer), acknowledges it, and enters it in its
 * book. No object is made for a message.
 */
export class Subscriber extends SubscribedClient {
  private readonly template: PublishTemplate;
  private readonly head: DataView;
  private readonly book: DeliveryBook;

  constructor(context: LoadContext, id: number) {
    const { options } = context;
    const publisher = options.topology === "pairs" ? id : 0;
    super(context, id, { topicFilters: topicFiltersOf(options, publisher), isExact: true });
    this.template = publishTemplate({ ...options, retain: false }, publisher);
    this.head = new DataView(this.template.bytes.buffer, this.template.bytes.byteOffset);
    this.book = new DeliveryBook(context, id);
  }

  walk(start: number, end: number): number {
    const { bytes, view } = this.context.input;
    const { length } = this.template.bytes;
    this.book.begin(nowNs());
    let at = start;
    while (end - at >= 2) {
      if (end - at >= length && this.startsAsExpected(view, at)) {
        this.delivery(view, at, at + this.template.identifierAt, at + this.template.payloadAt);
        at += length;
        continue;
      }
      const next = packetEnd(bytes, at, end);
      if (next > end) break;
      // A PUBLISH that is not as expected: another topic, size, QoS or flag, or properties that nobody asked for.
      if (bytes[at]! >>> 4 === 3) this.context.faults.bad++;
      else this.control(bytes, at, next);
      at = next;
    }
    this.sendAcknowledgements();
    this.book.settle();
    return at;
  }

  /** Compares type, flags, length and topic with the template, four bytes at a time; the last four may overlap. */
  private startsAsExpected(view: DataView, at: number): boolean {
    const last = this.template.headEnd - 4;
    for (let i = 0; i < last; i += 4) if (view.getInt32(at + i) !== this.head.getInt32(i)) return false;
    return view.getInt32(at + last) === this.head.getInt32(last);
  }

  private delivery(view: DataView, at: number, identifierAt: number, payloadAt: number): void {
    const sequence = view.getUint32(payloadAt + SEQUENCE_AT, true);
    const { trailerAt } = this.template;
    const { qos, topics } = this.context.options;
    if (qos > 0) this.acknowledge(qos === 1 ? 0x40 : 0x50, view.getUint16(identifierAt));
    const isWhole = trailerAt === 0 || view.getUint32(at + trailerAt, true) === sequence;
    const isOfTopic = topics === 1 || hasTopicNumber(view, identifierAt, sequence, topics);
    if (isWhole && isOfTopic) this.book.takeAt(view, payloadAt);
    else this.context.faults.bad++;
  }
}
