import type { ErrorCode } from "../errors/catalogue.ts";
import { MqttError } from "../errors/mqtt-error.ts";
import { InboundAliases } from "../flow/inbound-aliases.ts";
import { parseAcknowledgement } from "../packet/acknowledgement.ts";
import { connackVersion } from "../packet/connect.ts";
import { decodePacket } from "../packet/decode.ts";
import { FrameDecoder, type FrameHandler } from "../packet/frame-decoder.ts";
import { PacketType } from "../packet/packet-type.ts";
import type { ConnectPacket, DisconnectPacket, Packet, Properties, SubscribePacket, UnsubscribePacket } from "../packet/packets.ts";
import { extendRun, parsePublish } from "../packet/publish.ts";
import { PublishOffsets } from "../packet/publish-offsets.ts";
import { ReasonCode } from "../packet/reason-codes.ts";
import type { SessionState } from "../session/session-state.ts";
import { NO_LIMIT, type Sender } from "./sender.ts";
import { type ConnectAnswer, Later, type ReauthenticateAnswer, type ServerSink, type SubscribeAnswer } from "./server-sink.ts";

export interface ServerConnectionLimits {
  /** Largest packet taken from the client, bytes; told to it as Maximum Packet Size. */
  maximumPacketSize: number;
  /** Largest CONNECT, bytes: all that is ever buffered for a stranger. */
  maximumConnectSize: number;
  /** From the first byte's arrival to a whole CONNECT, ms. */
  connectTimeoutMs: number;
}

type Phase =
  | { kind: "awaiting-connect"; deadline: number }
  | { kind: "connecting" }
  | { kind: "open" }
  | { kind: "subscribing"; packet: SubscribePacket }
  | { kind: "unsubscribing"; packet: UnsubscribePacket }
  | { kind: "closed" };
const CONNECTING: Phase = { kind: "connecting" };
const OPEN: Phase = { kind: "open" };
const CLOSED: Phase = { kind: "closed" };

/**
 * The receiving half of a client's Network Connection at a server: walks the bytes, keeps the protocol's rules and asks the sink.
 *
 * Owns: the state of the connection, the frame decoder, inbound aliases, the Keep Alive deadline. Does not own: routing,
 * authentication and sessions (the sink), what leaves (the Sender). Lifetime: one Network Connection.
 * | question | answer | what waits meanwhile |
 * | connect | answerConnect | every byte after CONNECT |
 * | subscribe, unsubscribe | answerSubscribe, answerUnsubscribe | every packet after it |
 * | publish -> Later | retryPublish | the packet and every one after it |
 * Invariants: never re-entered from a sink call; nothing thrown for what a peer sent; after `close` no sink method is called.
 */
export class ServerConnection implements FrameHandler {
  private readonly sink: ServerSink;
  private readonly sender: Sender;
  private readonly limits: ServerConnectionLimits;
  private readonly decoder: FrameDecoder;
  private phase: Phase;
  private session: SessionState | undefined;
  private aliases: InboundAliases | undefined;
  private topicAliasMaximum = 0;
  private receiveMaximum = 0xffff;
  /** Ms; 0 when the client turned Keep Alive off. */
  private keepAliveMs = 0;
  private lastReceived: number;
  private entered = false;
  /** The channel was told not to read: not a phase, since each waiting phase is left in its own way. */
  private paused = false;

  constructor(sink: ServerSink, sender: Sender, limits: ServerConnectionLimits, now: number) {
    this.sink = sink;
    this.sender = sender;
    this.limits = limits;
    this.decoder = new FrameDecoder(this, limits.maximumConnectSize);
    // [MQTT-3.1.0-1]: anything else is refused by its first byte, before anything is kept of it.
    this.decoder.acceptedTypes = 1 << PacketType.CONNECT;
    this.phase = { kind: "awaiting-connect", deadline: now + limits.connectTimeoutMs };
    this.lastReceived = now;
  }

  get isOpen(): boolean {
    const { phase } = this;
    return phase === OPEN || phase.kind === "subscribing" || phase.kind === "unsubscribing";
  }

  /** Bytes from the client. */
  receive(chunk: Uint8Array, now: number): void {
    if (this.phase === CLOSED) return;
    this.lastReceived = now;
    this.enter();
    try {
      this.decoder.push(chunk);
    } catch (error) {
      this.fail(asMqttError(error));
    }
    this.leave();
  }

