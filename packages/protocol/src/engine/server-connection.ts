import { MqttError } from "../errors/mqtt-error.ts";
import { InboundAliases } from "../flow/inbound-aliases.ts";
import { Unreleased } from "../flow/unreleased.ts";
import { parseAcknowledgement } from "../packet/acknowledgement.ts";
import { connackVersion, peekConnectLevel } from "../packet/decode-connect.ts";
import { decodePacket } from "../packet/decode.ts";
import { encodePacket } from "../packet/encode.ts";
import { FrameDecoder } from "../packet/frame-decoder.ts";
import type { FrameHandler } from "../packet/frame-walk.ts";
import { protocolError } from "../packet/packet-fault.ts";
import { PacketType, SENT_BY_CLIENT } from "../packet/packet-type.ts";
import type {
  AuthPacket,
  ConnectPacket,
  DisconnectPacket,
  Packet,
  Properties,
  SubscribePacket,
  UnsubscribePacket,
} from "../packet/packets.ts";
import { extendRun, parsePublish } from "../packet/publish.ts";
import { PublishOffsets } from "../packet/publish-offsets.ts";
import { ReasonCode } from "../packet/reason-codes.ts";
import { withoutProblemInformation } from "../packet/without-problem-information.ts";
import type { SessionState } from "../session/session-state.ts";
import { AuthenticationExchange } from "./authentication-exchange.ts";
import { NO_LIMIT, type Sender } from "./sender.ts";
import { asMqttError, peerFault, tooLargeForClient, unexpected } from "./server-faults.ts";
import type { ServerConnectionLimits } from "./server-connection-limits.ts";
import { sayWhy, writeConnack } from "./server-goodbye.ts";
import {
  type AcceptConnect,
  type ConnectAnswer,
  Later,
  type ReauthenticateAnswer,
  type ServerSink,
  type SubscribeAnswer,
} from "./server-sink.ts";

type Phase =
  | { kind: "awaiting-connect" }
  | { kind: "connecting" }
  | { kind: "authenticating" }
  | { kind: "open" }
  | { kind: "subscribing"; packet: SubscribePacket }
  | { kind: "unsubscribing"; packet: UnsubscribePacket }
  | { kind: "closed" };
const AWAITING_CONNECT: Phase = { kind: "awaiting-connect" };
const CONNECTING: Phase = { kind: "connecting" };
const AUTHENTICATING: Phase = { kind: "authenticating" };
const OPEN: Phase = { kind: "open" };
const CLOSED: Phase = { kind: "closed" };

/**
 * The receiving half of a client's Network Connection at a server: walks the bytes, keeps the protocol's rules and asks the sink.
 *
 * Owns: the state of the connection, the frame decoder, inbound aliases, the Keep Alive deadline. Does not own: routing,
 * authentication and sessions (the sink), what leaves (the Sender). Lifetime: one Network Connection.
 * | question | answer | what waits meanwhile |
 * | connect | answerConnect | every byte after CONNECT |
 * | authenticate (AUTH 0x18 before CONNACK) | answerConnect | every byte after it |
 * | reauthenticate (AUTH 0x19 or 0x18 when open) | answerReauthenticate | nothing |
 * | subscribe, unsubscribe | answerSubscribe, answerUnsubscribe | every packet after it |
 * | publish -> Later | retryPublish | the packet and every one after it |
 * Invariants: never re-entered from a sink call; nothing thrown out of it, whatever the peer sent or the sink threw; after
 * `close` no sink method is called.
 */
export class ServerConnection implements FrameHandler {
  private readonly sink: ServerSink;
  private readonly sender: Sender;
  private readonly limits: ServerConnectionLimits;
  readonly decoder: FrameDecoder;
  private phase: Phase;
  private session: SessionState | undefined;
  aliases: InboundAliases | undefined;
  private topicAliasMaximum = 0;
  private receiveMaximum = 0xffff;
  private unreleased!: Unreleased;
  private exchange: AuthenticationExchange = WITHOUT_METHOD;
  /** CONNECT, and AUTH up to the CONNACK, are due by then; later the client's next AUTH of a re-authentication. */
  private dueBy: number;
  private wantsProblemInformation = true;
  /** Ms; 0 when the client turned Keep Alive off. */
  private keepAliveMs = 0;
  private lastReceived: number;
  private entered = false;
  /** The channel was told not to read: not a phase, since each waiting phase is left in its own way. */
  private paused = false;

