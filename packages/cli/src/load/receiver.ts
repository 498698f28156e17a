import type { LoadContext } from "./load-context.ts";
import { topicOfClient } from "./load-topics.ts";
import { packetEnd } from "./packet-end.ts";
import { PUBLISHER_AT, SEQUENCE_AT } from "./publish-template.ts";
import { SequenceLedger } from "./sequence-ledger.ts";
import { SubscribedClient } from "./subscribed-client.ts";
import { walkPackets } from "./walk-packets.ts";

/** The smallest payload of a generator that repeats the sequence number at its end, by which it is known. */
const NUMBERED_FROM = 20;

/**
 * A subscribed client of somebody else's messages: counts and acknowledges them. Those of another generator are numbered, and what is
 * missing, doubled or out of order among them is counted from the first one on.
 */
export class Receiver extends SubscribedClient {
  private readonly ledgers = new Map<number, SequenceLedger>();
  private received = 0;

  constructor(context: LoadContext, id: number) {
    super(context, id, { topicFilters: [topicOfClient(context.options, id)], isExact: false });
  }

  walk(start: number, end: number): number {
    const at = walkPackets(this.context.input.bytes, start, end, this.packet);
    this.sendAcknowledgements();
    const { counters, thread } = this.context;
    if (this.received > 0) Atomics.add(counters.cells, counters.threadCell(thread, "received"), this.received);
    this.received = 0;
    return at;
  }

  private readonly packet = (bytes: Uint8Array, at: number, end: number): void => {
    if (bytes[at]! >>> 4 === 3) this.publish(bytes, at, end);
    else this.control(bytes, at, end);
  };

  private publish(bytes: Uint8Array, start: number, end: number): void {
    let at = start + 2;
    while (bytes[at - 1]! > 0x7f) at++;
    at += 2 + ((bytes[at]! << 8) | bytes[at + 1]!);
    const qos = (bytes[start]! >> 1) & 3;
    if (qos > 0) {
      this.acknowledge(qos === 1 ? 0x40 : 0x50, (bytes[at]! << 8) | bytes[at + 1]!);
      at += 2;
    }
    if (this.context.options.server.target.protocolVersion === 5) at = packetEnd(bytes, at - 1, end);
    this.received++;
    if (end - at >= NUMBERED_FROM) this.check(at, end);
  }

  private check(payloadAt: number, end: number): void {
    const { view } = this.context.input;
    const sequence = view.getUint32(payloadAt + SEQUENCE_AT, true);
    if (view.getUint32(end - 4, true) !== sequence) return;
    const publisher = view.getUint32(payloadAt + PUBLISHER_AT, true);
    let ledger = this.ledgers.get(publisher);
    if (ledger === undefined) {
      ledger = new SequenceLedger(this.context.faults);
      ledger.next = sequence;
      this.ledgers.set(publisher, ledger);
    }
    if (sequence === ledger.next) ledger.next = (sequence + 1) >>> 0;
    else ledger.outOfOrder(sequence);
  }
}
