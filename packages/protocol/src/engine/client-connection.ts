import { MqttError } from "../errors/mqtt-error.ts";
import { InboundAliases } from "../flow/inbound-aliases.ts";
import { type OutboundEntry, OutboundState } from "../flow/message.ts";
import type { OutboundAliasSettings } from "../flow/alias-settings.ts";
import { Unreleased } from "../flow/unreleased.ts";
import { decodeFromServer, type ServerPacket } from "../packet/decode-from-server.ts";
import { type FrameHandler, FrameWalk } from "../packet/frame-walk.ts";
import { packetFault, protocolError } from "../packet/packet-fault.ts";
import { PacketType } from "../packet/packet-type.ts";
import type {
  AuthPacket,
  ConnackPacket,
  ConnectPacket,
  DisconnectPacket,
  Packet,
  Properties,
  SubackPacket,
  SubscribePacket,
  SubscriptionRequest,
  UnsubackPacket,
  UnsubscribePacket,
} from "../packet/packets.ts";
import { scanPublish } from "../packet/publish.ts";
import { PublishOffsets } from "../packet/publish-offsets.ts";
import { ReasonCode } from "../packet/reason-codes.ts";
import type { SessionState } from "../session/session-state.ts";
import { AuthenticationExchange } from "./authentication-exchange.ts";
import { restartSession } from "./client-session.ts";
import type { ClientSink } from "./client-sink.ts";
import { NO_LIMIT, type Sender } from "./sender.ts";
import { TopicNames } from "./topic-names.ts";

type Phase = { kind: "awaiting-connack"; deadline: number } | { kind: "open" } | { kind: "closed" };
const OPEN: Phase = { kind: "open" };
const CLOSED: Phase = { kind: "closed" };
const NOTHING: readonly OutboundEntry[] = [];
const PINGREQ: Packet = { type: PacketType.PINGREQ };

/** Before the CONNACK nothing else may come ([MQTT-3.2.0-1]) but steps of an authentication; afterwards, all that a server sends. */
const ANSWERS = (1 << PacketType.CONNACK) | (1 << PacketType.AUTH);
const FROM_SERVER =
  (1 << PacketType.PUBLISH) |
  (1 << PacketType.PUBACK) |
  (1 << PacketType.PUBREC) |
  (1 << PacketType.PUBREL) |
  (1 << PacketType.PUBCOMP) |
  (1 << PacketType.SUBACK) |
  (1 << PacketType.UNSUBACK) |
  (1 << PacketType.PINGRESP) |
  (1 << PacketType.DISCONNECT) |
  (1 << PacketType.AUTH);

/** Section 3.3.4: without a Receive Maximum it is 65,535. Before 5.0 nothing limits us, and this much may have to be sent again. */
const RECEIVE_MAXIMUM_V5 = 0xffff;
const RECEIVE_MAXIMUM_V3 = 1000;
/** A ping leaves before the Keep Alive is over, since timers are late, and may be answered until 1.5 times the Keep Alive. */
const PING_AFTER = 0.9;
const ANSWER_WITHIN = 0.5;
/** A connection that woke up is asked when it was silent for so long, and given as long to answer. */
const PROBE_AFTER_MS = 5000;
/** A first answer so far above our limit is read all the same: only whole it shows whether it is a packet at all. */
const ANSWER_EXCESS = 65_536;

/** Parsed and used within one synchronous call, so one for the process is enough. */
const offsets: PublishOffsets = new PublishOffsets();

/**
 * The receiving half of a Network Connection at a client: CONNACK, acknowledgements, messages, Keep Alive.
 *
 * Owns: the state of the connection, the frame decoder, inbound aliases, the identifiers of SUBSCRIBE and UNSUBSCRIBE under
 * way, the deadlines ConnectTimeout, KeepAlive and PingResponse. Does not own: what leaves and when (the Sender), what a
 * message is for (the sink), when to connect again (the client). Lifetime: one Network Connection.
 * Invariants: nothing is thrown for what a peer sent; after `ended` or `disconnect` no sink method is called.
 */
