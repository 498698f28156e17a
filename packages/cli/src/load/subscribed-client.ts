import { encodeToBytes, OutBuffer } from "@bowline/protocol/internal";
import type { LoadContext } from "./load-context.ts";
import { DISCONNECT, PINGREQ } from "./packet-end.ts";
import { disconnection, readConnack } from "./read-connack.ts";
import type { Wire, WireOwner } from "./wire.ts";

/** What a client of a run subscribes to. */
export interface Subscribing {
  readonly topicFilters: readonly string[];
  /** A broker that grants less than was asked for fails the connection. */
  readonly isExact: boolean;
}

/** A subscribed client without its messages: connects, subscribes, acknowledges, and hears of the end. */
export abstract class SubscribedClient implements WireOwner {
  protected readonly context: LoadContext;
  protected readonly wire: Wire;
  private readonly subscribing: Subscribing;
  private readonly acknowledgements: OutBuffer = new OutBuffer();
  private isReady = false;

  /** @param id Number of the subscriber, and of its connection. */
  constructor(context: LoadContext, id: number, subscribing: Subscribing) {
    this.context = context;
    this.subscribing = subscribing;
    this.wire = context.open(id, context.input, this);
  }

  abstract walk(start: number, end: number): number;

  close(): void {
    if (this.isReady) this.wire.leave(DISCONNECT);
    else this.wire.close();
  }

  /** Says that the connection is there. */
  ping(): void {
    if (this.isReady) this.wire.write(PINGREQ);
  }

  drained(): void {
    // Acknowledgements go on without waiting: their number is bounded by what the publishers may have under way.
  }

  closed(reason: string): void {
    const wasReady = this.isReady;
    this.isReady = false;
    this.context.failed(`subscriber: ${reason}`, wasReady);
  }

  /** Answers a message: PUBACK, PUBREC or PUBCOMP by their first byte. It leaves with `settle`. */
  protected acknowledge(firstByte: number, packetIdentifier: number): void {
    const out = this.acknowledgements;
    out.ensure(4);
    const { buffer, end } = out;
    buffer[end] = firstByte;
    buffer[end + 1] = 2;
    buffer[end + 2] = packetIdentifier >>> 8;
    buffer[end + 3] = packetIdentifier;
    out.end = end + 4;
  }

  /** After each read: acknowledgements go out. */
  protected sendAcknowledgements(): void {
    const out = this.acknowledgements;
    if (out.end > 0) out.release(this.wire.write(out.view()));
  }

  /** Takes a packet that is no PUBLISH. */
  protected control(bytes: Uint8Array, start: number, end: number): void {
    const type = bytes[start]! >>> 4;
    // PUBREL is short: its Packet Identifier follows the first two bytes.
    if (type === 6) this.acknowledge(0x70, (bytes[start + 2]! << 8) | bytes[start + 3]!);
    else if (type === 2) this.connected(bytes, start, end);
    else if (type === 9) this.subscribed(bytes.subarray(end - this.subscribing.topicFilters.length, end));
    else if (type !== 13) this.wire.fail(disconnection(bytes, start, end));
  }

  private connected(bytes: Uint8Array, start: number, end: number): void {
    const { qos, server } = this.context.options;
    const { refusal, keepAlive } = readConnack(bytes, start, end, server);
    if (refusal !== undefined) {
      this.wire.fail(refusal);
      return;
    }
    this.wire.mark("connack");
    this.context.keptAlive(keepAlive);
    // Retained messages of before the run are none of its own.
    const request = { qos, noLocal: false, retainAsPublished: false, retainHandling: 2 as const };
    const subscriptions = this.subscribing.topicFilters.map((topicFilter) => ({ topicFilter, ...request }));
    this.wire.write(encodeToBytes({ type: 8, packetIdentifier: 1, subscriptions }, server.target.protocolVersion));
  }

  private subscribed(reasonCodes: Uint8Array): void {
    const { qos } = this.context.options;
    const other = reasonCodes.find((code) => (this.subscribing.isExact ? code !== qos : code > 2));
    if (other !== undefined) {
      this.wire.fail(other > 2 ? `the broker refused the subscription (${other})` : `the broker granted QoS ${other} only`);
      return;
    }
    this.wire.mark("suback");
    this.isReady = true;
    this.context.ready();
  }
}
