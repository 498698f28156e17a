import {
  type AuthPacket,
  type ConnectPacket,
  type DisconnectPacket,
  MqttError,
  type Properties,
  type QoS,
  type SubscribePacket,
  type UnsubscribePacket,
} from "@bowline/protocol";
import {
  type ChannelHandler,
  type ConnectAnswer,
  DROPPED_EXPIRED,
  DROPPED_TOO_LARGE,
  Later,
  type OutboundEntry,
  OutboundState,
  type PublishAnswer,
  type PublishOffsets,
  type ReauthenticateAnswer,
  ReasonCode,
  Sender,
  type SenderOwner,
  ServerConnection,
  type ServerSink,
  type SubscribeAnswer,
  type TimerHandle,
} from "@bowline/protocol/internal";
import type { Denial } from "../acl/access-control.ts";
import type { Arrival } from "../listeners/arrival.ts";
import type { Journal } from "../messages/journal.ts";
import { KeptMessage } from "../messages/kept-message.ts";
import type { Route } from "../router/route.ts";
import type { Publisher } from "../router/publisher.ts";
import type { RoutingTurn } from "../router/routing-turn.ts";
import type { Session, Subscription } from "../sessions/session.ts";
import type { CommitListener } from "../storage/commit-queue.ts";
import type { Tenant } from "../tenants/tenant.ts";
import type { ClientObserver } from "../events/client-observer.ts";
import { Admission, type AdmissionEnvironment, type AdmissionHost } from "./admission.ts";
import { CommitWait } from "./commit-wait.ts";
import type { Flushable, FlushSchedule } from "./flush-schedule.ts";
import { quotaReached, tooDeep } from "./limit-denials.ts";
import { PublishRate } from "./publish-rate.ts";
import { becauseOf, explained, withReasonString } from "./reason-string.ts";
import {
  type FilterRefusal,
  type GrantedSubscriptions,
  grantSubscriptions,
  removeSubscriptions,
  unknownRights,
} from "./subscribe-rules.ts";

/** What a connection needs of its broker. */
export interface BrokerEnvironment extends AdmissionEnvironment {
  readonly journal: Journal;
  readonly flushes: FlushSchedule;
  /** Told of subscriptions; absent where nobody wants to know. */
  readonly observer: ClientObserver | undefined;
  /** The CONNACK went out. */
  connectionOpened(connection: Connection): void;
  /** We end it, or the client did; `error` undefined for a normal DISCONNECT. */
  connectionClosing(connection: Connection, error: MqttError | undefined): void;
  /** Something of ours threw where nobody but the log can be told. */
  faulted(connection: Connection, cause: unknown): void;
  /** Its channel is closed: forget it. */
  connectionClosed(connection: Connection, cause: Error | undefined): void;
}

/** Topic Filters of one SUBSCRIBE of which is told that they were denied: it may have very many. */
const DENIALS_TOLD = 20;
const NOTHING_GRANTED: readonly { subscription: Subscription; isNew: boolean }[] = [];

/**
 * One client's Network Connection: joins the channel, the two protocol engines, and the tenant it belongs to. Owns no rule of the
 * protocol and no routing; it carries answers from one to the other. Lifetime: from arrival to the end of the channel.
 */