export class ClientConnection implements FrameHandler {
  private readonly sink: ClientSink;
  private readonly sender: Sender;
  private readonly session: SessionState;
  private readonly connect: ConnectPacket;
  private readonly decoder: FrameWalk;
  private readonly maximumPacketSize: number;
  private phase: Phase;
  private aliases: InboundAliases | undefined;
  /** SUBSCRIBE (number of filters) and UNSUBSCRIBE (the same, negative) that were not answered, by Packet Identifier. */
  private readonly requests = new Map<number, number>();
  private readonly exchange: AuthenticationExchange;
  private readonly aliasSettings: OutboundAliasSettings | undefined;
  private readonly isForgiving: boolean;
  private unreleased!: Unreleased;
  private keepAliveMs = 0;
  /** When bytes last left and last came. */
  lastSent: number;
  lastReceived: number;
  /** When the answer to a PINGREQ is overdue; 0 while none is awaited. */
  private pingDeadline = 0;
  private readonly topicNames = new TopicNames();
  /** Of the message under way. */
  private topicName = "";
  /** The message refused last, by the commit its acknowledgement waits for. */
  private refusedCommit = 0;
  private refusedCode = 0;
  /** Told of every packet before it is acted upon; for who must show them. It may keep nothing of the chunk. */
  observer: FrameObserver | undefined = undefined;

  /**
   * Writes the CONNECT: make it when the channel is open.
   */
  constructor(sink: ClientSink, sender: Sender, session: SessionState, connect: ConnectPacket, limits: ClientLimits, now: number) {
    this.sink = sink;
    this.sender = sender;
    this.session = session;
    this.connect = connect;
    this.maximumPacketSize = limits.maximumPacketSize;
    this.decoder = new FrameWalk(this, limits.maximumPacketSize + ANSWER_EXCESS);
    this.decoder.acceptedTypes = ANSWERS;
    this.aliasSettings = limits.topicAliases;
    this.isForgiving = limits.isForgiving === true;
    this.exchange = new AuthenticationExchange(connect.properties?.authenticationMethod, "server");
    // CONNECT was our step.
    this.exchange.turn = "theirs";
    this.phase = { kind: "awaiting-connack", deadline: now + limits.connectTimeoutMs };
    this.lastSent = now;
    this.lastReceived = now;
    sender.version = connect.protocolVersion;
    sender.packet(connect);
  }

  get isOpen(): boolean {
    return this.phase === OPEN;
  }

  /** Bytes from the server. */
  receive(chunk: Uint8Array, now: number): void {
    this.lastReceived = now;
    // Whatever comes shows that the server lives; its PINGRESP may be far behind in what it sends.
    this.pingDeadline = 0;
    try {
      this.decoder.push(chunk);
    } catch (error) {
      this.fail(MqttError.is(error) ? error : new MqttError("INTERNAL", { cause: error }));
    }
  }

  /** Bytes left for the server at that time. */
  sent(now: number): void {
    this.lastSent = now;
  }

  /** When the earliest deadline falls due, in the time of `now`; Infinity for none. */
  get deadline(): number {
    const { phase } = this;
    if (phase.kind === "awaiting-connack") return phase.deadline;
    if (phase === CLOSED || this.keepAliveMs === 0) return Number.POSITIVE_INFINITY;
    return this.pingDeadline === 0 ? this.pingTime() : this.pingDeadline;
  }

  /** After a sleep no old deadline counts, and who was silent for a while is asked at once and has to answer soon. */
  probe(now: number): void {
    if (this.phase !== OPEN || this.keepAliveMs === 0 || now - this.lastReceived < PROBE_AFTER_MS) return;
    this.pingDeadline = now + Math.min(PROBE_AFTER_MS, this.keepAliveMs * ANSWER_WITHIN);
    this.sender.packet(PINGREQ);
  }