  /** When the earliest deadline falls due, in the time of `now`; Infinity for none. */
  get deadline(): number {
    const { phase } = this;
    if (phase.kind === "awaiting-connect") return phase.deadline;
    // [MQTT-3.1.2-22]: one and a half times the Keep Alive.
    return this.keepAliveMs === 0 || phase.kind === "closed"
      ? Number.POSITIVE_INFINITY
      : this.lastReceived + this.keepAliveMs * 1.5;
  }

  /** Acts on what fell due. */
  tick(now: number): void {
    if (now < this.deadline) return;
    if (this.phase.kind === "awaiting-connect") {
      this.close(new MqttError("TIMEOUT", { detail: "no CONNECT within the time limit" }));
    } else if (this.phase.kind !== "closed") {
      this.fail(new MqttError("KEEPALIVE_TIMEOUT", { reasonCode: ReasonCode.KeepAliveTimeout, clause: "MQTT-3.1.2-22" }));
    }
  }

  answerConnect(answer: ConnectAnswer): void {
    if (this.phase !== CONNECTING) return;
    this.enter();
    this.finishConnect(answer);
    this.resume();
  }

  /** Answers a step of a re-authentication. */
  answerReauthenticate(_answer: ReauthenticateAnswer): void {}

  answerSubscribe(answer: SubscribeAnswer): void {
    const { phase } = this;
    if (phase.kind !== "subscribing") return;
    this.phase = OPEN;
    this.enter();
    this.finishSubscribe(phase.packet, answer);
    this.resume();
  }

  answerUnsubscribe(answer: SubscribeAnswer): void {
    const { phase } = this;
    if (phase.kind !== "unsubscribing") return;
    this.phase = OPEN;
    this.enter();
    this.finishUnsubscribe(phase.packet, answer);
    this.resume();
  }

  /** Asks the sink again about the PUBLISH it answered `Later`, and goes on. */
  retryPublish(): void {
    if (this.phase !== OPEN) return;
    this.enter();
    this.resume();
  }

  /**
   * Ends the connection from the server's side: DISCONNECT with the Reason Code on 5.0 ([MQTT-3.14.2-1]), then close.
   */
  disconnect(error: MqttError, properties?: Properties): void {
    // Before the CONNACK there is nothing to disconnect from: a bare close.
    if (this.phase === CONNECTING) this.close(error);
    else this.fail(error, properties);
  }

  /** The channel is gone: nothing more is asked or told. */
  channelClosed(): void {
    this.phase = CLOSED;
    this.decoder.close();
  }

  /** One whole control packet; see FrameHandler. */
  frame(chunk: Uint8Array, start: number, bodyStart: number, end: number): boolean {
    if (this.phase === OPEN) {
      const type = chunk[start]! >>> 4;
      if (type === PacketType.PUBLISH) return this.publishFrame(chunk, start, bodyStart, end);
      if (type >= PacketType.PUBACK && type <= PacketType.PUBCOMP) {
        this.acknowledgement(type, parseAcknowledgement(chunk, start, bodyStart, end, this.sender.version));
        return this.phase === OPEN;
      }
    }
    try {
      this.control(chunk, start, bodyStart, end);
    } catch (error) {
      this.fail(asMqttError(error));
    }
    return this.phase === OPEN;
  }

  malformed(reasonCode: number, detail: string): void {
    this.fail(new MqttError(faultCode(reasonCode), { reasonCode, source: "peer", detail }));
  }

  private enter(): void {
    if (this.entered) throw new MqttError("INTERNAL", { detail: "a sink called back into its connection" });
    this.entered = true;
  }

  /** While the walk is stopped the channel is paused, so that a peer cannot fill our memory with what it sends meanwhile. */
  private leave(): void {
    this.entered = false;
    const waits = this.phase !== CLOSED && this.decoder.isStopped;
    if (waits === this.paused) return;
    this.paused = waits;
    if (waits) this.sink.pauseReading();
    else if (this.phase !== CLOSED) this.sink.resumeReading();
  }

  private resume(): void {
    if (this.phase === OPEN) {
      try {
        this.decoder.resume();
      } catch (error) {
        this.fail(asMqttError(error));
      }
    }
    this.leave();
  }