export class Connection implements ServerSink, SenderOwner, ChannelHandler, Flushable, CommitListener, AdmissionHost, Publisher {
  readonly arrival: Arrival;
  readonly tenant: Tenant;
  readonly sender: Sender;
  readonly receiver: ServerConnection;
  /** Number in this process, for logs and the API. */
  readonly id: number;
  session: Session | undefined;
  principal = "";
  claimedIdentifier: string | undefined;
  claimedUser: string | undefined;
  stamp: Uint8Array | undefined;
  lastRoute: Route | undefined;
  lastRouteRefused = 0;
  refusedFor = "";
  flushedInTurn = 0;
  /** Wall time in ms of the CONNECT. */
  connectedAt = 0;
  private readonly environment: BrokerEnvironment;
  /** Bytes may be waiting in the transport: only then is their number asked for, which costs more than this field. */
  isCongested = false;
  /** It does not read what it asks for, and its end is on the way. */
  private isDeaf = false;
  /** The session was given up already: a channel that closes after that has nothing to say. */
  private isDetached = false;
  private isWillDue = false;
  /** Undefined once the client is let in, where nothing can come of it any more. */
  private admission: Admission | undefined;
  private closing: TimerHandle;
  /** Undefined where no rate is set: then a message costs the look at this field. */
  private rate: PublishRate | undefined;
  private rateTimer: TimerHandle;
  /** A PUBLISH waits until storage has kept more. */
  private awaitsStorage = false;
  /** A SUBACK or UNSUBACK that waits for its commit; undefined while there is none. */
  private keeping: CommitWait | undefined;
  private granted: readonly { subscription: Subscription; isNew: boolean }[] = NOTHING_GRANTED;

  constructor(environment: BrokerEnvironment, tenant: Tenant, arrival: Arrival, id: number) {
    this.environment = environment;
    this.tenant = tenant;
    this.arrival = arrival;
    this.id = id;
    this.admission = new Admission(environment, this);
    this.sender = new Sender(this);
    this.receiver = new ServerConnection(this, this.sender, tenant.limits, environment.clock.now());
    arrival.channel.handler = this;
  }

  /** PUBLISH packets that were refused or dropped because it was over its rate. */
  get publishesRefused(): number {
    return this.rate?.refused ?? 0;
  }

  get isOpen(): boolean {
    return this.receiver.isOpen;
  }

  /** Ends it when a deadline has passed. */
  tick(now: number): void {
    // Not by `contain`: of all connections each second that would be a closure.
    try {
      this.receiver.tick(now);
    } catch (cause) {
      this.fail(cause);
    }
  }

  /** Whether the transport holds more than that many bytes for this client. */
  holdsMoreThan(byteLimit: number): boolean {
    return this.isCongested && this.arrival.channel.bufferedBytes > byteLimit;
  }

  // ChannelHandler

  data(chunk: Uint8Array): void {
    this.tenant.counters.bytesReceived += chunk.length;
    const now = this.environment.clock.now();
    if (this.rate !== undefined) this.rate.now = now;
    this.receiver.receive(chunk, now);
  }

  drained(): void {
    this.isCongested = false;
    if (!this.sender.blocked) return;
    this.sender.blocked = false;
    this.contain(() => this.sender.pump());
  }

  closed(cause: Error | undefined): void {
    if (this.tenant.limits.deviations.closeFrameDiscardsWill && this.arrival.isClosedByFrame?.() === true) this.isWillDue = false;
    this.receiver.channelClosed();
    this.admission?.abort();
    this.keeping?.stop();
    this.environment.clock.clearTimer(this.closing);
    this.environment.clock.clearTimer(this.rateTimer);
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
    if (!this.isOpen) return;
    this.contain(() => this.sender.commitMoved());
    if (!this.awaitsStorage) return;
    this.awaitsStorage = false;
    this.contain(() => this.receiver.retryPublish());
  }

  awaitStorage(): void {
    this.awaitsStorage = true;
    this.awaitCommit();
  }

  awaitTurn(turn: RoutingTurn): void {
    this.environment.clock.setTimer(() => {
      // Each that waits gets on by a route at least, whatever the others cost.
      turn.begin();
      this.contain(() => this.receiver.retryPublish());
    }, 0);
  }

  write(bytes: Uint8Array): boolean {
    const { channel } = this.arrival;
    this.tenant.counters.bytesSent += bytes.length;
    const isTaken = this.hand(bytes);
    if (!isTaken && channel.bufferedBytes > 0) {
      this.isCongested = true;
      if (channel.bufferedBytes > HIGH_WATER) this.block(channel.bufferedBytes);
    }
    return isTaken;
  }

