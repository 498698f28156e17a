import { encodeToBytes, OutBuffer } from "@bowline/protocol/internal";
import type { LoadContext } from "./load-context.ts";
import { DISCONNECT, packetEnd, PINGREQ } from "./packet-end.ts";
import { PUBLISHER_AT, SEQUENCE_AT } from "./publish-template.ts";
import { disconnection, readConnack } from "./read-connack.ts";
import { SequenceLedger } from "./sequence-ledger.ts";
import type { Wire, WireOwner } from "./wire.ts";

/** The smallest payload of a generator that repeats the sequence number at its end, by which it is known. */
const NUMBERED_FROM = 20;

/**
 * A subscribed client of somebody else's messages: counts and acknowledges them. Those of another generator are numbered, and what is
 * missing, doubled or out of order among them is counted from the first one on.
 */
export class Receiver implements WireOwner {
  private readonly context: LoadContext;
  private readonly wire: Wire;
  private readonly ledgers = new Map<number, SequenceLedger>();
  private readonly acknowledgements: OutBuffer = new OutBuffer();
  private received = 0;
  private isReady = false;

  constructor(context: LoadContext, id: number) {
    this.context = context;
    this.wire = context.open(id, context.input, this);
  }

  close(): void {
    if (this.isReady) this.wire.leave(DISCONNECT);
    else this.wire.close();
  }

  ping(): void {
    if (this.isReady) this.wire.write(PINGREQ);
  }

  walk(start: number, end: number): number {
    const { bytes } = this.context.input;
    let at = start;
    while (end - at >= 2) {
      const next = packetEnd(bytes, at, end);
      if (next > end) break;
      this.packet(bytes, at, next);
      at = next;
    }
    const out = this.acknowledgements;
    if (out.end > 0) out.release(this.wire.write(out.view()));
    const { counters, thread } = this.context;
    if (this.received > 0) Atomics.add(counters.cells, counters.threadCell(thread, "received"), this.received);
    this.received = 0;
    return at;
  }

  drained(): void {
    // Acknowledgements go on without waiting.
  }

  closed(reason: string): void {
    this.isReady = false;
    this.context.failed(`subscriber: ${reason}`);
  }

  private packet(bytes: Uint8Array, at: number, end: number): void {
    const type = bytes[at]! >>> 4;
    if (type === 3) this.publish(bytes, at, end);
    // PUBREL
    else if (type === 6) this.answer(0x70, bytes, at + 2);
    else if (type === 2) this.connected(bytes, at, end);
    else if (type === 9) this.subscribed(bytes[end - 1]!);
    else if (type !== 13) this.wire.fail(disconnection(bytes, at, end));
  }

  private publish(bytes: Uint8Array, start: number, end: number): void {
    let at = start + 2;
    while (bytes[at - 1]! > 0x7f) at++;
    at += 2 + ((bytes[at]! << 8) | bytes[at + 1]!);
    const qos = (bytes[start]! >> 1) & 3;
    if (qos > 0) {
      this.answer(qos === 1 ? 0x40 : 0x50, bytes, at);
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
    if (sequence === ledger.next) ledger.next++;
    else ledger.outOfOrder(sequence);
  }

  private answer(firstByte: number, bytes: Uint8Array, identifierAt: number): void {
    const out = this.acknowledgements;
    out.ensure(4);
    const { buffer, end } = out;
    buffer[end] = firstByte;
    buffer[end + 1] = 2;
    buffer[end + 2] = bytes[identifierAt]!;
    buffer[end + 3] = bytes[identifierAt + 1]!;
    out.end = end + 4;
  }

  private connected(bytes: Uint8Array, start: number, end: number): void {
    const { prefix, qos, server } = this.context.options;
    const { refusal, keepAlive } = readConnack(bytes, start, end, server);
    if (refusal !== undefined) {
      this.wire.fail(refusal);
      return;
    }
    this.context.keptAlive(keepAlive);
    const subscription = { topicFilter: prefix, qos, noLocal: false, retainAsPublished: false, retainHandling: 2 as const };
    const request = { type: 8, packetIdentifier: 1, subscriptions: [subscription] } as const;
    this.wire.write(encodeToBytes(request, server.target.protocolVersion));
  }

  private subscribed(reasonCode: number): void {
    if (reasonCode > 2) {
      this.wire.fail(`the broker refused the subscription (${reasonCode})`);
      return;
    }
    this.isReady = true;
    this.context.ready();
  }
}