  /** Acts on what fell due. `isReading` is false while the client does not take bytes: then silence proves nothing. */
  tick(now: number, isReading: boolean): void {
    if (now < this.deadline) return;
    if (this.phase.kind === "awaiting-connack") {
      this.end(new MqttError("SILENT", { detail: "no CONNACK within the time limit" }), undefined);
    } else if (this.pingDeadline === 0 || !isReading) {
      this.pingDeadline = now + this.keepAliveMs * ANSWER_WITHIN;
      if (this.sink.pinging?.() !== true) this.sender.packet(PINGREQ);
    } else {
      this.fail(new MqttError("PING_TIMEOUT", { reasonCode: ReasonCode.KeepAliveTimeout }));
    }
  }

  /**
   * Sends SUBSCRIBE.
   *
   * @returns Its Packet Identifier, which `subscribed` names; 0 when none is free.
   * @throws PACKET_TOO_LARGE when the server takes none so large, and PACKET_INVALID; nothing is sent then.
   */
  subscribe(subscriptions: readonly SubscriptionRequest[], properties?: Properties): number {
    const packetIdentifier = this.request(subscriptions.length);
    if (packetIdentifier !== 0) {
      this.ask({ type: PacketType.SUBSCRIBE, packetIdentifier, subscriptions, ...(properties && { properties }) });
    }
    return packetIdentifier;
  }

  /** Sends UNSUBSCRIBE; as `subscribe`. */
  unsubscribe(topicFilters: readonly string[], properties?: Properties): number {
    const packetIdentifier = this.request(-topicFilters.length);
    if (packetIdentifier !== 0) {
      this.ask({ type: PacketType.UNSUBSCRIBE, packetIdentifier, topicFilters, ...(properties && { properties }) });
    }
    return packetIdentifier;
  }

  /**
   * Answers a step of the server: AUTH 0x18 with the method of the CONNECT and these properties. An answer that comes when the
   * connection is over does nothing.
   *
   * @throws AUTH_METHOD when no step of the server waits for an answer, PACKET_TOO_LARGE.
   */
  authenticate(properties?: Properties): void {
    if (this.phase === CLOSED) return;
    if (this.exchange.turn !== "ours") throw new MqttError("AUTH_METHOD", { detail: "no AUTH of the server waits for an answer" });
    // [MQTT-4.12.0-3]
    this.writeAuth(ReasonCode.ContinueAuthentication, properties);
  }

  /**
   * Begins a re-authentication: AUTH 0x19 with the method of the CONNECT and these properties ([MQTT-4.12.1-1]). Messages flow on
   * meanwhile.
   *
   * @throws NOT_CONNECTED; AUTH_METHOD when the CONNECT named none or one is under way; PACKET_TOO_LARGE.
   */
  reauthenticate(properties?: Properties): void {
    if (!this.isOpen) throw new MqttError("NOT_CONNECTED");
    if (this.exchange.turn !== "nobody") throw new MqttError("AUTH_METHOD", { detail: "an authentication is under way" });
    this.writeAuth(ReasonCode.ReAuthenticate, properties);
  }

  /**
   * Refuses a message whose acknowledgement waits for that commit, see `ClientSink.message`: it will carry the Reason Code, and
   * after it the identifier of a QoS 2 message means a new one ([MQTT-4.3.3-9]).
   */
  refuse(packetIdentifier: number, commit: number, reasonCode: number): void {
    this.sender.recodeAcknowledgement(commit, reasonCode);
    // From inside `message` the acknowledgement is not there yet.
    this.refusedCommit = commit;
    this.refusedCode = reasonCode;
    if (reasonCode >= 0x80 && this.session.inbound.delete(packetIdentifier)) this.unreleased.released(packetIdentifier);
  }

  /** Says goodbye: DISCONNECT, after which the owner flushes and ends the channel. Nothing more is told. */
  disconnect(reasonCode: number, properties?: Properties): void {
    if (this.phase === OPEN) this.writeDisconnect(reasonCode, properties);
    this.channelClosed();
  }