  constructor(sink: ServerSink, sender: Sender, limits: ServerConnectionLimits, now: number) {
    this.sink = sink;
    this.sender = sender;
    sender.encode = encodePacket;
    this.limits = limits;
    this.decoder = new FrameDecoder(this, limits.maximumConnectSize);
    // [MQTT-3.1.0-1]: anything else is refused by its first byte, before anything is kept of it.
    this.decoder.acceptedTypes = 1 << PacketType.CONNECT;
    this.phase = AWAITING_CONNECT;
    this.dueBy = now + limits.connectTimeoutMs;
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
    if (phase === AWAITING_CONNECT || phase === AUTHENTICATING) return this.dueBy;
    if (!this.isOpen) return Number.POSITIVE_INFINITY;
    // [MQTT-3.1.2-22] [v3 MQTT-3.1.2-24]: one and a half times the Keep Alive.
    const aliveUntil = this.keepAliveMs === 0 ? Number.POSITIVE_INFINITY : this.lastReceived + this.keepAliveMs * 1.5;
    return this.exchange.turn === "theirs" ? Math.min(aliveUntil, this.dueBy) : aliveUntil;
  }

  /** Acts on what fell due. */
  tick(now: number): void {
    // Silence proves nothing while we do not read: the time of a question of ours is not the client's.
    if (this.paused) this.lastReceived = now;
    if (now < this.deadline) return;
    if (this.phase === AWAITING_CONNECT) this.close(new MqttError("TIMEOUT", { detail: "no CONNECT within the time limit" }));
    else if (this.phase === AUTHENTICATING) this.close(new MqttError("TIMEOUT", { detail: "no AUTH within the time limit" }));
    else if (this.exchange.turn === "theirs" && now >= this.dueBy) {
      const detail = "no AUTH within the time limit";
      this.fail(new MqttError("AUTH_FAILED", { reasonCode: ReasonCode.NotAuthorized, clause: "MQTT-4.12.1-2", detail }));
    } else this.fail(new MqttError("KEEPALIVE_TIMEOUT", { reasonCode: ReasonCode.KeepAliveTimeout, clause: "MQTT-3.1.2-22" }));
  }

  /** Answers `connect` and `authenticate`. */
  answerConnect(answer: ConnectAnswer): void {
    if (this.phase === CONNECTING) this.goOn(() => this.finishConnect(answer));
  }

  /** Answers `reauthenticate`. */
  answerReauthenticate(answer: ReauthenticateAnswer): void {
    if (this.isOpen && this.exchange.turn === "ours") this.goOn(() => this.finishReauthentication(answer));
  }

  answerSubscribe(answer: SubscribeAnswer): void {
    const { phase } = this;
    if (phase.kind !== "subscribing") return;
    this.phase = OPEN;
    this.goOn(() => this.finishSubscribe(phase.packet, answer));
  }

  answerUnsubscribe(answer: SubscribeAnswer): void {
    const { phase } = this;
    if (phase.kind !== "unsubscribing") return;
    this.phase = OPEN;
    this.goOn(() => this.finishUnsubscribe(phase.packet, answer));
  }

  /** Asks the sink again about the PUBLISH it answered `Later`, and goes on. */
  retryPublish(): void {
    if (this.phase === OPEN) this.goOn(() => undefined);
  }

  /**
   * Ends the connection from the server's side: DISCONNECT with the Reason Code on 5.0 ([MQTT-3.14.2-1]), then close.
   */
  disconnect(error: MqttError, properties?: Properties): void {
    // Before the CONNACK there is nothing to disconnect from: a bare close.
    if (this.phase === CONNECTING || this.phase === AUTHENTICATING) this.close(error);
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
    return this.isReading;
  }

