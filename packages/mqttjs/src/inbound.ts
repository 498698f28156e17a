import { callSafely, type NetworkConnection } from "@bowline/client/internal";
import { decodePublishProperties, Fifo, type PublishOffsets } from "@bowline/protocol/internal";
import type { AckHandler, DoneCallback } from "./options.ts";
import type { IPublishPacket } from "./packets.ts";
import { bufferOf } from "./payload.ts";
import { fromProperties } from "./properties.ts";

/** Above this many waiting messages nothing more is read. */
const HIGH_WATER = 100;

export interface InboundOwner {
  /** Emits `message`; the packet itself has no topic where it came by its Topic Alias alone. */
  show(topic: string, packet: IPublishPacket): void;
  /** The application's own `handleMessage`; undefined when it has none. */
  handler(): ((packet: IPublishPacket, done: DoneCallback) => void) | undefined;
  handlerFailed(error: Error): void;
  /** A message with QoS 2 was handled and is acknowledged next. */
  taken(packet: IPublishPacket): void;
  /** The application's `customHandleAcks`. */
  acknowledges(): AckHandler | undefined;
}

/** Reason Codes of PUBACK and PUBREC. */
const answers: ReadonlySet<unknown> = new Set([0, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]);
const UNSPECIFIED = 0x80;

/** A message and what waits for its handler. */
interface Delivery {
  readonly topic: string;
  readonly packet: IPublishPacket;
  readonly connection: NetworkConnection;
  readonly ticket: number;
}

/** Messages on their way to the application: at once, or one at a time where it overrides `handleMessage`. */
export class Inbound {
  private readonly owner: InboundOwner;
  private readonly waiting = new Fifo<Delivery>();
  private isBusy = false;

  constructor(owner: InboundOwner) {
    this.owner = owner;
  }

  /** Answers the ticket that the message's acknowledgement waits for; 0 for none. */
  take(topic: string, chunk: Uint8Array, offsets: PublishOffsets, connection: NetworkConnection): number {
    const packet = packetOf(topic, chunk, offsets);
    const { qos } = packet;
    if (this.owner.handler() === undefined && (qos === 0 || this.owner.acknowledges() === undefined)) {
      this.owner.show(topic, packet);
      if (qos === 2) this.owner.taken(packet);
      return 0;
    }
    const ticket = qos === 0 ? 0 : connection.takeTicket();
    this.waiting.push({ topic, packet, connection, ticket });
    if (!this.isBusy) this.next();
    else if (this.waiting.length > HIGH_WATER) connection.pauseReading();
    return ticket;
  }

  private next(): void {
    const delivery = this.waiting.shift();
    this.isBusy = delivery !== undefined;
    if (delivery === undefined) return;
    const { topic, packet } = delivery;
    const acknowledges = packet.qos === 0 ? undefined : this.owner.acknowledges();
    if (acknowledges === undefined) {
      this.owner.show(topic, packet);
      this.handle(delivery, 0);
      return;
    }
    let isAnswered = false;
    const answered = (error: Error | number | null | undefined, code?: number): void => {
      if (isAnswered) return;
      isAnswered = true;
      if (error instanceof Error) this.fail(delivery, error);
      else this.answer(delivery, error ?? code);
    };
    callSafely(() => acknowledges(topic, packet.payload as Buffer, packet, answered), undefined);
  }

  private answer(delivery: Delivery, code: number | undefined): void {
    const { topic, packet } = delivery;
    if (!answers.has(code)) {
      this.fail(delivery, new Error(`Wrong reason code for ${packet.qos === 1 ? "puback" : "pubrec"}`));
      return;
    }
    if (code === 0) this.owner.show(topic, packet);
    this.handle(delivery, code ?? 0);
  }

  /** What nobody answers for is refused, or all that comes after it would wait for its answer. */
  private fail(delivery: Delivery, error: Error): void {
    this.owner.handlerFailed(error);
    this.finish(delivery, UNSPECIFIED);
  }

  /** As in MQTT.js, `handleMessage` is told of a refused QoS 1 message too. */
  private handle(delivery: Delivery, code: number): void {
    const { packet } = delivery;
    const handler = code === 0 || packet.qos === 1 ? this.owner.handler() : undefined;
    const done = once((error) => {
      if (error !== undefined) this.owner.handlerFailed(error);
      this.finish(delivery, code);
    });
    if (handler === undefined) done();
    else callSafely(() => handler(packet, done), undefined);
  }

  private finish({ packet, connection, ticket }: Delivery, code: number): void {
    if (code === 0 && packet.qos === 2) this.owner.taken(packet);
    if (code !== 0) connection.refuse(packet.messageId ?? 0, ticket, code);
    else if (ticket !== 0) connection.settle(ticket);
    if (this.waiting.length === 0) connection.resumeReading();
    // A handler that answers at once must not nest a call for each message.
    if (this.waiting.length === 0) this.next();
    else queueMicrotask(() => this.next());
  }
}

function once(callback: (error: Error | undefined) => void): DoneCallback {
  let isCalled = false;
  return (error) => {
    if (isCalled) return;
    isCalled = true;
    callback(error ?? undefined);
  };
}

/** Without spreads, since it is made for every message. */
function packetOf(name: string, chunk: Uint8Array, offsets: PublishOffsets): IPublishPacket {
  const topic = offsets.topicStart === offsets.topicEnd ? "" : name;
  const { qos, retain, dup, propertiesStart, propertiesEnd } = offsets;
  const length = remainingLength(offsets.packetEnd - offsets.packetStart);
  const payload = bufferOf(chunk, offsets.payloadStart, offsets.payloadEnd);
  const packet: IPublishPacket = { cmd: "publish", retain, qos, dup, length, topic, payload };
  if (qos > 0) packet.messageId = offsets.packetIdentifier;
  if (propertiesStart === propertiesEnd) return packet;
  const properties = fromProperties(decodePublishProperties(chunk, propertiesStart, propertiesEnd));
  if (properties !== undefined) packet.properties = properties;
  return packet;
}

/** What a packet of that many bytes says in its fixed header. */
export function remainingLength(size: number): number {
  return size - (size < 130 ? 2 : size < 16_387 ? 3 : size < 2_097_156 ? 4 : 5);
}
