import { type ConnectPacket, type Packet, PacketType, type PublishPacket, type SubscribePacket } from "@bowline/protocol";
import type { WireObserver } from "../wire-tap.ts";
import { messageOf } from "./message-name.ts";
import type { BrokerSpec } from "../script.ts";
import { SendingRules } from "./sending-rules.ts";
import type { SessionModel, Subscribed } from "./session-model.ts";
import type { WillModel } from "./will-model.ts";

/** Filters of a SUBSCRIBE that is not answered, and the retained messages there were when it came. */
export interface PendingSubscribe {
  readonly session: SessionModel;
  readonly subscribed: readonly Subscribed[];
  /** Filters that were certainly not subscribed before. */
  readonly fresh: ReadonlySet<string>;
  /** Topics whose retained message changed meanwhile. */
  readonly changed: Set<string>;
}

/** Who judges what is seen at the ends of connections. */
export interface Judge {
  readonly broker: BrokerSpec;
  note(line: () => string): void;
  violated(what: string): void;
  connecting(end: ServerEnd, packet: ConnectPacket): void;
  accepted(end: ServerEnd, sessionPresent: boolean): void;
  connectionEnded(end: ServerEnd): void;
  subscribing(end: ServerEnd, packet: SubscribePacket): void;
  subscribed(end: ServerEnd, id: number, reasonCodes: readonly number[]): void;
  unsubscribed(end: ServerEnd, id: number): void;
  arrived(end: ServerEnd, packet: PublishPacket): void;
  mayHaveArrived(end: ServerEnd, packet: PublishPacket): void;
  acknowledged(end: ServerEnd, id: number): void;
  delivered(session: SessionModel, packet: PublishPacket): void;
}

/**
 * A connection as seen at the broker's end. While the broker owes an answer to CONNECT, SUBSCRIBE or UNSUBSCRIBE it reads no
 * further, so what comes meanwhile counts when the answer leaves.
 */
export class ServerEnd implements WireObserver {
  session: SessionModel | undefined;
  will: WillModel | undefined;
  cancelled: WillModel[] = [];
  rules: SendingRules | undefined;
  /** What the CONNACK must say of the session. */
  expected: "yes" | "no" | "maybe" = "no";
  isClean = false;
  version: number = 4;
  isAccepted = false;
  /** A DISCONNECT came that discards the will. */
  isNormal = false;
  isOver = false;
  readonly pendingSubscribes: Map<number, PendingSubscribe> = new Map();
  readonly pendingUnsubscribes: Map<number, readonly string[]> = new Map();
  private readonly judge: Judge;
  private isWaiting = false;
  private hasSaidGoodbye = false;
  private readonly unread: Packet[] = [];

  constructor(judge: Judge) {
    this.judge = judge;
  }

  received(packet: Packet): void {
    if (this.isOver) return;
    this.judge.note(() => `${this.name} > broker ${describe(packet)}`);
    if (this.isWaiting) this.unread.push(packet);
    else this.handle(packet);
  }

  written(packet: Packet, bytes: number): void {
    this.judge.note(() => `${this.name} < broker ${describe(packet)}`);
    this.rules?.wrote(packet, bytes);
    switch (packet.type) {
      case PacketType.CONNACK:
        if (packet.reasonCode === 0) this.judge.accepted(this, packet.sessionPresent);
        this.answered();
        return;
      case PacketType.SUBACK:
        this.judge.subscribed(this, packet.packetIdentifier, packet.reasonCodes);
        this.answered();
        return;
      case PacketType.UNSUBACK:
        this.judge.unsubscribed(this, packet.packetIdentifier);
        this.answered();
        return;
      case PacketType.PUBLISH:
        if (this.session !== undefined) this.judge.delivered(this.session, packet);
        return;
      case PacketType.PUBACK:
      case PacketType.PUBREC:
        if (packet.reasonCode < 0x80) this.judge.acknowledged(this, packet.packetIdentifier);
        return;
      default:
    }
  }

  ended(): void {
    this.judge.connectionEnded(this);
  }

  nonsense(detail: string): void {
    this.judge.violated(`${this.name}: bytes that are no packet: ${detail}`);
  }

  get name(): string {
    return this.session?.client ?? "?";
  }

  /**
   * The connection is over. What was not read may have been, when the answer was on its way already: it is known of neither.
   */
  giveUp(): void {
    for (const packet of this.unread.splice(0)) {
      if (packet.type === PacketType.PUBLISH) this.judge.mayHaveArrived(this, packet);
      else if (packet.type === PacketType.SUBSCRIBE) for (const one of subscribedBy(packet)) this.session!.mayGain(one);
      else if (packet.type === PacketType.UNSUBSCRIBE) for (const filter of packet.topicFilters) this.session!.mayLose(filter);
      else if (packet.type === PacketType.DISCONNECT && this.will !== undefined) this.will.state = "maybe";
    }
  }