  malformed(reasonCode: number, detail: string): void {
    this.fail(peerFault(reasonCode, detail));
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
    try {
      if (waits) this.sink.pauseReading();
      else if (this.phase !== CLOSED) this.sink.resumeReading();
    } catch (error) {
      this.fail(asMqttError(error));
    }
  }

  /** Acts on an answer to a question, and on what waited for it. */
  private goOn(act: () => void): void {
    this.enter();
    try {
      act();
      if (this.isReading) this.decoder.resume();
    } catch (error) {
      this.fail(asMqttError(error));
    }
    this.leave();
  }

  private get isReading(): boolean {
    return this.phase === OPEN || this.phase === AUTHENTICATING;
  }

  private publishFrame(chunk: Uint8Array, start: number, bodyStart: number, end: number): boolean {
    const fault = parsePublish(chunk, start, bodyStart, end, this.sender.version, offsets);
    if (fault !== 0) {
      this.fail(peerFault(fault, "PUBLISH"));
      return false;
    }
    // [MQTT-3.3.4-6]
    if (offsets.hasSubscriptionIdentifier) {
      this.fail(peerFault(ReasonCode.ProtocolError, "PUBLISH"));
      return false;
    }
    if (offsets.topicAlias !== 0 && !this.resolveAlias(chunk)) return false;
    offsets.count = 1;
    if (offsets.qos === 0) {
      if (!offsets.retain && !offsets.needsRewrite) extendRun(chunk, offsets, LONGEST_RUN);
      // A QoS 0 message that is denied has no acknowledgement to say so (section 3.3.5); the sink counts and logs it.
      if (this.sink.publish(chunk, offsets) === Later) return this.stopAt(start);
      // Of a run the sink may have taken the beginning alone: the rest comes again, as packets of their own.
      if (offsets.packetEnd !== end) this.decoder.continueAt = offsets.packetEnd;
    } else if (offsets.packetIdentifier === 0) {
      // [MQTT-2.2.1-3]
      this.fail(peerFault(ReasonCode.ProtocolError, "PUBLISH"));
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
    if (this.sender.pendingPubacks + this.unreleased.count >= this.receiveMaximum) return this.holdOrEnd();
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
      this.unreleased.repeated(id);
      this.sender.acknowledgeAfter(PacketType.PUBREC, id, 0, session.inboundCommit);
      return false;
    }
    if (this.sender.pendingPubacks + this.unreleased.count >= this.receiveMaximum) return this.holdOrEnd();
    session.inbound.add(id);
    const answer = this.sink.publish(chunk, offsets);
    if (answer < 0) {
      session.inbound.delete(id);
      if (answer === Later) return true;
      this.deny(PacketType.PUBREC, id, -answer);
      return false;
    }
    this.unreleased.count++;
    session.inboundCommit = answer;
    this.sender.acknowledgeAfter(PacketType.PUBREC, id, 0, answer);
    return false;
  }

  /**
   * [MQTT-3.3.4-7] is the client's to keep; section 4.9 lets the server end the connection with 0x93. It does where only the client could
   * go on, by PUBREL. What only our storage has not kept yet is waited for: clients that do not count would be back with the same (O-31).
   */
  private holdOrEnd(): boolean {
    if (this.unreleased.count < this.receiveMaximum) {
      this.sink.awaitStorage();
      return true;
    }
    this.fail(new MqttError("RECEIVE_MAX", { reasonCode: ReasonCode.ReceiveMaximumExceeded, clause: "MQTT-3.3.4-7" }));
    return false;
  }