  /**
   * Messages wait or are dropped from here on. Answers do neither: one who asks and does not read them is let go before they fill the
   * memory, and not from here, since whoever wrote is in the middle of it.
   */
  private block(held: number): void {
    this.sender.blocked = true;
    const { maximumBufferedBytes, maximumPacketSize } = this.tenant.limits;
    if (this.isDeaf || held <= maximumBufferedBytes + maximumPacketSize + HIGH_WATER) return;
    this.isDeaf = true;
    this.tenant.counters.slowDisconnected++;
    const error = new MqttError("QUOTA", { reasonCode: ReasonCode.QuotaExceeded, source: "local", detail: UNREAD });
    this.environment.clock.setTimer(() => this.end(error), 0);
  }

  /** A channel that throws is cut, so that whoever wrote (another client's connection, it may be) notices nothing. */
  private hand(bytes: Uint8Array): boolean {
    const { channel } = this.arrival;
    try {
      return channel.write(bytes);
    } catch (cause) {
      this.environment.faulted(this, cause);
      channel.destroy();
      return false;
    }
  }

  schedule(): void {
    this.environment.flushes.schedule(this);
  }

  entryMoved(entry: OutboundEntry): number {
    const { journal } = this.environment;
    const { counters } = this.tenant;
    if (entry.state === OutboundState.AwaitingPubcomp) {
      const commit = journal.entryMoved(this.session!, entry);
      this.releaseMessage(entry);
      return commit;
    }
    counters.messagesSent++;
    return journal.entryMoved(this.session!, entry);
  }

  entryDone(entry: OutboundEntry, outcome: number): void {
    const { journal } = this.environment;
    const { counters, drops } = this.tenant;
    if (outcome === DROPPED_EXPIRED) drops.count(this.session!, "expired");
    else if (outcome === DROPPED_TOO_LARGE) drops.count(this.session!, "tooLarge");
    else if (entry.qos === 0) counters.messagesSent++;
    journal.entryDone(this.session!, entry);
    this.releaseMessage(entry);
  }

  wallTime(): number {
    return this.environment.clock.wallTime();
  }

  // AdmissionHost

  answerConnect(answer: ConnectAnswer): void {
    this.receiver.answerConnect(explained(answer)!);
  }

  answerReauthenticate(answer: ReauthenticateAnswer): void {
    this.receiver.answerReauthenticate(answer);
  }

  // ServerSink

  connect(packet: ConnectPacket): ConnectAnswer | undefined {
    return explained(this.admission!.connect(packet));
  }

  authenticate(packet: AuthPacket): ConnectAnswer | undefined {
    return explained(this.admission!.authenticate(packet));
  }

  reauthenticate(packet: AuthPacket): ReauthenticateAnswer | undefined {
    return this.admission!.reauthenticate(packet);
  }

  opened(): void {
    if (this.admission!.opened()) this.admission = undefined;
    this.arrival.admitted?.();
    // Before the CONNACK the CONNECT was not accepted, and its Will is nobody's ([MQTT-3.1.2-7]).
    this.isWillDue = true;
    this.connectedAt = this.environment.clock.wallTime();
    this.ratesChanged();
    this.environment.connectionOpened(this);
  }

  /** What it may publish is another from now on; what waits is asked about again when its time has come. */
  ratesChanged(): void {
    const { limits, allowance } = this.tenant;
    const hasRate = limits.publishesPerSecond > 0 || limits.publishBytesPerSecond > 0 || allowance !== undefined;
    this.rate = hasRate ? new PublishRate(limits, allowance, this.environment.clock.now()) : undefined;
  }

  publish(chunk: Uint8Array, offsets: PublishOffsets): PublishAnswer {
    try {
      return this.rate === undefined ? this.route(chunk, offsets) : this.publishAtRate(this.rate, chunk, offsets);
    } catch (error) {
      if (!isReadOnly(error)) {
        // It ends the connection; the message was not taken over, and must be routed when it is sent again.
        if (offsets.qos === 2) this.session!.state.inbound.delete(offsets.packetIdentifier);
        throw error;
      }
      // A full disk: nothing was done with the message, and nothing is acknowledged that cannot be kept.
      this.tenant.counters.publishesDenied += offsets.count;
      this.refusedFor = "the server can store nothing at the moment";
      return -ReasonCode.QuotaExceeded;
    }
  }