  private publishFrame(chunk: Uint8Array, start: number, bodyStart: number, end: number): boolean {
    const fault = parsePublish(chunk, start, bodyStart, end, this.sender.version, offsets);
    if (fault !== 0) {
      this.refusePublish(fault);
      return false;
    }
    // [MQTT-3.3.4-6]
    if (offsets.hasSubscriptionIdentifier) {
      this.refusePublish(ReasonCode.ProtocolError);
      return false;
    }
    if ((offsets.topicAlias !== 0 || offsets.topicStart === offsets.topicEnd) && !this.resolveAlias(chunk)) return false;
    offsets.count = 1;
    if (offsets.qos === 0) {
      if (!offsets.retain && !offsets.needsRewrite) {
        extendRun(chunk, offsets, LONGEST_RUN);
        if (offsets.count > 1) this.decoder.continueAt = offsets.packetEnd;
      }
      // A QoS 0 message that is denied has no acknowledgement to say so (section 3.3.5); the sink counts and logs it.
      if (this.sink.publish(chunk, offsets) === Later) return this.stopAt(start);
    } else if (offsets.qos === 1 ? this.offerAtLeastOnce(chunk) : this.offerExactlyOnce(chunk)) return this.stopAt(start);
    return this.phase === OPEN;
  }

  /** The sink cannot answer yet: the same packet comes again at `retryPublish`. */
  private stopAt(start: number): boolean {
    this.decoder.continueAt = start;
    return false;
  }

  /** Answers true for Later. */
  private offerAtLeastOnce(chunk: Uint8Array): boolean {
    if (this.sender.pendingPubacks >= this.receiveMaximum) return this.exceeded();
    const id = offsets.packetIdentifier;
    const answer = this.sink.publish(chunk, offsets);
    if (answer === Later) return true;
    if (answer < 0) this.deny(PacketType.PUBACK, id, -answer);
    else this.sender.acknowledgeAfter(PacketType.PUBACK, id, 0, answer);
    return false;
  }

  private offerExactlyOnce(chunk: Uint8Array): boolean {
    const session = this.session!;
    const id = offsets.packetIdentifier;
    if (session.inbound.has(id)) {
      // [MQTT-4.3.3-10]: the same message again; it was routed, and PUBREC says so once that is kept.
      this.sender.acknowledgeAfter(PacketType.PUBREC, id, 0, session.inboundCommit);
      return false;
    }
    if (session.inbound.size >= this.receiveMaximum) return this.exceeded();
    session.inbound.add(id);
    const answer = this.sink.publish(chunk, offsets);
    if (answer < 0) {
      session.inbound.delete(id);
      if (answer === Later) return true;
      this.deny(PacketType.PUBREC, id, -answer);
      return false;
    }
    session.inboundCommit = answer;
    this.sender.acknowledgeAfter(PacketType.PUBREC, id, 0, answer);
    return false;
  }

  /** [MQTT-3.3.4-9] is the client's to keep; section 4.9 lets the server end the connection with 0x93. */
  private exceeded(): boolean {
    this.fail(new MqttError("RECEIVE_MAX", { reasonCode: ReasonCode.ReceiveMaximumExceeded, clause: "MQTT-3.3.4-9" }));
    return false;
  }

  /** Before 5.0 a refusal cannot be said: section 3.3.5 of 3.1.1 leaves a positive acknowledgement or a close; we close. */
  private deny(type: number, id: number, reasonCode: number): void {
    if (this.sender.version === 5) this.sender.acknowledgeAfter(type, id, reasonCode, 0);
    else this.close(new MqttError("PUBLISH_REFUSED", { reasonCode }));
  }

  private refusePublish(fault: number): void {
    const code =
      fault === ReasonCode.TopicNameInvalid
        ? "TOPIC_INVALID"
        : fault === ReasonCode.MalformedPacket
          ? "MALFORMED_PACKET"
          : "PROTOCOL_ERROR";
    this.fail(new MqttError(code, { reasonCode: fault, source: "peer", detail: "PUBLISH" }));
  }

  private resolveAlias(chunk: Uint8Array): boolean {
    const alias = offsets.topicAlias;
    if (alias > this.topicAliasMaximum || (alias === 0 && offsets.topicStart === offsets.topicEnd)) return this.badAlias();
    if (offsets.topicStart !== offsets.topicEnd) {
      this.aliases ??= new InboundAliases();
      this.aliases.set(alias, chunk, offsets.topicStart, offsets.topicEnd);
      return true;
    }
    const topic = this.aliases?.get(alias);
    if (topic === undefined) return this.badAlias();
    offsets.topic = topic;
    offsets.topicStart = 0;
    offsets.topicEnd = topic.length;
    return true;
  }

  private badAlias(): boolean {
    // [MQTT-3.3.2-9] forbids an alias above the maximum; one never set is a Protocol Error too (section 3.3.2.3.4).
    this.fail(
      offsets.topicAlias === 0
        ? new MqttError("PROTOCOL_ERROR", {
            reasonCode: ReasonCode.ProtocolError,
            detail: "PUBLISH without Topic Name and Topic Alias",
          })
        : new MqttError("ALIAS", { reasonCode: ReasonCode.TopicAliasInvalid, clause: "MQTT-3.3.2-9" }),
    );
    return false;
  }

