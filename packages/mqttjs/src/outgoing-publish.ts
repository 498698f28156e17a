import { MqttError, type Properties, type ProtocolVersion, type QoS } from "@bowline/protocol";
import { callSafely, payloadBytes, topicBytes } from "@bowline/client/internal";
import {
  DROPPED_EXPIRED,
  encodePublishProperties,
  type Message,
  type OutboundEntry,
  type OutboundState,
} from "@bowline/protocol/internal";
import { ErrorWithReasonCode, ReasonCodes } from "./errors.ts";
import type { IClientPublishOptions } from "./options.ts";
import type { IPublishPacket, Packet } from "./packets.ts";
import { qosOf, toProperties } from "./properties.ts";

export type PacketCallback = (error?: Error | ErrorWithReasonCode, packet?: Packet) => unknown;

const NO_IDENTIFIERS: readonly number[] = [];

/** A message of the application on its way: the Sender's entry and the protocol's message in one object. */
export class OutgoingPublish implements OutboundEntry, Message {
  sequence = 0;
  message: Message | undefined = this;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly subscriptionIdentifiers: readonly number[] = NO_IDENTIFIERS;
  state: OutboundState = 0;
  packetIdentifier = 0;
  sent = false;
  commit = 0;
  tag: unknown = undefined;
  /** Its Packet Identifier, where it got one before it could leave; 0 for none. */
  promised = 0;
  /** It is in the application's store. */
  isKept = false;
  /** The application took it back before it left. */
  isRemoved = false;

  readonly topicName: Uint8Array;
  readonly payload: Uint8Array;
  readonly properties: Uint8Array | undefined;
  readonly expiresAt: number;
  /** As the application gave them. */
  private readonly topic: string;
  private readonly given: string | Buffer;
  private readonly options: IClientPublishOptions;
  private callback: PacketCallback | undefined;

  /** @throws MqttError for what cannot be encoded, TOPIC_INVALID and OPTION_INVALID */
  constructor(
    topic: string,
    payload: string | Buffer,
    options: IClientPublishOptions,
    callback: PacketCallback | undefined,
    version: ProtocolVersion,
  ) {
    const { retain = false, dup = false } = options;
    const qos = qosOf(options.qos);
    if (!(qos === 0 || qos === 1 || qos === 2)) throw new MqttError("OPTION_INVALID", { detail: "qos" });
    this.topic = topic;
    this.given = payload;
    this.options = options;
    this.callback = callback;
    this.qos = qos;
    this.retain = retain;
    // DUP, where the application says that it sent the message before. QoS 0 must not have it ([MQTT-3.3.1-2]).
    this.sent = dup && qos > 0;
    this.topicName = topicBytes(topic);
    // Programs take retained messages away with null.
    this.payload = payloadBytes(payload || "");
    const all = version === 5 && options.properties !== undefined ? toProperties(options.properties) : undefined;
    this.properties = all && encodedProperties(all);
    const seconds = all?.messageExpiryInterval;
    this.expiresAt = seconds ? Date.now() + seconds * 1000 : 0;
  }

  /**
   * The Sender is done with it: acknowledged with that Reason Code, or below 0: dropped.
   *
   * @param stored what the application's store had of it
   */
  done(outcome: number, stored?: Packet): void {
    if (this.callback === undefined) return;
    if (outcome < 0) this.settle(outcome === DROPPED_EXPIRED ? new MqttError("MESSAGE_EXPIRED") : tooLarge());
    else if (outcome >= 0x80) this.settle(...this.refusal(outcome));
    else if (this.qos === 0) tellInTurn(this);
    else this.settle(undefined, stored ?? (this.qos === 1 ? this.packet() : this.release()));
  }

  /** Tells the application, once. */
  settle(error?: Error, packet?: Packet): void {
    const { callback } = this;
    this.callback = undefined;
    if (packet === undefined && error === undefined) callback?.();
    // As in MQTT.js: null stands for no error where a packet follows.
    else callback?.(error ?? (null as unknown as undefined), packet);
  }

  get size(): number {
    return this.topicName.length + this.payload.length;
  }

  /** What the application knows it by. */
  get messageId(): number {
    return this.packetIdentifier || this.promised;
  }

  private refusal(reasonCode: number): [Error, Packet] {
    const error = new ErrorWithReasonCode(`Publish error: ${ReasonCodes[reasonCode]}`, reasonCode);
    return [error, { cmd: this.qos === 1 ? "puback" : "pubrec", messageId: this.packetIdentifier, reasonCode }];
  }

  /** As MQTT.js shows it. */
  packet(): Packet {
    const { topic, given: payload, options, qos, retain, messageId } = this;
    const packet: IPublishPacket = { cmd: "publish", topic, payload, qos, retain, messageId, dup: options.dup === true };
    if (options.properties !== undefined) packet.properties = options.properties;
    return packet;
  }

  private release(): Packet {
    return { cmd: "pubrel", qos: 2, messageId: this.packetIdentifier } as Packet;
  }
}

const late: OutgoingPublish[] = [];
let told = 0;

/**
 * A callback that publishes the next message is called within this one, or by a microtask: so that neither the stack nor the event loop
 * is used up, one in 200 waits for the next turn, and what comes meanwhile behind it. In MQTT.js these wait for the stream's `drain`.
 */
function tellInTurn(entry: OutgoingPublish): void {
  if (late.length === 0 && ++told % 200 > 0) entry.settle();
  else if (late.push(entry) === 1) (globalThis.setImmediate ?? queueMicrotask)(tellLate);
}

function tellLate(): void {
  for (const entry of late.splice(0)) callSafely(() => entry.settle(), undefined);
}

/**
 * The Topic Alias belongs to the connection, and a Subscription Identifier to the server ([MQTT-3.3.4-6]): each connection with such a
 * message would end by it. The Message Expiry Interval is counted down, but for 0: that is for the server to read.
 */
function encodedProperties(all: Properties): Uint8Array | undefined {
  const { messageExpiryInterval, topicAlias: _, subscriptionIdentifiers: __, ...others } = all;
  const properties: Properties = messageExpiryInterval === 0 ? { messageExpiryInterval, ...others } : others;
  return Object.keys(properties).length === 0 ? undefined : encodePublishProperties(properties);
}

function tooLarge(): MqttError {
  return new MqttError("PACKET_TOO_LARGE", { detail: "the server's Maximum Packet Size" });
}