  /** [v3 MQTT-3.3.5-2]: before 5.0 it is acknowledged all the same, or the connection is closed. */
  private denied(answer: PublishAnswer, { qos, retain, count }: PublishOffsets): PublishAnswer {
    const limit = this.limitBehind(-answer);
    const isTold = this.sender.version === 5 && qos > 0;
    this.environment.observer?.denied(this, {
      action: "publish",
      topic: this.lastRoute!.topicName,
      qos,
      retain,
      reasonCode: isTold ? -answer : undefined,
      times: count,
      ...(limit === undefined ? {} : { limit }),
    });
    if (limit !== undefined) return answer;
    return this.sender.version !== 5 && this.tenant.limits.deviations.acknowledgesDenied ? 0 : answer;
  }

  /** The limit that refused the last PUBLISH; undefined where it was a right. */
  private limitBehind(reasonCode: number): Denial | undefined {
    if (reasonCode === ReasonCode.TopicNameInvalid) return tooDeep(this.tenant.limits, "TOPIC_NAME");
    return reasonCode === ReasonCode.QuotaExceeded ? quotaReached(this.refusedFor) : undefined;
  }

  private route(chunk: Uint8Array, offsets: PublishOffsets): PublishAnswer {
    const { router } = this.tenant;
    const answer =
      this.stamp === undefined ? router.publish(this, chunk, offsets) : router.publishStamped(this, chunk, offsets, this.stamp);
    return answer < Later ? this.denied(answer, offsets) : answer;
  }

  /** Over its rate a client is not read from for a while, then refused. */
  private publishAtRate(rate: PublishRate, chunk: Uint8Array, offsets: PublishOffsets): PublishAnswer {
    const { clock } = this.environment;
    const { counters } = this.tenant;
    const answer = rate.ask(rate.now);
    if (answer === 0) {
      // A burst on one topic is no single message.
      if (offsets.count > 1) offsets.shortenRun(Math.min(offsets.count, rate.fitting(offsets.payloadEnd - offsets.packetStart)));
      const bytes = offsets.packetEnd - offsets.packetStart;
      rate.take(offsets.count, bytes);
      const published = this.route(chunk, offsets);
      if (published === Later) rate.giveBack(offsets.count, bytes);
      return published;
    }
    if (answer < 0) {
      rate.refused += offsets.count;
      counters.publishesDenied += offsets.count;
      counters.publishesOverRate += offsets.count;
      this.refusedFor = rate.whyRefused;
      return -ReasonCode.QuotaExceeded;
    }
    counters.publishersSlowed++;
    clock.clearTimer(this.rateTimer);
    this.rateTimer = clock.setTimer(() => {
      rate.now = clock.now();
      this.contain(() => this.receiver.retryPublish());
    }, answer);
    return Later;
  }

  asksFirst(topicName: string, { qos, retain }: PublishOffsets): boolean {
    const pending = this.session!.rights.unknown?.("publish", topicName, qos, retain);
    if (pending === undefined) return false;
    void pending.then(() => this.contain(() => this.receiver.retryPublish()));
    return true;
  }

  explainDenial({ qos, retain }: PublishOffsets, reasonCode: number): Properties | undefined {
    const limit = this.limitBehind(reasonCode);
    if (limit !== undefined) return becauseOf([`${limit.code}: ${limit.reason}`]).properties;
    if (reasonCode !== ReasonCode.NotAuthorized || this.lastRoute === undefined) return undefined;
    const why = this.session!.rights.whyNot?.(this.lastRoute.topicName, qos, retain);
    return why === undefined ? undefined : becauseOf([`NOT_AUTHORIZED: ${why}`]).properties;
  }

  released(packetIdentifier: number): number {
    return this.environment.journal.inboundReleased(this.session!, packetIdentifier);
  }

  subscribe(packet: SubscribePacket): SubscribeAnswer | undefined {
    const pending = unknownRights(packet, this.session!);
    if (pending === undefined) return this.grant(packet);
    void pending.then(() => this.grantLater(packet));
    return undefined;
  }