  /** The channel is gone: nothing more is told. */
  channelClosed(): void {
    this.phase = CLOSED;
    this.decoder.close();
  }

  /** One whole control packet; see FrameHandler. */
  frame(chunk: Uint8Array, start: number, bodyStart: number, end: number): boolean {
    const first = chunk[start]!;
    if (this.observer !== undefined) this.observer(chunk, start, bodyStart, end);
    if (first >>> 4 === PacketType.PUBLISH) this.publish(chunk, start, bodyStart, end);
    else if (end - start !== 4 || !this.shortAcknowledgement(first, (chunk[bodyStart]! << 8) | chunk[bodyStart + 1]!)) {
      this.control(decodeFromServer(chunk, start, bodyStart, end, this.connect.protocolVersion), end - start);
    }
    return this.phase !== CLOSED;
  }

  malformed(reasonCode: number, detail: string): void {
    const isAnswer = this.phase.kind === "awaiting-connack";
    this.fail(isAnswer ? new MqttError("BAD_BYTES", { detail }) : this.faultOf(reasonCode, detail));
  }

  private writeAuth(reasonCode: number, properties: Properties | undefined): void {
    const { exchange } = this;
    const { turn } = exchange;
    if (this.sender.packet(exchange.packet(reasonCode, properties))) return;
    exchange.turn = turn;
    throw tooLarge("AUTH");
  }

  private writeDisconnect(reasonCode: number, properties: Properties | undefined): void {
    const packet: DisconnectPacket = { type: PacketType.DISCONNECT, reasonCode };
    // User Properties that are too large are left out; the code alone always fits.
    if (properties === undefined || !this.sender.packet({ ...packet, properties })) this.sender.packet(packet);
  }

  private pingTime(): number {
    return Math.min(this.lastSent, this.lastReceived) + this.keepAliveMs * PING_AFTER;
  }

  private request(count: number): number {
    const id = this.session.inFlight.take(OutboundState.AwaitingSuback, undefined);
    if (id !== 0) this.requests.set(id, count);
    return id;
  }

  /** Sends a request whose identifier was taken, or frees that again. */
  private ask(packet: SubscribePacket | UnsubscribePacket): void {
    let isSent = false;
    try {
      isSent = this.sender.packet(packet);
    } finally {
      if (!isSent) this.answer(packet.packetIdentifier);
    }
    if (!isSent) throw tooLarge(packet.type === PacketType.SUBSCRIBE ? "SUBSCRIBE" : "UNSUBSCRIBE");
  }

  private answer(id: number): void {
    this.requests.delete(id);
    this.session.inFlight.release(id);
  }

  /** The form without Reason Code, in which nearly all acknowledgements come: no packet object for these. */
  private shortAcknowledgement(first: number, id: number): boolean {
    // [MQTT-2.2.1-3]: the decoder says it. A message that was taken without an identifier is released like others.
    if (id === 0 && !(this.isForgiving && first === 0x62)) return false;
    switch (first) {
      case 0x40:
        this.sender.puback(id, 0);
        return true;
      case 0x50:
        this.received(id, 0);
        return true;
      case 0x62:
        this.release(id);
        return true;
      case 0x70:
        this.sender.pubcomp(id, 0);
        return true;
      default:
        return false;
    }
  }

  /** Before 5.0 the server was told no limit. */
  private faultOf(reasonCode: number, detail: string): MqttError {
    const isLimit = reasonCode === ReasonCode.PacketTooLarge && this.connect.protocolVersion === 5;
    return packetFault(reasonCode, detail, isLimit ? "MQTT-3.1.2-24" : undefined);
  }

  /** What the decoder lets through before the connection is open. */
  private checkSize(size: number): void {
    if (size > this.maximumPacketSize) throw this.faultOf(ReasonCode.PacketTooLarge, `${size} bytes`);
  }