  /**
   * Before 5.0 a refusal cannot be said: [v3 MQTT-3.3.5-2] leaves a positive acknowledgement or a close; we close (O-3). Why is said where
   * no earlier one waits for its commit, which must go first ([MQTT-4.6.0-2] [MQTT-4.6.0-3]): what waits there has no room for words.
   */
  private deny(type: PubackType, packetIdentifier: number, reasonCode: number): void {
    const { sender } = this;
    if (sender.version !== 5) {
      // The client cannot be told, and comes back with the same message: whoever reads the log must learn why.
      const detail = this.sink.explainDenial?.(offsets, reasonCode)?.reasonString;
      return this.close(new MqttError("PUBLISH_REFUSED", detail === undefined ? { reasonCode } : { reasonCode, detail }));
    }
    const mayExplain = this.wantsProblemInformation && sender.pendingPubacks + this.unreleased.count === 0;
    const properties = mayExplain ? this.sink.explainDenial?.(offsets, reasonCode) : undefined;
    if (properties !== undefined && sender.packet({ type, packetIdentifier, reasonCode, properties })) return;
    sender.acknowledgeAfter(type, packetIdentifier, reasonCode, 0);
  }

  /** A PUBLISH without Topic Name has an alias: what has neither was refused before. */
  private resolveAlias(chunk: Uint8Array): boolean {
    const { topicAlias, topicStart, topicEnd } = offsets;
    if (topicAlias <= this.topicAliasMaximum) {
      if (topicStart !== topicEnd) {
        this.aliases ??= new InboundAliases();
        this.aliases.set(topicAlias, chunk, topicStart, topicEnd);
        return true;
      }
      const topic = this.aliases?.get(topicAlias);
      if (topic !== undefined) {
        offsets.topic = topic;
        offsets.topicStart = 0;
        offsets.topicEnd = topic.length;
        return true;
      }
      // Section 3.3.4: nothing to stand for is a Protocol Error, 0x82; only a wrong number is 0x94.
      this.fail(protocolError(`Topic Alias ${topicAlias} was never set`));
      return false;
    }
    this.fail(new MqttError("ALIAS", { reasonCode: ReasonCode.TopicAliasInvalid, clause: "MQTT-3.3.2-9" }));
    return false;
  }