  private grantLater(packet: SubscribePacket, before?: GrantedSubscriptions): void {
    this.contain(() => {
      const answer = this.isOpen ? this.grant(packet, before) : undefined;
      if (answer !== undefined) this.receiver.answerSubscribe(answer);
    });
  }

  private grant(packet: SubscribePacket, before?: GrantedSubscriptions): SubscribeAnswer | undefined {
    const { environment, sender, session, tenant } = this;
    const granted = grantSubscriptions(packet, session!, sender.version, tenant, environment.storage, before);
    if (granted.reasonCodes.length < packet.subscriptions.length) {
      environment.clock.setTimer(() => this.grantLater(packet, granted), 0);
      return undefined;
    }
    this.granted = granted.added;
    this.tenant.counters.subscriptionsRefused += granted.overLimit;
    this.tenant.counters.topicsTooDeep += granted.tooDeep;
    const { refusals } = granted;
    const answer = { reasonCodes: this.codes(granted.reasonCodes), ...becauseOf(refusals.map(({ why }) => why)) };
    this.tellDenied(packet, refusals, answer.reasonCodes);
    return this.answerWhenKept(granted.commit, answer, "subscribe");
  }

  withheld(topic: string, topicFilter: string, qos: QoS, times: number): void {
    const denied = { action: "receive", topic, topicFilter, qos, retain: false, reasonCode: undefined, times } as const;
    this.environment.observer?.denied(this, denied);
  }

  private tellDenied({ subscriptions }: SubscribePacket, refusals: readonly FilterRefusal[], told: readonly number[]): void {
    for (const { place, limit } of refusals.slice(0, DENIALS_TOLD)) {
      const { topicFilter: topic, qos } = subscriptions[place]!;
      const denied = { action: "subscribe", topic, qos, retain: false, reasonCode: told[place], times: 1 } as const;
      this.environment.observer?.denied(this, limit === undefined ? denied : { ...denied, limit });
    }
  }

  subscribed(): void {
    const { granted } = this;
    this.granted = NOTHING_GRANTED;
    const later = (run: () => void): void => void this.environment.clock.setTimer(() => this.contain(run), 0);
    for (const { subscription, isNew } of granted) this.tenant.router.sendRetained(subscription, isNew, later);
    this.environment.observer?.subscribed(
      this,
      granted.map(({ subscription }) => subscription.topicFilter),
    );
  }

  unsubscribe(packet: UnsubscribePacket): SubscribeAnswer | undefined {
    const removed = removeSubscriptions(packet, this.session!, this.tenant.router, this.environment.storage);
    // Before 5.0 UNSUBACK cannot say no, so it is not sent.
    if (this.sender.version !== 5 && removed.reasonCodes.includes(ReasonCode.UnspecifiedError))
      throw new MqttError("STORE_READ_ONLY");
    this.environment.observer?.unsubscribed(
      this,
      packet.topicFilters.filter((_, i) => removed.reasonCodes[i] === ReasonCode.Success),
    );
    return this.answerWhenKept(removed.commit, { reasonCodes: removed.reasonCodes }, "unsubscribe");
  }

  pauseReading(): void {
    this.arrival.channel.pause();
  }

  resumeReading(): void {
    this.arrival.channel.resume();
  }

  disconnect(packet: DisconnectPacket): void {
    const { session } = this;
    // In the middle of its authentication it has none.
    if (session === undefined) return;
    const expiryInterval = packet.properties?.sessionExpiryInterval;
    if (session.expiryInterval === 0 && expiryInterval !== undefined && expiryInterval > 0) {
      // Section 3.14.2.2.2: a Session that was to end with its connection cannot be prolonged now, and this is no DISCONNECT.
      const detail = "a Session Expiry Interval of 0 cannot be raised by DISCONNECT";
      throw new MqttError("PROTOCOL_ERROR", { reasonCode: ReasonCode.ProtocolError, source: "peer", detail });
    }
    // [MQTT-3.14.4-3]: only a normal disconnection discards the will.
    this.isWillDue = packet.reasonCode !== ReasonCode.NormalDisconnection;
    if (expiryInterval === undefined) return;
    session.expiryInterval = Math.min(expiryInterval, this.tenant.limits.maximumSessionExpiryInterval);
  }