  private control(packet: ServerPacket, size: number): void {
    if (this.connect.properties?.requestProblemInformation === 0) checkProblemInformation(packet);
    switch (packet.type) {
      case PacketType.CONNACK:
        this.connack(packet, size);
        return;
      case PacketType.PUBACK:
        this.sender.puback(packet.packetIdentifier, packet.reasonCode);
        return;
      case PacketType.PUBREC:
        this.received(packet.packetIdentifier, packet.reasonCode);
        return;
      case PacketType.PUBREL:
        this.release(packet.packetIdentifier);
        return;
      case PacketType.PUBCOMP:
        // PUBREC said that the server has the message; 0x92 is its answer to a PUBREL that came twice (section 4.3.3).
        this.sender.pubcomp(packet.packetIdentifier, 0);
        return;
      case PacketType.SUBACK:
        this.answered(packet, 1);
        this.sink.subscribed(packet);
        return;
      case PacketType.UNSUBACK:
        this.answered(packet, -1);
        this.sink.unsubscribed(packet);
        return;
      case PacketType.PINGRESP:
        return;
      case PacketType.DISCONNECT:
        this.serverDisconnect(packet);
        return;
      case PacketType.AUTH:
        this.checkSize(size);
        this.auth(packet);
        return;
    }
  }

  private connack(packet: ConnackPacket, size: number): void {
    const { connect, sender, decoder } = this;
    // A refusal says more than its size.
    if (packet.reasonCode !== 0) {
      this.end(undefined, packet);
      return;
    }
    // From here on a fault of the server is told to it.
    this.phase = OPEN;
    this.checkSize(size);
    decoder.maximumPacketSize = this.maximumPacketSize;
    // [MQTT-3.2.2-2] [v3 MQTT-3.2.2-1]; where the Session was asked for, one is taken without a state of ours: ![MQTT-3.2.2-4], D-4.
    if (packet.sessionPresent && connect.cleanStart && !this.isForgiving) {
      this.fail(new MqttError("SP_VIOLATION", { reasonCode: ReasonCode.ProtocolError, clause: "MQTT-3.2.2-2" }));
      return;
    }
    const properties = packet.properties ?? {};
    this.checkMethod(properties);
    this.exchange.turn = "nobody";
    // [MQTT-3.2.2-21]: the server's Keep Alive replaces ours.
    this.keepAliveMs = (properties.serverKeepAlive ?? connect.keepAlive) * 1000;
    sender.maximumPacketSize = properties.maximumPacketSize ?? NO_LIMIT;
    decoder.acceptedTypes = FROM_SERVER;
    const receiveMaximum = properties.receiveMaximum ?? (connect.protocolVersion === 5 ? RECEIVE_MAXIMUM_V5 : RECEIVE_MAXIMUM_V3);
    const taken = this.isSessionKept(packet) ? NOTHING : restartSession(this.session);
    this.unreleased = new Unreleased(this.session.inbound);
    // Subscriptions leave before messages, so that what those messages cause is not missed.
    sender.blocked = true;
    sender.open(this.session, receiveMaximum, this.outboundAliases(properties));
    sender.blocked = this.sink.accepted(packet, taken) === "hold";
    if (this.isOpen) sender.pump();
  }

  /** [MQTT-4.12.0-5] [MQTT-4.12.0-6]: a server that does not name our method has not authenticated by it. */
  private checkMethod({ authenticationMethod }: Properties): void {
    const { method } = this.exchange;
    if (authenticationMethod === method || this.connect.protocolVersion !== 5) return;
    const clause = method === undefined ? "MQTT-4.12.0-6" : "MQTT-4.12.0-5";
    throw protocolError("CONNACK with another Authentication Method than CONNECT", clause);
  }

  /** MQTT 3.1 has no Session Present: a session that was to be kept counts as kept, or its QoS 2 messages would be doubled or lost. */
  private isSessionKept({ sessionPresent }: ConnackPacket): boolean {
    return !this.connect.cleanStart && (sessionPresent || this.connect.protocolVersion === 3);
  }

