import type { Properties, QoS } from "@bowline/protocol";
import { decodePublishProperties, placeOf, type PublishOffsets, utf8Decoder } from "@bowline/protocol/internal";
import type { Message } from "./message.ts";

const NO_PROPERTIES: Properties = {};

/** Whoever sends the acknowledgement once nobody holds a message any more. */
export interface Acknowledger {
  nextTicket(message: InboundMessage): number;
  settle(ticket: number): void;
}

/**
 * A message as it lies in the chunk it came in, which nobody writes to any more: payload and properties are made when asked for.
 * `hold` and `release` count who keeps it unacknowledged.
 */
export class InboundMessage implements Message {
  readonly topicName: string;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly dup: boolean;
  private readonly chunk: Uint8Array;
  private readonly start: number;
  private readonly end: number;
  private readonly propertiesStart: number;
  private readonly propertiesEnd: number;
  private view: Uint8Array | undefined = undefined;
  private holders = 0;
  private acknowledger: Acknowledger | undefined = undefined;
  private ticket = 0;

  constructor(topicName: string, chunk: Uint8Array, offsets: PublishOffsets) {
    this.topicName = topicName;
    this.qos = offsets.qos;
    this.retain = offsets.retain;
    this.dup = offsets.dup;
    this.chunk = chunk;
    this.start = offsets.payloadStart;
    this.end = offsets.payloadEnd;
    this.propertiesStart = offsets.propertiesStart;
    this.propertiesEnd = offsets.propertiesEnd;
  }

  get size(): number {
    return this.end - this.start;
  }

  get payload(): Uint8Array {
    if (this.view === undefined) {
      const { chunk, start } = this;
      const { buffer, byteOffset } = placeOf(chunk);
      this.view = new Uint8Array(buffer, byteOffset + start, this.end - start);
    }
    return this.view;
  }

  /** Without the Topic Alias, which belongs to the connection. */
  get properties(): Properties {
    const all = this.allProperties;
    const { topicAlias, ...properties } = all;
    return topicAlias === undefined ? all : properties;
  }

  /** As they came. */
  get allProperties(): Properties {
    const { chunk, propertiesStart, propertiesEnd } = this;
    return propertiesStart === propertiesEnd ? NO_PROPERTIES : decodePublishProperties(chunk, propertiesStart, propertiesEnd);
  }

  text(): string {
    return utf8Decoder().decode(this.payload);
  }

  json<T = unknown>(): T {
    return JSON.parse(this.text()) as T;
  }

  bytes(): Uint8Array {
    // Not `slice`, which is a view when the payload is a Buffer.
    return new Uint8Array(this.payload);
  }

  ack(): void {
    this.holders = Math.min(this.holders, 1);
    this.release();
  }

  hold(): void {
    this.holders++;
  }

  release(): void {
    if (this.holders === 0 || --this.holders > 0) return;
    this.acknowledger?.settle(this.ticket);
  }

  /** After all got it: the number its acknowledgement waits for, 0 for none. */
  ticketFrom(acknowledger: Acknowledger): number {
    if (this.holders === 0 || this.qos === 0) return 0;
    this.acknowledger = acknowledger;
    this.ticket = acknowledger.nextTicket(this);
    return this.ticket;
  }
}