  close(error: MqttError | undefined): void {
    this.environment.connectionClosing(this, error);
    this.admission?.abort();
    this.keeping?.stop();
    this.sender.flush();
    this.detach();
    this.arrival.channel.end(error === undefined);
    this.closing = this.environment.clock.setTimer(() => this.cutIfStuck(), LAST_BYTES_WITHIN_MS);
  }

  forgetRoute(): void {
    this.lastRoute = undefined;
  }

  /** Another connection of the same Session came, [MQTT-3.1.4-3]. */
  takenOver(): void {
    this.end(new MqttError("TAKEOVER", { reasonCode: ReasonCode.SessionTakenOver, clause: "MQTT-3.1.4-3" }));
  }

  /** Ends the connection from our side. */
  end(error: MqttError, properties?: Properties): void {
    this.receiver.disconnect(error, withReasonString(error, properties));
  }

  /** A fault of ours outside of `data`, which has its own guard, ends this connection and no other. */
  contain(run: () => void): void {
    try {
      run();
    } catch (cause) {
      this.fail(cause);
    }
  }

  private fail(cause: unknown): void {
    this.end(new MqttError("INTERNAL", { cause, reasonCode: ReasonCode.UnspecifiedError }));
  }

  private answerWhenKept(commit: number, answer: SubscribeAnswer, kind: "subscribe" | "unsubscribe"): SubscribeAnswer | undefined {
    const { environment, receiver } = this;
    if (commit <= environment.storage.committed) return answer;
    const kept = (): void => {
      this.keeping = undefined;
      this.contain(() => (kind === "subscribe" ? receiver.answerSubscribe(answer) : receiver.answerUnsubscribe(answer)));
    };
    // Neither a yes nor a no would be true of what comes after a crash; without an answer a client asks again.
    const late = (): void =>
      this.end(new MqttError("STORE_READ_ONLY", { reasonCode: ReasonCode.ServerBusy, detail: "the disk does not keep up" }));
    this.keeping = new CommitWait(environment, commit, kept, late);
    return undefined;
  }

  /** 3.1.1 knows one failure, 0x80 (section 3.9.3 there). */
  private codes(reasonCodes: readonly number[]): readonly number[] {
    return this.sender.version === 5 ? reasonCodes : reasonCodes.map((code) => (code >= 0x80 ? 0x80 : code));
  }

  /** The peer has not taken our last packet: it will not. One that has may take a moment longer to close. */
  private cutIfStuck(): void {
    const { channel } = this.arrival;
    if (channel.bufferedBytes > 0) channel.destroy();
    else this.closing = this.environment.clock.setTimer(() => channel.destroy(), CLOSE_WITHIN_MS);
  }

  private detach(): void {
    const { session } = this;
    if (this.isDetached || session === undefined) return;
    this.isDetached = true;
    try {
      this.tenant.sessions.detach(session, this.isWillDue);
    } catch (cause) {
      this.environment.faulted(this, cause);
    }
  }

  private releaseMessage(entry: OutboundEntry): void {
    if (entry.tag instanceof KeptMessage) this.environment.journal.release(entry.tag);
    entry.tag = undefined;
  }
}

/** Bytes in the transport above which QoS 1 and 2 messages wait in the queue instead, where they are counted and bounded. */
const HIGH_WATER = 1_048_576;
const UNREAD = "it does not read the answers to what it asks (maximumBufferedBytes)";
/** A peer that does not take our last packet within this time is cut off, and so is one that has it and does not close. */
const LAST_BYTES_WITHIN_MS = 100;
const CLOSE_WITHIN_MS = 900;

function isReadOnly(error: unknown): error is MqttError {
  return MqttError.is(error) && error.code === "STORE_READ_ONLY";
}