  private control(chunk: Uint8Array, start: number, bodyStart: number, end: number): void {
    if (this.phase.kind === "awaiting-connect") {
      this.firstPacket(chunk, start, bodyStart, end);
      return;
    }
    const packet = decodePacket(chunk, start, bodyStart, end, this.sender.version);
    switch (packet.type) {
      case PacketType.SUBSCRIBE:
        this.subscribe(packet);
        return;
      case PacketType.UNSUBSCRIBE:
        this.unsubscribe(packet);
        return;
      case PacketType.PINGREQ:
        // [MQTT-3.12.4-1]
        this.sender.packet(PINGRESP);
        return;
      case PacketType.DISCONNECT:
        this.clientDisconnect(packet);
        return;
      case PacketType.CONNECT:
        // [MQTT-3.1.0-2]
        throw new MqttError("SECOND_CONNECT", { reasonCode: ReasonCode.ProtocolError, clause: "MQTT-3.1.0-2" });
      default:
        throw unexpected(packet);
    }
  }

  private firstPacket(chunk: Uint8Array, start: number, bodyStart: number, end: number): void {
    const packet = decodePacket(chunk, start, bodyStart, end, 5) as ConnectPacket;
    this.sender.version = packet.protocolVersion;
    this.sender.maximumPacketSize = packet.properties?.maximumPacketSize ?? NO_LIMIT;
    this.phase = CONNECTING;
    const answer = this.sink.connect(packet);
    if (answer !== undefined) this.finishConnect(answer);
  }

  private finishConnect(answer: ConnectAnswer): void {
    if (answer.kind === "refuse") {
      this.refuseConnect(answer.reasonCode, answer.error, answer.properties);
      return;
    }
    if (answer.kind === "continue") throw new MqttError("INTERNAL", { detail: "no step of an authentication yet" });
    this.phase = OPEN;
    this.session = answer.session;
    this.keepAliveMs = answer.keepAlive * 1000;
    this.receiveMaximum = answer.receiveMaximum;
    this.topicAliasMaximum = answer.topicAliasMaximum;
    this.decoder.maximumPacketSize = this.limits.maximumPacketSize;
    this.decoder.acceptedTypes = CLIENT_TYPES;
    this.connack(0, answer.sessionPresent, answer.properties);
    this.sender.open(answer.session, answer.sendMaximum);
    this.sink.opened();
  }

  private refuseConnect(reasonCode: number, error: MqttError, properties: Properties | undefined): void {
    this.connack(reasonCode, false, properties);
    this.close(error);
  }

  private connack(reasonCode: number, sessionPresent: boolean, properties: Properties | undefined): void {
    this.sender.packet({
      type: PacketType.CONNACK,
      sessionPresent,
      reasonCode,
      ...(properties === undefined ? {} : { properties }),
    });
  }

  /** `parsed`: see parseAcknowledgement. */
  private acknowledgement(type: number, parsed: number): void {
    if (parsed < 0) {
      this.fail(new MqttError(faultCode(-parsed), { reasonCode: -parsed, source: "peer", detail: `packet type ${type}` }));
      return;
    }
    const id = parsed & 0xffff;
    const reasonCode = parsed >>> 16;
    if (type === PacketType.PUBACK) this.sender.puback(id, reasonCode);
    else if (type === PacketType.PUBCOMP) this.sender.pubcomp(id, reasonCode);
    else if (type === PacketType.PUBREL) this.release(id);
    else if (!this.sender.pubrec(id, reasonCode) && reasonCode < 0x80) {
      // Section 4.3.3 and table 3-7: an identifier that is not known is released all the same, and said to be unknown.
      this.sender.acknowledge(PacketType.PUBREL, id, ReasonCode.PacketIdentifierNotFound);
    }
  }

  private release(id: number): void {
    const session = this.session!;
    const known = session.inbound.delete(id);
    const commit = known ? this.sink.released(id) : session.inboundCommit;
    session.inboundCommit = commit;
    // [MQTT-4.3.3-11]: PUBCOMP, also for an identifier that is gone.
    this.sender.acknowledgeAfter(PacketType.PUBCOMP, id, known ? 0 : ReasonCode.PacketIdentifierNotFound, commit);
  }

  private subscribe(packet: SubscribePacket): void {
    const answer = this.sink.subscribe(packet);
    if (answer === undefined) this.phase = { kind: "subscribing", packet };
    else this.finishSubscribe(packet, answer);
  }