  /** [MQTT-3.2.2-17] [MQTT-3.2.2-18] */
  private outboundAliases({ topicAliasMaximum = 0 }: Properties): OutboundAliasSettings | undefined {
    const settings = this.aliasSettings;
    return settings && { maximum: Math.min(settings.maximum, topicAliasMaximum), policy: settings.policy };
  }

  private received(id: number, reasonCode: number): void {
    // Table 3-7: an identifier that is not known is released all the same, and said to be unknown.
    if (!this.sender.pubrec(id, reasonCode) && reasonCode < 0x80) {
      this.sender.acknowledge(PacketType.PUBREL, id, ReasonCode.PacketIdentifierNotFound);
    }
  }

  private release(id: number): void {
    const known = this.session.inbound.delete(id);
    if (known) {
      this.unreleased.released(id);
      this.sink.freed?.(id);
    }
    // [MQTT-4.3.3-11]: PUBCOMP, also for an identifier that is gone.
    this.sender.acknowledgeAfter(PacketType.PUBCOMP, id, known ? 0 : ReasonCode.PacketIdentifierNotFound, 0);
  }

  /** A SUBACK or UNSUBACK must answer a request under way, one Reason Code for each filter ([MQTT-3.9.3-1], [MQTT-3.11.3-1]). */
  private answered(packet: SubackPacket | UnsubackPacket, sign: 1 | -1): void {
    const { packetIdentifier: id, reasonCodes } = packet;
    const count = (this.requests.get(id) ?? 0) * sign;
    // Before 5.0 an UNSUBACK has no Reason Codes.
    const isComplete = reasonCodes.length === count || (sign < 0 && this.connect.protocolVersion !== 5);
    if (count <= 0 || !isComplete) throw protocolError("an answer to no SUBSCRIBE or UNSUBSCRIBE of ours");
    this.answer(id);
  }

  private serverDisconnect(packet: DisconnectPacket): void {
    // [v3 section 3.14]: only a client may send it.
    this.end(this.connect.protocolVersion === 5 ? undefined : protocolError("DISCONNECT from a server"), packet);
  }

  private auth(packet: AuthPacket): void {
    const isEnd = packet.reasonCode === ReasonCode.Success;
    // The first authentication ends with CONNACK.
    const mayCome = isEnd ? this.phase === OPEN : packet.reasonCode === ReasonCode.ContinueAuthentication;
    this.exchange.receive(packet, mayCome ? "theirs" : undefined);
    if (isEnd) this.exchange.turn = "nobody";
    this.sink.auth(packet);
  }

  private publish(chunk: Uint8Array, start: number, bodyStart: number, end: number): void {
    const fault = scanPublish(chunk, start, bodyStart, end, this.connect.protocolVersion, offsets);
    if (fault !== 0) throw packetFault(fault, "PUBLISH");
    if (offsets.topicAlias !== 0 && this.isAliasOnly()) this.useAlias(offsets.topicAlias);
    else this.readTopic(chunk);
    const { qos } = offsets;
    if (qos === 0) this.sink.message(this.topicName, chunk, offsets);
    else this.acknowledged(chunk, qos, offsets.packetIdentifier);
  }

  private acknowledged(chunk: Uint8Array, qos: 1 | 2, id: number): void {
    const { sender, session } = this;
    // [MQTT-2.2.1-4]
    if (id === 0 && !this.isForgiving) throw protocolError("PUBLISH");
    const type = qos === 1 ? PacketType.PUBACK : PacketType.PUBREC;
    if (qos === 2 && session.inbound.has(id)) {
      // [MQTT-4.3.3-10]: the same message again.
      this.unreleased.repeated(id);
      sender.acknowledgeAfter(type, id, 0, this.sink.repeated?.(id) ?? 0);
      return;
    }
    const limit = this.connect.properties?.receiveMaximum ?? RECEIVE_MAXIMUM_V5;
    if (sender.pendingPubacks + this.unreleased.count >= limit) {
      throw new MqttError("RECEIVE_MAX", { reasonCode: ReasonCode.ReceiveMaximumExceeded, clause: "MQTT-3.3.4-9" });
    }
    if (qos === 2) {
      session.inbound.add(id);
      this.unreleased.count++;
    }
    const commit = this.sink.message(this.topicName, chunk, offsets);
    // The client may have ended the connection from inside the message.
    if (this.isOpen) sender.acknowledgeAfter(type, id, commit > 0 && commit === this.refusedCommit ? this.refusedCode : 0, commit);
  }

