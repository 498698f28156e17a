import {
  type ConnectPacket,
  type DisconnectPacket,
  MqttError,
  type Properties,
  type SubscribePacket,
  type UnsubscribePacket,
} from "@bowline/protocol";
import {
  type ChannelHandler,
  type Clock,
  type ConnectAnswer,
  connackCode,
  DROPPED_EXPIRED,
  DROPPED_TOO_LARGE,
  type OutboundEntry,
  OutboundState,
  type PublishAnswer,
  type PublishOffsets,
  ReasonCode,
  type RefuseConnect,
  Sender,
  type SenderOwner,
  ServerConnection,
  type ServerSink,
  type SubscribeAnswer,
  type TimerHandle,
} from "@bowline/protocol/internal";
import type { AccessControl } from "../acl/access-control.ts";
import type { Authenticator, AuthRequest, AuthResult } from "../auth/authenticator.ts";
import type { Arrival } from "../listeners/arrival.ts";
import type { Journal } from "../messages/journal.ts";
import { KeptMessage } from "../messages/kept-message.ts";
import type { Counters } from "../metrics/counters.ts";
import type { Route } from "../router/route.ts";
import type { Publisher } from "../router/publisher.ts";
import type { Session, Subscription } from "../sessions/session.ts";
import type { SessionConnection } from "../sessions/session-connection.ts";
import { pendingWill } from "../sessions/session-registry.ts";
import type { CommitListener, CommitQueue } from "../storage/commit-queue.ts";
import type { Storage } from "../storage/storage.ts";
import type { Tenant } from "../tenants/tenant.ts";
import type { BrokerLimits } from "./broker-limits.ts";
import { clientIdentifierFor, connackProperties, keepAliveFor, sessionExpiryOf } from "./connect-rules.ts";
import type { Flushable, FlushSchedule } from "./flush-schedule.ts";
import { grantSubscriptions, removeSubscriptions } from "./subscribe-rules.ts";

/** What a connection needs of its broker. */
export interface BrokerEnvironment {
  readonly clock: Clock;
  readonly storage: Storage;
  readonly journal: Journal;
  readonly commits: CommitQueue;
  readonly flushes: FlushSchedule;
  readonly authenticator: Authenticator;
  readonly access: AccessControl;
  readonly counters: Counters;
  readonly limits: BrokerLimits;
  /** The CONNACK went out. */
  connectionOpened(connection: Connection): void;
  /** We end it, or the client did; `error` undefined for a normal DISCONNECT. */
  connectionClosing(connection: Connection, error: MqttError | undefined): void;
  /** Its channel is closed: forget it. */
  connectionClosed(connection: Connection, cause: Error | undefined): void;
}

/**
 * One client's Network Connection: joins the channel, the two protocol engines, and the tenant it belongs to. Owns no rule of the
 * protocol and no routing; it carries answers from one to the other. Lifetime: from arrival to the end of the channel.
 */