  private finishSubscribe(packet: SubscribePacket, answer: SubscribeAnswer): void {
    // [MQTT-3.8.4-1], -2, -6
    this.sender.packet({
      type: PacketType.SUBACK,
      packetIdentifier: packet.packetIdentifier,
      reasonCodes: answer.reasonCodes,
      ...(answer.properties === undefined ? {} : { properties: answer.properties }),
    });
    this.sink.subscribed(packet, answer);
  }

  private unsubscribe(packet: UnsubscribePacket): void {
    const answer = this.sink.unsubscribe(packet);
    if (answer === undefined) this.phase = { kind: "unsubscribing", packet };
    else this.finishUnsubscribe(packet, answer);
  }

  private finishUnsubscribe(packet: UnsubscribePacket, answer: SubscribeAnswer): void {
    // [MQTT-3.10.4-4], -5
    this.sender.packet({
      type: PacketType.UNSUBACK,
      packetIdentifier: packet.packetIdentifier,
      reasonCodes: answer.reasonCodes,
      ...(answer.properties === undefined ? {} : { properties: answer.properties }),
    });
  }

  private clientDisconnect(packet: DisconnectPacket): void {
    this.sink.disconnect(packet);
    this.close(undefined);
  }

  /** The peer broke the protocol, or we end it: say why where the version can, then close. */
  private fail(error: MqttError, properties?: Properties): void {
    const { phase } = this;
    if (phase.kind === "closed") return;
    const reasonCode = error.reasonCode ?? ReasonCode.UnspecifiedError;
    if (phase.kind === "awaiting-connect") this.refuseMalformedConnect(error, reasonCode);
    else if (phase.kind === "connecting") this.refuseConnect(reasonCode, error, properties);
    else {
      if (this.sender.version === 5) {
        this.sender.packet({ type: PacketType.DISCONNECT, reasonCode, ...(properties === undefined ? {} : { properties }) });
      }
      this.close(error);
    }
  }

  /** Section 4.13 and [v3 MQTT-3.1.2-2]: only an unsupported protocol level is answered, in the form the client knows. */
  private refuseMalformedConnect(error: MqttError, reasonCode: number): void {
    if (reasonCode === ReasonCode.UnsupportedProtocolVersion) {
      this.sender.version = connackVersion(Number(error.details?.["level"] ?? 4));
      this.connack(reasonCode, false, undefined);
    }
    this.close(error);
  }

  private close(error: MqttError | undefined): void {
    if (this.phase.kind === "closed") return;
    this.phase = CLOSED;
    this.decoder.close();
    this.sink.close(error);
  }
}

const PINGRESP: Packet = { type: PacketType.PINGRESP };
/** The PUBLISH being handled. Handling one is synchronous and never nested, so one for the process is enough. */
const offsets: PublishOffsets = new PublishOffsets();

/** Bounds what one call routes, so that other connections get their turn. */
const LONGEST_RUN = 4096;

/** What a client may send; CONNECT too, so that a second one is named. */
const CLIENT_TYPES =
  (1 << PacketType.CONNECT) |
  (1 << PacketType.PUBLISH) |
  (1 << PacketType.PUBACK) |
  (1 << PacketType.PUBREC) |
  (1 << PacketType.PUBREL) |
  (1 << PacketType.PUBCOMP) |
  (1 << PacketType.SUBSCRIBE) |
  (1 << PacketType.UNSUBSCRIBE) |
  (1 << PacketType.PINGREQ) |
  (1 << PacketType.DISCONNECT) |
  (1 << PacketType.AUTH);

/** The catalogue's code for a fault that the codec answers as a Reason Code. */
function faultCode(reasonCode: number): ErrorCode {
  switch (reasonCode) {
    case ReasonCode.MalformedPacket:
      return "MALFORMED_PACKET";
    case ReasonCode.PacketTooLarge:
      return "PACKET_TOO_LARGE";
    case ReasonCode.TopicNameInvalid:
      return "TOPIC_INVALID";
    default:
      return "PROTOCOL_ERROR";
  }
}

function unexpected(packet: Packet): MqttError {
  return new MqttError("PROTOCOL_ERROR", {
    reasonCode: ReasonCode.ProtocolError,
    detail: `a client must not send packet type ${packet.type}`,
  });
}

function asMqttError(error: unknown): MqttError {
  return MqttError.is(error) ? error : new MqttError("INTERNAL", { cause: error, reasonCode: ReasonCode.UnspecifiedError });
}