  private isAliasOnly(): boolean {
    return offsets.topicStart === offsets.topicEnd;
  }

  private useAlias(alias: number): void {
    const topic = this.aliases?.get(alias);
    if (topic === undefined) {
      this.checkAlias(alias);
      // Section 3.3.4: nothing to stand for is a Protocol Error, 0x82; only a wrong number is 0x94.
      throw protocolError(`Topic Alias ${alias} was never set`);
    }
    this.topicName = this.topicNames.nameOf(topic, 0, topic.length);
  }

  /** [MQTT-3.1.2-26] [MQTT-3.1.2-27]: none above what our CONNECT allowed. */
  private checkAlias(alias: number): void {
    if (alias > (this.connect.properties?.topicAliasMaximum ?? 0)) {
      throw packetFault(ReasonCode.TopicAliasInvalid, `${alias} is above the maximum`, "MQTT-3.1.2-27");
    }
  }

  private readTopic(chunk: Uint8Array): void {
    const { topicStart, topicEnd, topicAlias } = offsets;
    this.topicName = this.topicNames.nameOf(chunk, topicStart, topicEnd);
    if (topicAlias === 0) return;
    this.checkAlias(topicAlias);
    this.aliases ??= new InboundAliases();
    this.aliases.set(topicAlias, chunk, topicStart, topicEnd);
  }

  /** A fault of the server or of the link: said on 5.0 where it can be ([MQTT-4.13.1-1]), and the end. */
  private fail(error: MqttError): void {
    if (this.phase === CLOSED) return;
    if (this.phase === OPEN && this.connect.protocolVersion === 5) {
      this.writeDisconnect(error.reasonCode ?? ReasonCode.ImplementationSpecificError, undefined);
    }
    this.end(error, undefined);
  }

  private end(error: MqttError | undefined, packet: ConnackPacket | DisconnectPacket | undefined): void {
    this.channelClosed();
    this.sink.ended(error, packet);
  }
}

/** [MQTT-3.2.2-15] */
function tooLarge(name: string): MqttError {
  return new MqttError("PACKET_TOO_LARGE", { clause: "MQTT-3.2.2-15", detail: `the server takes no ${name} so large` });
}

/** [MQTT-3.1.2-29]: CONNACK and DISCONNECT alone may give reasons in words to a client that asked for none. */
function checkProblemInformation(packet: ServerPacket): void {
  if (packet.type === PacketType.CONNACK || packet.type === PacketType.DISCONNECT || packet.type === PacketType.PINGRESP) return;
  const { reasonString, userProperties } = packet.properties ?? {};
  if (reasonString === undefined && userProperties === undefined) return;
  throw protocolError("problem information that was not asked for", "MQTT-3.1.2-29");
}

export type FrameObserver = (chunk: Uint8Array, start: number, bodyStart: number, end: number) => void;

export interface ClientLimits {
  /** Largest packet taken from the server, bytes. */
  maximumPacketSize: number;
  /** From CONNECT to CONNACK, ms. */
  connectTimeoutMs: number;
  /** Topic Aliases for what we send, within the server's Topic Alias Maximum; none without. */
  topicAliases?: OutboundAliasSettings | undefined;
  /** Goes on where a server says that a Session is present after Clean Start, or sends Packet Identifier 0: D-5. Default false. */
  isForgiving?: boolean | undefined;
}