export class Connection
  implements ServerSink, SenderOwner, ChannelHandler, Flushable, CommitListener, SessionConnection, Publisher
{
  readonly arrival: Arrival;
  readonly tenant: Tenant;
  readonly sender: Sender;
  readonly receiver: ServerConnection;
  /** Number in this process, for logs and the API. */
  readonly id: number;
  session: Session | undefined;
  /** The topic published last, and 0 or the Reason Code with which it is refused. */
  lastRoute: Route | undefined;
  lastRouteDenied = 0;
  /** Messages to this client that were dropped. */
  dropped = 0;
  flushedInTurn = 0;
  /** Wall time in ms of the CONNECT. */
  connectedAt = 0;
  private readonly environment: BrokerEnvironment;
  /** Bytes may be waiting in the transport: only then is their number asked for, which costs more than this field. */
  private isCongested = false;
  /** The session was given up already: a channel that closes after that has nothing to say. */
  private isDetached = false;
  private isWillDue = true;
  private authentication: AbortController | undefined;
  private closing: TimerHandle;
  private granted: readonly { subscription: Subscription; isNew: boolean }[] = [];

  constructor(environment: BrokerEnvironment, tenant: Tenant, arrival: Arrival, id: number) {
    this.environment = environment;
    this.tenant = tenant;
    this.arrival = arrival;
    this.id = id;
    this.sender = new Sender(this);
    this.receiver = new ServerConnection(this, this.sender, environment.limits, environment.clock.now());
    arrival.channel.handler = this;
  }

  get isOpen(): boolean {
    return this.receiver.isOpen;
  }

  /** Whether the transport holds more than that many bytes for this client. */
  holdsMoreThan(byteLimit: number): boolean {
    return this.isCongested && this.arrival.channel.bufferedBytes > byteLimit;
  }

  // ChannelHandler

  data(chunk: Uint8Array): void {
    this.environment.counters.bytesReceived += chunk.length;
    this.receiver.receive(chunk, this.environment.clock.now());
  }

  drained(): void {
    this.isCongested = false;
    if (!this.sender.blocked) return;
    this.sender.blocked = false;
    this.contain(() => this.sender.pump());
  }

  closed(cause: Error | undefined): void {
    this.receiver.channelClosed();
    this.authentication?.abort();
    this.environment.clock.clearTimer(this.closing);
    this.detach();
    this.environment.connectionClosed(this, cause);
  }

  // SenderOwner

  get committed(): number {
    return this.environment.storage.committed;
  }

  awaitCommit(): void {
    this.environment.commits.listen(this);
  }

  commitMoved(): void {
    if (this.isOpen) this.contain(() => this.sender.commitMoved());
  }

  write(bytes: Uint8Array): boolean {
    const { channel } = this.arrival;
    this.environment.counters.bytesSent += bytes.length;
    const isTaken = channel.write(bytes);
    if (!isTaken && channel.bufferedBytes > 0) {
      this.isCongested = true;
      if (channel.bufferedBytes > HIGH_WATER) this.sender.blocked = true;
    }
    return isTaken;
  }

  schedule(): void {
    this.environment.flushes.schedule(this);
  }

  entryMoved(entry: OutboundEntry): number {
    const { journal, counters } = this.environment;
    if (entry.state === OutboundState.AwaitingPubcomp) {
      const commit = journal.entryMoved(this.session!, entry);
      this.releaseMessage(entry);
      return commit;
    }
    counters.messagesSent++;
    return journal.entryMoved(this.session!, entry);
  }

  entryDone(entry: OutboundEntry, outcome: number): void {
    const { journal, counters } = this.environment;
    if (outcome === DROPPED_EXPIRED) counters.droppedExpired++;
    else if (outcome === DROPPED_TOO_LARGE) counters.droppedTooLarge++;
    else if (entry.qos === 0) counters.messagesSent++;
    journal.entryDone(this.session!, entry);
    this.releaseMessage(entry);
  }

  wallTime(): number {
    return this.environment.clock.wallTime();
  }

  // ServerSink

  connect(packet: ConnectPacket): ConnectAnswer | undefined {
    const clientIdentifier = clientIdentifierFor(packet);
    if (typeof clientIdentifier !== "string") return clientIdentifier;
    if (packet.properties?.authenticationMethod !== undefined) {
      // [MQTT-4.12.0-1]
      return refusal(
        ReasonCode.BadAuthenticationMethod,
        new MqttError("AUTH_METHOD", { reasonCode: ReasonCode.BadAuthenticationMethod }),
      );
    }
    const request = this.authRequest(packet, clientIdentifier);
    const result = this.environment.authenticator.authenticateNow(request);
    if (result !== undefined) return this.authenticated(packet, clientIdentifier, result);
    this.authentication = new AbortController();
    void this.askAuthenticator(packet, clientIdentifier, request, this.authentication.signal);
    return undefined;
  }

  authenticate(): ConnectAnswer {
    throw new MqttError("INTERNAL", { detail: "no authentication is under way" });
  }

  reauthenticate(): RefuseConnect {
    throw new MqttError("INTERNAL", { detail: "no authentication is under way" });
  }

  opened(): void {
    this.connectedAt = this.environment.clock.wallTime();
    this.environment.connectionOpened(this);
  }

  publish(chunk: Uint8Array, offsets: PublishOffsets): PublishAnswer {
    try {
      return this.tenant.router.publish(this, chunk, offsets);
    } catch (error) {
      if (!isReadOnly(error)) throw error;
      // A full disk: nothing was done with the message, and nothing is acknowledged that cannot be kept.
      this.environment.counters.publishesDenied += offsets.count;
      return -ReasonCode.QuotaExceeded;
    }
  }

  released(packetIdentifier: number): number {
    return this.environment.journal.inboundReleased(this.session!, packetIdentifier);
  }

  subscribe(packet: SubscribePacket): SubscribeAnswer | undefined {
    const { storage, access, limits } = this.environment;
    const granted = grantSubscriptions(packet, this.session!, this.tenant.router, access, storage, limits.maximumTopicLevels);
    this.granted = granted.added;
    return this.answerWhenKept(granted.commit, { reasonCodes: this.codes(granted.reasonCodes) }, "subscribe");
  }

  subscribed(): void {
    const { granted } = this;
    this.granted = [];
    for (const { subscription, isNew } of granted) this.tenant.router.sendRetained(subscription, isNew);
  }

  unsubscribe(packet: UnsubscribePacket): SubscribeAnswer | undefined {
    const removed = removeSubscriptions(packet, this.session!, this.tenant.router, this.environment.storage);
    // Before 5.0 UNSUBACK cannot say no, so it is not sent.
    if (this.sender.version !== 5 && removed.reasonCodes.includes(ReasonCode.UnspecifiedError))
      throw new MqttError("STORE_READ_ONLY");
    return this.answerWhenKept(removed.commit, { reasonCodes: removed.reasonCodes }, "unsubscribe");
  }

  pauseReading(): void {
    this.arrival.channel.pause();
  }

  resumeReading(): void {
    this.arrival.channel.resume();
  }

  disconnect(packet: DisconnectPacket): void {
    const session = this.session!;
    const expiryInterval = packet.properties?.sessionExpiryInterval;
    if (session.expiryInterval === 0 && expiryInterval !== undefined && expiryInterval > 0) {
      // Section 3.14.2.2.2: a Session that was to end with its connection cannot be prolonged now, and this is no DISCONNECT.
      const detail = "a Session Expiry Interval of 0 cannot be raised by DISCONNECT";
      throw new MqttError("PROTOCOL_ERROR", { reasonCode: ReasonCode.ProtocolError, source: "peer", detail });
    }
    // [MQTT-3.14.4-3]: only a normal disconnection discards the will.
    this.isWillDue = packet.reasonCode !== ReasonCode.NormalDisconnection;
    if (expiryInterval === undefined) return;
    session.expiryInterval = Math.min(expiryInterval, this.environment.limits.maximumSessionExpiryInterval);
  }

  close(error: MqttError | undefined): void {
    this.environment.connectionClosing(this, error);
    this.authentication?.abort();
    this.sender.flush();
    this.detach();
    const { channel } = this.arrival;
    channel.end();
    this.closing = this.environment.clock.setTimer(() => channel.destroy(), CLOSE_WITHIN_MS);
  }

  /** Another connection of the same Session came, [MQTT-3.1.4-3]. */
  takenOver(): void {
    this.end(new MqttError("TAKEOVER", { reasonCode: ReasonCode.SessionTakenOver, clause: "MQTT-3.1.4-3" }));
  }

  /** Ends the connection from our side. */
  end(error: MqttError, properties?: Properties): void {
    this.receiver.disconnect(error, properties);
  }

  private async askAuthenticator(
    packet: ConnectPacket,
    clientIdentifier: string,
    request: AuthRequest,
    signal: AbortSignal,
  ): Promise<void> {
    const result = await this.environment.authenticator.authenticate(request, signal);
    this.authentication = undefined;
    if (signal.aborted) return;
    this.contain(() => {
      const answer = this.authenticated(packet, clientIdentifier, result);
      if (answer !== undefined) this.receiver.answerConnect(answer);
    });
  }

  /** A fault of ours outside of `data`, which has its own guard, ends this connection and no other. */
  private contain(run: () => void): void {
    try {
      run();
    } catch (cause) {
      this.end(new MqttError("INTERNAL", { cause, reasonCode: ReasonCode.UnspecifiedError }));
    }
  }

  private authenticated(packet: ConnectPacket, clientIdentifier: string, result: AuthResult): ConnectAnswer | undefined {
    if (!result.allowed) {
      return refusal(
        result.reasonCode,
        new MqttError(connackCode(result.reasonCode), { reasonCode: result.reasonCode, detail: result.reason }),
      );
    }
    try {
      return this.openSession(packet, clientIdentifier, result.owner);
    } catch (error) {
      if (!isReadOnly(error)) throw error;
      return refusal(ReasonCode.ServerUnavailable, error);
    }
  }

  private openSession(packet: ConnectPacket, clientIdentifier: string, owner: string): ConnectAnswer | undefined {
    const { limits, commits } = this.environment;
    const opened = this.tenant.sessions.open(
      {
        owner,
        clientIdentifier,
        cleanStart: packet.cleanStart,
        expiryInterval: sessionExpiryOf(packet, limits),
        will: packet.will === undefined ? undefined : pendingWill(packet.will),
      },
      this,
    );
    this.session = opened.session;
    const answer: ConnectAnswer = {
      kind: "accept",
      session: opened.session.state,
      sessionPresent: opened.sessionPresent,
      properties: connackProperties(packet, clientIdentifier, limits),
      sendMaximum: Math.min(packet.properties?.receiveMaximum ?? 0xffff, limits.maximumInFlight),
      receiveMaximum: limits.receiveMaximum,
      topicAliasMaximum: limits.topicAliasMaximum,
      keepAlive: keepAliveFor(packet, limits),
    };
    if (opened.commit <= this.environment.storage.committed) return answer;
    commits.when(opened.commit, () => this.contain(() => this.receiver.answerConnect(answer)));
    return undefined;
  }

  private answerWhenKept(commit: number, answer: SubscribeAnswer, kind: "subscribe" | "unsubscribe"): SubscribeAnswer | undefined {
    const { commits, storage } = this.environment;
    if (commit <= storage.committed) return answer;
    const { receiver } = this;
    commits.when(commit, () => {
      this.contain(() => (kind === "subscribe" ? receiver.answerSubscribe(answer) : receiver.answerUnsubscribe(answer)));
    });
    return undefined;
  }

  /** 3.1.1 knows one failure, 0x80 (section 3.9.3 there). */
  private codes(reasonCodes: readonly number[]): readonly number[] {
    return this.sender.version === 5 ? reasonCodes : reasonCodes.map((code) => (code >= 0x80 ? 0x80 : code));
  }

  private authRequest(packet: ConnectPacket, clientIdentifier: string): AuthRequest {
    const { arrival } = this;
    return {
      tenant: this.tenant.name,
      username: packet.username,
      password: packet.password,
      clientIdentifier,
      transport: arrival.transport,
      remoteAddress: arrival.remoteAddress,
    };
  }

  private detach(): void {
    const { session } = this;
    if (this.isDetached || session === undefined) return;
    this.isDetached = true;
    this.tenant.sessions.detach(session, this.isWillDue);
  }

  private releaseMessage(entry: OutboundEntry): void {
    if (entry.tag instanceof KeptMessage) this.environment.journal.release(entry.tag);
    entry.tag = undefined;
  }
}

/** Bytes in the transport above which QoS 1 and 2 messages wait in the queue instead, where they are counted and bounded. */
const HIGH_WATER = 1_048_576;
/** A peer that does not take our last packet and close within this time is cut off. */
const CLOSE_WITHIN_MS = 1_000;

function refusal(reasonCode: number, error: MqttError): ConnectAnswer {
  return { kind: "refuse", reasonCode, error };
}

function isReadOnly(error: unknown): error is MqttError {
  return MqttError.is(error) && error.code === "STORE_READ_ONLY";
}