  private control(chunk: Uint8Array, start: number, bodyStart: number, end: number): void {
    if (this.phase.kind === "awaiting-connect") {
      this.firstPacket(chunk, start, bodyStart, end);
      return;
    }
    const packet = decodePacket(chunk, start, bodyStart, end, this.sender.version);
    switch (packet.type) {
      case PacketType.AUTH:
        this.auth(packet);
        return;
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
    // Known before the rest is judged: the form of the answer to a bad CONNECT.
    this.sender.version = connackVersion(peekConnectLevel(chunk, bodyStart, end));
    const packet = decodePacket(chunk, start, bodyStart, end, 5) as ConnectPacket;
    const { properties } = packet;
    this.sender.version = packet.protocolVersion;
    this.sender.maximumPacketSize = properties?.maximumPacketSize ?? NO_LIMIT;
    this.wantsProblemInformation = properties?.requestProblemInformation !== 0;
    const method = properties?.authenticationMethod;
    if (method !== undefined) this.exchange = new AuthenticationExchange(method, "client");
    this.phase = CONNECTING;
    const answer = this.sink.connect(packet);
    if (answer !== undefined) this.finishConnect(answer);
  }

  private finishConnect(answer: ConnectAnswer): void {
    if (answer.kind === "refuse") this.refuseConnect(answer.reasonCode, answer.error, answer.properties);
    else if (answer.kind === "continue") this.askForAuthentication(answer.properties);
    else this.acceptConnect(answer);
  }

  /** [MQTT-4.12.0-2] */
  private askForAuthentication(properties: Properties | undefined): void {
    this.writeAuth(ReasonCode.ContinueAuthentication, properties);
    if (this.phase !== CONNECTING) return;
    this.phase = AUTHENTICATING;
    // [MQTT-3.1.2-30]
    this.decoder.acceptedTypes = (1 << PacketType.AUTH) | (1 << PacketType.DISCONNECT);
  }

  private acceptConnect(answer: AcceptConnect): void {
    const { method } = this.exchange;
    const { session } = answer;
    // [MQTT-4.12.0-5]
    const properties = method === undefined ? answer.properties : { ...answer.properties, authenticationMethod: method };
    if (!writeConnack(this.sender, 0, answer.sessionPresent, properties)) {
      this.close(tooLargeForClient("CONNACK"));
      return;
    }
    this.phase = OPEN;
    if (method !== undefined) this.exchange.turn = "nobody";
    this.session = session;
    this.keepAliveMs = answer.keepAlive * 1000;
    // Before 5.0 a client knows of no such limit.
    this.receiveMaximum = this.sender.version === 5 ? answer.receiveMaximum : 0xffff;
    this.unreleased = new Unreleased(session.inbound);
    this.topicAliasMaximum = answer.topicAliasMaximum;
    this.decoder.maximumPacketSize = this.limits.maximumPacketSize;
    // CONNECT too, so that a second one is named.
    this.decoder.acceptedTypes = SENT_BY_CLIENT;
    this.sender.open(session, answer.sendMaximum, answer.topicAliases);
    this.sink.opened();
  }

  private refuseConnect(reasonCode: number, error: MqttError, properties: Properties | undefined): void {
    writeConnack(this.sender, reasonCode, false, properties);
    this.close(error);
  }

  /** AUTH before the CONNACK goes on with the authentication, AUTH afterwards begins another or goes on with it (section 4.12.1). */
  private auth(packet: AuthPacket): void {
    const { exchange } = this;
    const isFirst = packet.reasonCode === ReasonCode.ReAuthenticate;
    if (packet.reasonCode === ReasonCode.Success) throw protocolError("AUTH with Reason Code 0 from a client");
    exchange.receive(packet, isFirst ? "nobody" : "theirs");
    if (this.phase === AUTHENTICATING) {
      this.phase = CONNECTING;
      const answer = this.sink.authenticate(packet);
      if (answer !== undefined) this.finishConnect(answer);
      return;
    }
    if (isFirst) this.dueBy = this.lastReceived + this.limits.connectTimeoutMs;
    const answer = this.sink.reauthenticate(packet);
    if (answer !== undefined) this.finishReauthentication(answer);
  }

  private finishReauthentication(answer: ReauthenticateAnswer): void {
    if (answer.kind === "refuse") {
      // [MQTT-4.12.1-2]
      this.fail(answer.error, answer.properties, answer.reasonCode);
    } else if (answer.kind === "continue") this.writeAuth(ReasonCode.ContinueAuthentication, answer.properties);
    else {
      this.writeAuth(ReasonCode.Success, answer.properties);
      this.exchange.turn = "nobody";
    }
  }

  private writeAuth(reasonCode: number, properties: Properties | undefined): void {
    if (!this.sender.packet(this.exchange.packet(reasonCode, this.wanted(properties)))) this.fail(tooLargeForClient("AUTH"));
  }

  /** [MQTT-3.1.2-29]: of PUBLISH, CONNACK and DISCONNECT this is not asked. */
  private wanted(properties: Properties | undefined): Properties | undefined {
    return this.wantsProblemInformation ? properties : withoutProblemInformation(properties);
  }

  /** `parsed`: see parseAcknowledgement. */
  private acknowledgement(type: number, parsed: number): void {
    if (parsed < 0) {
      this.fail(peerFault(-parsed, `packet type ${type}`));
      return;
    }
    const id = parsed & 0xffff;
    const reasonCode = parsed >>> 16;
    let isTaken = true;
    if (type === PacketType.PUBACK) isTaken = this.sender.puback(id, reasonCode);
    else if (type === PacketType.PUBREC) isTaken = this.sender.pubrec(id, reasonCode);
    else if (type === PacketType.PUBCOMP) isTaken = this.sender.pubcomp(id, reasonCode);
    else this.release(id);
    if (!isTaken) this.unexpectedAcknowledgement(type, id, reasonCode);
  }

  private unexpectedAcknowledgement(type: number, id: number, reasonCode: number): void {
    if (this.sender.waitsForOther(type, id)) {
      // [MQTT-4.13.1-1] [v3 MQTT-4.8.0-1]: no order of packets leads here, so one of the two exchanges would be lost.
      this.fail(peerFault(ReasonCode.ProtocolError, `packet type ${type} for a PUBLISH that another one acknowledges`));
    } else if (type === PacketType.PUBREC && reasonCode < 0x80) {
      // Section 4.3.3 and table 3-7: an identifier that is not known is released all the same, and said to be unknown.
      this.sender.acknowledge(PacketType.PUBREL, id, ReasonCode.PacketIdentifierNotFound);
    }
  }

  private release(id: number): void {
    const session = this.session!;
    const known = session.inbound.delete(id);
    if (known) this.unreleased.released(id);
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
    // [MQTT-3.8.4-1] [MQTT-3.8.4-2] [MQTT-3.8.4-6]
    if (this.acknowledgeRequest(PacketType.SUBACK, packet.packetIdentifier, answer)) this.sink.subscribed(packet, answer);
  }

  /** One Reason Code for each filter cannot be made shorter: a client that takes no packet so large is told so. */
  private acknowledgeRequest(type: RequestAnswer, packetIdentifier: number, answer: SubscribeAnswer): boolean {
    const properties = this.wanted(answer.properties);
    const { reasonCodes } = answer;
    if (this.sender.packet({ type, packetIdentifier, reasonCodes, ...(properties === undefined ? {} : { properties }) }))
      return true;
    this.fail(tooLargeForClient(type === PacketType.SUBACK ? "SUBACK" : "UNSUBACK"));
    return false;
  }

  private unsubscribe(packet: UnsubscribePacket): void {
    const answer = this.sink.unsubscribe(packet);
    if (answer === undefined) this.phase = { kind: "unsubscribing", packet };
    else this.finishUnsubscribe(packet, answer);
  }

  private finishUnsubscribe(packet: UnsubscribePacket, answer: SubscribeAnswer): void {
    // [MQTT-3.10.4-4] [MQTT-3.10.4-5]
    this.acknowledgeRequest(PacketType.UNSUBACK, packet.packetIdentifier, answer);
  }

  private clientDisconnect(packet: DisconnectPacket): void {
    // In the midst of an authentication there is no session yet that a DISCONNECT could be about.
    if (this.phase !== AUTHENTICATING) this.sink.disconnect(packet);
    this.close(undefined);
  }

  /** The peer broke the protocol, or we end it: say why where the version can, then close. */
  private fail(
    error: MqttError,
    properties?: Properties,
    reasonCode: number = error.reasonCode ?? ReasonCode.UnspecifiedError,
  ): void {
    if (this.phase === CLOSED) return;
    try {
      sayWhy(this.sender, this.phase.kind, error, reasonCode, properties);
    } catch {
      // What cannot be said does not keep the connection from its end.
    }
    this.close(error);
  }

  private close(error: MqttError | undefined): void {
    if (this.phase === CLOSED) return;
    this.phase = CLOSED;
    this.decoder.close();
    try {
      this.sink.close(error);
    } catch {
      // A fault of the owner at the very end has nobody left to be told to, and must not reach whoever brought the bytes.
    }
  }
}

type PubackType = typeof PacketType.PUBACK | typeof PacketType.PUBREC;
type RequestAnswer = typeof PacketType.SUBACK | typeof PacketType.UNSUBACK;

/** Of all clients that name no method: it is nobody's turn ever, since whoever sends AUTH is refused. */
const WITHOUT_METHOD = new AuthenticationExchange(undefined, "client");
const PINGRESP: Packet = { type: PacketType.PINGRESP };
/** The PUBLISH being handled. Handling one is synchronous and never nested, so one for the process is enough. */
const offsets: PublishOffsets = new PublishOffsets();

/** Bounds what one call routes, so that other connections get their turn. */
const LONGEST_RUN = 4096;