  private answered(): void {
    this.isWaiting = false;
    while (!this.isWaiting && this.unread.length > 0) this.handle(this.unread.shift()!);
  }

  private handle(packet: Packet): void {
    if (this.isOver || this.hasSaidGoodbye) return;
    this.rules?.heard(packet);
    switch (packet.type) {
      case PacketType.CONNECT:
        this.isWaiting = true;
        this.connect(packet);
        return;
      case PacketType.SUBSCRIBE:
        this.isWaiting = true;
        this.judge.subscribing(this, packet);
        return;
      case PacketType.UNSUBSCRIBE:
        this.isWaiting = true;
        this.pendingUnsubscribes.set(packet.packetIdentifier, packet.topicFilters);
        for (const filter of packet.topicFilters) this.session!.mayLose(filter);
        return;
      case PacketType.PUBLISH:
        this.judge.arrived(this, packet);
        return;
      case PacketType.PUBREL:
        this.session!.inbound.delete(packet.packetIdentifier);
        return;
      case PacketType.DISCONNECT: {
        this.hasSaidGoodbye = true;
        this.isNormal = packet.reasonCode === 0;
        const expiry = packet.properties?.sessionExpiryInterval;
        if (expiry !== undefined) this.session!.expiry = expiry;
        return;
      }
      default:
    }
  }

  private connect(packet: ConnectPacket): void {
    const { properties = {} } = packet;
    this.version = packet.protocolVersion;
    this.judge.connecting(this, packet);
    const { used, connections } = this.session!;
    const violated = (what: string): void => this.judge.violated(`broker to ${this.name}: ${what}`);
    this.rules = new SendingRules(used.server, connections.server++ === 0, violated);
    this.rules.limits = {
      receiveMaximum: Math.min(properties.receiveMaximum ?? 0xffff, this.judge.broker.maximumInFlight),
      topicAliasMaximum: properties.topicAliasMaximum ?? 0,
      maximumPacketSize: properties.maximumPacketSize ?? Number.POSITIVE_INFINITY,
    };
  }
}

/** A connection as seen at the client's end: what the client may send. */
export class ClientEnd implements WireObserver {
  private readonly judge: Judge;
  private readonly session: SessionModel;
  private readonly rules: SendingRules;

  constructor(judge: Judge, session: SessionModel) {
    this.judge = judge;
    this.session = session;
    const violated = (what: string): void => judge.violated(`${session.client} to the broker: ${what}`);
    this.rules = new SendingRules(session.used.client, session.connections.client++ === 0, violated);
  }

  received(packet: Packet): void {
    this.rules.heard(packet);
    if (packet.type !== PacketType.CONNACK || packet.reasonCode !== 0) return;
    if (!packet.sessionPresent) this.session.used.client.clear();
    const { receiveMaximum = 0xffff, topicAliasMaximum = 0, maximumPacketSize } = packet.properties ?? {};
    this.rules.limits = { receiveMaximum, topicAliasMaximum, maximumPacketSize: maximumPacketSize ?? Number.POSITIVE_INFINITY };
  }

  written(packet: Packet, bytes: number): void {
    this.rules.wrote(packet, bytes);
  }

  ended(): void {
    // The identifiers of requests die with their connection.
    for (const [id, used] of this.session.used.client) if (used.message === "a request") this.session.used.client.delete(id);
  }

  nonsense(detail: string): void {
    this.judge.violated(`${this.session.client} got bytes that are no packet: ${detail}`);
  }
}

function describe(packet: Packet): string {
  const name = Object.entries(PacketType).find(([, type]) => type === packet.type)![0];
  if (packet.type === PacketType.PUBLISH) return describePublish(packet);
  const { type: _type, ...rest } = packet;
  const fields = Object.entries(rest).map(([field, value]) => `${field}=${JSON.stringify(withoutBytes(value))}`);
  return [name, ...fields].join(" ");
}

/** Payloads by the name of their message. */
function withoutBytes(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("payload" in value)) return value;
  return { ...value, payload: messageOf(value.payload as Uint8Array) };
}

function describePublish({ topicName, qos, retain, dup, payload, packetIdentifier, properties }: PublishPacket): string {
  const flags = `${dup ? " DUP" : ""}${retain ? " retained" : ""}`;
  const more = properties === undefined || Object.keys(properties).length === 0 ? "" : ` ${JSON.stringify(properties)}`;
  return `PUBLISH ${messageOf(payload)} to ${topicName}, QoS ${qos}, identifier ${packetIdentifier ?? "none"}${flags}${more}`;
}

/** What a SUBSCRIBE asks for, as the model keeps it. */
export function subscribedBy(packet: SubscribePacket): Subscribed[] {
  const identifier = packet.properties?.subscriptionIdentifiers?.[0] ?? 0;
  return packet.subscriptions.map((subscription) => ({ ...subscription, identifier }));
}
