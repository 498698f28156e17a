import { platform } from "#platform";
import {
  type AuthPacket,
  MqttError,
  type ConnackPacket,
  type ProtocolVersion,
  type SubackPacket,
  type UnsubackPacket,
} from "@bowline/protocol";
import {
  type ClientConnection,
  type Clock,
  encodeFromClientToBytes,
  type FrameObserver,
  type OutboundEntry,
  type PublishOffsets,
  PublishSource,
  type TimerHandle,
} from "@bowline/protocol/internal";
import { AcknowledgementWatch } from "./acknowledgement-watch.ts";
import { checkedFilters, checkQos, publishProperties } from "./application-input.ts";
import { attemptFailed, connectionEnded } from "./aftermath.ts";
import { Attempts } from "./attempts.ts";
import type { Authentication } from "./authentication.ts";
import type { Authenticating, Authenticator } from "./authenticator.ts";
import type { Client, ClientEvents } from "./client.ts";
import type { ClientState } from "./client-state.ts";
import { isStored, keepsSession, maximumPacketSize } from "./connect-packet.ts";
import { askCredentials, renewalDelay } from "./credentials.ts";
import { Emitter } from "./emitter.ts";
import { InboundMessage } from "./inbound-message.ts";
import type { Message } from "./message.ts";
import { type ConnectionEnd, type ConnectionOwner, NetworkConnection } from "./network-connection.ts";
import type {
  ConnectOptions,
  Credentials,
  MessageHandler,
  Payload,
  PublishOptions,
  RequestOptions,
  SubscribeOptions,
} from "./options.ts";
import { Outbox, type OutboxOwner } from "./outbox.ts";
import { abortOf, aborted, onAbort } from "./on-abort.ts";
import { onDemand } from "./on-demand.ts";
import { payloadBytes } from "./payload-bytes.ts";
import { PendingPublication, type Publication, sentPublication } from "./publication.ts";
import { watchPage } from "./page-life.ts";
import { randomClientId } from "./random-client-id.ts";
import { publishFault } from "./server-limits.ts";
import type { AttemptFailure, OnlineStatus, Status } from "./status.ts";
import { Subscriber, type SubscriberOwner } from "./subscriber.ts";
import type { Subscription } from "./subscription.ts";
import { SubscriptionRegistry } from "./subscription-registry.ts";
import { systemClock } from "./system-clock.ts";
import { topicBytes } from "./topic-bytes.ts";

const NO_OPTIONS: PublishOptions = {};
const EMPTY: Uint8Array = new Uint8Array(0);
/** More would be memory for topics that nobody sends again. */
const ALIASES_USED = 256;
/** Filled and read within one synchronous call, so one for the process is enough. */
const source: PublishSource = new PublishSource();

/**
 * The client: one status, one connection at a time, and what outlives connections (outbox, subscriptions, attempts).
 * Transitions: connecting -> online | waiting | failed; online -> connecting (planned) | waiting | failed; waiting -> connecting;
 * failed -> connecting by `reconnect()`; every one -> closed, which is final.
 */
export class ClientCore
  extends Emitter<ClientEvents>
  implements Client, ClientState, ConnectionOwner, OutboxOwner, SubscriberOwner
{
  status: Status = { state: "connecting", attempt: 1 };
  clientId: string;
  failedPublications = 0;
  gaps = 0;
  private readonly url: string;
  readonly options: ConnectOptions;
  readonly clock: Clock;
  readonly outbox: Outbox;
  readonly registry: SubscriptionRegistry = new SubscriptionRegistry();
  readonly attempts: Attempts;
  authenticator: Authenticator | undefined;
  received: FrameObserver | undefined = undefined;
  sending: ((bytes: Uint8Array) => void) | undefined = undefined;
  connection: NetworkConnection | undefined;
  /** Sockets on their way out, which `close` waits for. */
  private readonly leaving = new Set<Promise<void>>();
  controller: AbortController = new AbortController();
  retryTimer: TimerHandle;
  private renewalTimer: TimerHandle;
  /** When the attempt began, or when the connection came about. */
  since = 0;
  lastFailure: AttemptFailure | undefined;
  previousAgesMs: readonly number[] = [];
  private readonly congestedBy = new Set<Subscriber>();
  private readonly requester = onDemand(async () => new (await import("./requester.ts")).Requester(this, this.clock));
  private readonly log = onDemand(() => import("./packet-log.ts"));
  private readonly authentications = onDemand(() => import("./authenticator.ts"));
  private readonly stores = onDemand(() => import("./store/open-keeper.ts"), "STORE_FAILED", "storage");
  private readonly renewal = onDemand(async () => new (await import("./renewal.ts")).Renewal(this));
  private closing: Promise<void> | undefined;
  private endDrain: (() => void) | undefined;
  private readonly offHost: () => void;
  /** When the host woke up last. */
  wokeAt: number = Number.NEGATIVE_INFINITY;
  /** The page is about to go or to stop, and nothing can be waited for. */
  isHidden = false;

  constructor(url: string, options: ConnectOptions) {
    super();
    platform.prepare(url, options);
    this.url = url;
    this.options = options;
    this.clock = options.clock ?? systemClock;
    const random = options.random ?? Math.random;
    this.clientId = options.session?.clientId ?? randomClientId(random);
    this.attempts = new Attempts(url, options, random);
    this.outbox = new Outbox(options.outbox ?? {}, this, isStored(options));
    // What is wrong with the input is thrown where it was given.
    const { credentials = {} } = options;
    const fixed = typeof credentials === "function" ? {} : credentials;
    if (fixed === null || typeof fixed !== "object") throw new MqttError("OPTION_INVALID", { detail: "credentials" });
    if (fixed.url !== undefined) throw new MqttError("OPTION_INVALID", { detail: "credentials.url beside the URL of connect" });
    const authentication = fixed.authentication && { authenticationMethod: fixed.authentication.method };
    const { connect } = this.attempts.prepare(this.clientId, fixed, authentication);
    encodeFromClientToBytes(connect, connect.protocolVersion);
    this.offHost = watchPage(this);
    this.begin();
  }

  // What the application asks.

  get bufferedAmount(): number {
    return this.outbox.queuedBytes + (this.connection?.bufferedBytes ?? 0);
  }

  async online({ signal }: { signal?: AbortSignal } = {}): Promise<OnlineStatus> {
    const { status, endError } = this;
    if (status.state === "online" && this.connection !== undefined) return status;
    const error = abortOf(signal) ?? endError;
    if (error !== undefined) throw error;
    return new Promise((resolve, reject) => {
      const done = (): void => {
        offStatus();
        offSignal();
      };
      const offStatus = this.on("status", (next) => {
        if (next.state === "online") resolve(next);
        else if (this.endError !== undefined) reject(this.endError);
        else return;
        done();
      });
      const offSignal = onAbort(signal, () => {
        reject(aborted(signal));
        done();
      });
    });
  }

  publish(topicName: string, payload?: Payload, options: PublishOptions = NO_OPTIONS): Publication {
    const topic = topicBytes(topicName);
    const body = payloadBytes(payload);
    const { qos = 0, retain = false, messageExpiryInterval, signal } = options;
    const properties = options === NO_OPTIONS ? undefined : publishProperties(options, this.version);
    const sender = this.connection?.sender;
    const isPlain = qos === 0 && !retain && messageExpiryInterval === undefined && !signal?.aborted;
    if (isPlain && sender?.ready === true && this.closing === undefined) {
      source.topic.set(topic, 0, topic.length);
      source.payload.set(body, 0, body.length);
      source.properties.set(properties ?? EMPTY, 0, properties?.length ?? 0);
      source.messageExpiryInterval = -1;
      if (sender.publishAtMostOnce(source, false)) return sentPublication;
    }
    const expiresAt = messageExpiryInterval === undefined ? 0 : this.clock.wallTime() + messageExpiryInterval * 1000;
    const publication = new PendingPublication(topic, body, qos, retain, properties, expiresAt);
    this.accept(publication, signal);
    return publication;
  }

  subscribe(topicFilters: string | readonly string[], options: SubscribeOptions = {}, handler?: MessageHandler): Subscription {
    const filters = checkedFilters(topicFilters);
    // A handler in their place would be silence.
    if (typeof options !== "object") throw new MqttError("OPTION_INVALID", { detail: "options come before the handler" });
    checkQos(options.qos);
    const subscriber = new Subscriber(filters, options, handler, this);
    const error = this.refusal ?? abortOf(options.signal);
    if (error === undefined) this.registry.add(subscriber);
    else subscriber.end(error);
    return subscriber;
  }

  async request(topicName: string, payload?: Payload, options: RequestOptions = {}): Promise<Message> {
    if (this.version !== 5) throw new MqttError("UNSUPPORTED_IN_V3", { detail: "request" });
    return (await this.requester()).request(topicName, payload, options);
  }

  async reauthenticate({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    return (await this.renewal()).reauthenticate(signal);
  }

  reconnect(): void {
    const { state } = this.status;
    if (state === "failed") this.attempts.restart();
    if (state === "failed" || state === "waiting") this.begin();
  }

  close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  abort(): Promise<void> {
    void this.connection?.destroy();
    const done = this.finish();
    this.closing ??= done;
    return done;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  // What the connection tells.

  accepted(engine: ClientConnection, packet: ConnackPacket, taken: readonly OutboundEntry[]): Promise<void> | void {
    const proof = this.authenticator?.accepted(packet.properties ?? {});
    if (proof === undefined) this.opened(engine, packet, taken);
    // When it does not come, the connection has been ended.
    else return proof.then(() => engine.isOpen && this.opened(engine, packet, taken)).then(() => undefined);
  }

  private opened(engine: ClientConnection, packet: ConnackPacket, taken: readonly OutboundEntry[]): void {
    const { sessionPresent, properties = {} } = packet;
    const isReturn = this.attempts.policy.wasOnline;
    this.attempts.accepted();
    this.since = this.clock.now();
    this.clientId = properties.assignedClientIdentifier ?? this.clientId;
    // The server may have delivered these or not, and to send them again could deliver them twice (section 4.3.3).
    for (const entry of taken) this.outbox.lost(entry as PendingPublication, this.openSender);
    this.outbox.refuse((publication) => publishFault(publication, properties));
    const { keeper } = this.outbox;
    const isGap = !sessionPresent && (isReturn ? this.registry.subscribers.size > 0 : keeper?.hadSubscriptions === true);
    keeper?.connected(this.clientId, sessionPresent);
    this.registry.connected(engine, packet, this.version);
    const status: OnlineStatus = { state: "online", sessionPresent, clientId: this.clientId, properties };
    this.scheduleRenewal();
    this.setStatus(status);
    if (!isGap) return;
    this.gaps++;
    this.emit("gap", status);
  }

  message(topicName: string, chunk: Uint8Array, offsets: PublishOffsets): number {
    const message = new InboundMessage(topicName, chunk, offsets);
    if (this.has("message")) this.emit("message", message);
    this.registry.deliver(message);
    return this.connection === undefined ? 0 : message.ticketFrom(this.connection);
  }

  subscribed(packet: SubackPacket): void {
    this.registry.subscribed(packet);
  }

  unsubscribed(packet: UnsubackPacket): void {
    this.registry.unsubscribed(packet);
  }

  entryDone(entry: OutboundEntry, outcome: number): void {
    this.outbox.done(entry as PendingPublication, outcome, this.openSender);
    if (this.outbox.isEmpty) this.endDrain?.();
  }

  authenticating(packet: AuthPacket): void {
    this.authenticator?.received(packet);
  }

  ended(end: ConnectionEnd): void {
    connectionEnded(this, end);
  }

  // What outbox and subscribers tell.

  drained(): void {
    this.emit("drain", undefined);
  }

  failedUnheard(publication: PendingPublication, error: MqttError): void {
    this.failedPublications++;
    this.emit("publishFailed", { publication, error });
  }

  remove(subscriber: Subscriber): Promise<void> {
    this.congested(subscriber, false);
    return this.registry.remove(subscriber);
  }

  congested(subscriber: Subscriber, isCongested: boolean): void {
    if (isCongested) this.congestedBy.add(subscriber);
    else this.congestedBy.delete(subscriber);
    if (this.congestedBy.size > 0) this.connection?.pauseReading();
    else this.connection?.resumeReading();
  }

  // The way through the states.

  begin(): void {
    this.clock.clearTimer(this.retryTimer);
    this.since = this.clock.now();
    this.setStatus({ state: "connecting", attempt: this.attempts.policy.failures + 1 });
    this.ask(
      (credentials) => this.enter(credentials),
      (error) => attemptFailed(this, error),
    );
  }

  /** Asks for credentials, unless the client ends first. */
  ask(onAnswer: (credentials: Credentials) => void, onError: (error: unknown) => void): void {
    const controller = new AbortController();
    this.controller = controller;
    this.follow(this.askFor(controller), onAnswer, onError);
  }

  /** Goes on with what comes, unless the client ended or took another way meanwhile. */
  follow<T>(given: Promise<T>, goOn: (value: T) => void, failed = (error: unknown): void => attemptFailed(this, error)): void {
    const { controller } = this;
    const isCurrent = (): boolean => this.controller === controller && this.endError === undefined;
    given.then((value) => isCurrent() && goOn(value)).catch((error: unknown) => isCurrent() && failed(error));
  }

  async askFor(controller: AbortController): Promise<Credentials> {
    const { credentials, connectTimeoutMs = 30_000, onPacket } = this.options;
    const request = { attempt: this.attempts.policy.failures + 1, lastFailure: this.lastFailure };
    if (onPacket !== undefined && this.received === undefined) await this.openLog(onPacket);
    if (this.outbox.isKept && this.outbox.keeper === undefined) await this.leave(this.openStore(connectTimeoutMs));
    return askCredentials(credentials, request, controller, this.clock, connectTimeoutMs);
  }

  /** A log that cannot be loaded now is missing from this attempt, and is tried again at the next. */
  private async openLog(show: NonNullable<ConnectOptions["onPacket"]>): Promise<void> {
    try {
      const { PacketLog } = await this.log();
      const { received, sending } = new PacketLog(show);
      this.received = received;
      this.sending = sending;
    } catch {
      // The connection matters more.
    }
  }

  private async openStore(limitMs: number): Promise<void> {
    const { options, outbox } = this;
    // It may be the one that we let go just now.
    await Promise.all(this.leaving);
    const { openKeeper } = await this.stores();
    const keeper = await openKeeper(this.url, options, outbox, this.clientId, this.clock, limitMs);
    if (this.endError !== undefined) {
      await keeper.close();
      return;
    }
    outbox.keeper = keeper;
    this.clientId = keeper.clientId;
    this.registry.keep(keeper);
  }

  /** What is in the store stays there. */
  private closeStore(): void {
    const { keeper } = this.outbox;
    this.outbox.keeper = undefined;
    if (keeper !== undefined) void this.leave(keeper.close());
  }

  /** Something on its way out, which `close` waits for. */
  private leave(done: Promise<void>): Promise<void> {
    const settled = done.then(
      () => undefined,
      () => undefined,
    );
    this.leaving.add(settled);
    void settled.then(() => this.leaving.delete(settled));
    return done;
  }

  /** Dials, after the beginning of an authentication where there is one. */
  enter(credentials: Credentials): void {
    const { authentication } = credentials;
    if (authentication === undefined || this.version !== 5) {
      this.dial(credentials, undefined);
      return;
    }
    const begun = this.beginAuthentication(authentication);
    this.follow(begun, (authenticating) => this.dial(credentials, authenticating));
  }

  /** An enhanced authentication that has begun: properties of the CONNECT, and what goes on with them. */
  private async beginAuthentication(authentication: Authentication): Promise<Authenticating> {
    const { signal } = this.controller;
    const { beginAuthentication } = await this.authentications();
    return beginAuthentication(authentication, signal, this.clock, this.options.connectTimeoutMs ?? 30_000);
  }

  private dial(credentials: Credentials, authenticating: Authenticating | undefined): void {
    const { options, attempts, lastFailure } = this;
    if (lastFailure !== undefined && attempts.haveRefused(credentials)) {
      attemptFailed(this, lastFailure.error, lastFailure.hints);
      return;
    }
    const attempt = attempts.prepare(this.clientId, credentials, authenticating?.properties);
    attempts.current = attempt;
    this.connection = new NetworkConnection(this, {
      dial: options.transport ?? platform.dial,
      clock: this.clock,
      target: attempt.target,
      connect: attempt.connect,
      session: this.outbox.session,
      keeper: this.outbox.keeper,
      maximumPacketSize: maximumPacketSize(options),
      connectTimeoutMs: options.connectTimeoutMs ?? 30_000,
      watch: new AcknowledgementWatch(this.clock, options.ackTimeoutMs ?? 30_000, this.acknowledgementLate),
      idleLimit: attempts.idleLimit,
      topicAliases: { maximum: ALIASES_USED, policy: options.topicAliases ?? "auto" },
    });
    this.authenticator = authenticating?.authenticator;
    this.authenticator?.attach(this.connection);
  }

  private readonly acknowledgementLate = (message: InboundMessage): void => this.emit("acknowledgementLate", message);

  private get version(): ProtocolVersion {
    return this.attempts.version;
  }

  giveUp(error: MqttError): void {
    this.outbox.failAll(error);
    this.closeStore();
    for (const subscriber of this.registry.subscribers) subscriber.interrupt(error);
  }

  /** Asks for fresh credentials before those of the connection end. */
  scheduleRenewal(): void {
    const { clock, connection, attempts } = this;
    clock.clearTimer(this.renewalTimer);
    if (connection === undefined || typeof this.options.credentials !== "function") return;
    const delay = renewalDelay(attempts.current?.credentials ?? {}, clock.wallTime());
    if (delay !== undefined) this.renewalTimer = clock.setTimer(() => this.renew(connection), delay);
  }

  /** A client that cannot load what it takes tries again, as one does that gets no answer. */
  private renew(connection: NetworkConnection): void {
    this.renewal().then(
      (renewal) => this.connection === connection && renewal.renew(),
      () => this.scheduleRenewal(),
    );
  }

  /** DISCONNECT. A session of our own making ends with us; one that was asked for stays. */
  sayGoodbye(isForEver: boolean): void {
    const endsSession = isForEver && this.version === 5 && !keepsSession(this.options);
    void this.connection?.disconnect(0, endsSession ? { sessionExpiryInterval: 0 } : undefined);
  }

  private async shutDown(): Promise<void> {
    if (this.isHidden) this.sayGoodbye(true);
    if (this.openSender !== undefined && !this.outbox.isEmpty) {
      let timer: TimerHandle;
      await new Promise<void>((resolve) => {
        this.endDrain = resolve;
        timer = this.clock.setTimer(resolve, this.options.drainTimeoutMs ?? 5000);
      });
      this.clock.clearTimer(timer);
    }
    const { keeper } = this.outbox;
    // Without a store the goodbye leaves within the call: a page that is left gets no other turn.
    if (keeper !== undefined) await keeper.flush(this.options.drainTimeoutMs ?? 5000);
    this.sayGoodbye(true);
    await this.finish();
  }

  private finish(): Promise<void> {
    const { status } = this;
    this.drop();
    this.endDrain?.();
    this.controller.abort();
    this.clock.clearTimer(this.retryTimer);
    this.clock.clearTimer(this.renewalTimer);
    this.offHost();
    if (status.state !== "closed") {
      const error = new MqttError("CLIENT_CLOSED");
      this.status = { state: "closed" };
      this.outbox.failAll(error);
      this.closeStore();
      for (const subscriber of this.registry.subscribers) subscriber.end(error);
      this.emit("status", this.status);
    }
    return Promise.all(this.leaving).then(() => this.clear());
  }

  /** The connection is no longer ours; its socket is still waited for. */
  drop(): void {
    const { connection } = this;
    this.clock.clearTimer(this.renewalTimer);
    if (connection === undefined) return;
    this.connection = undefined;
    this.authenticator?.end(new MqttError("CLIENT_CLOSED"));
    this.authenticator = undefined;
    this.registry.disconnected();
    void this.leave(connection.released);
    this.endDrain?.();
  }

  private get openSender(): NetworkConnection["sender"] | undefined {
    return this.connection?.isOpen === true ? this.connection.sender : undefined;
  }

  /** close() or abort() was called. */
  get isEnding(): boolean {
    return this.closing !== undefined;
  }

  /** Why nothing can be asked any more; undefined while something can. */
  get endError(): MqttError | undefined {
    if (this.status.state === "failed") return this.status.failure.error;
    return this.status.state === "closed" ? new MqttError("CLIENT_CLOSED") : undefined;
  }

  /** Why nothing more is taken: from the call of close() on, although what was taken before may still be leaving. */
  private get refusal(): MqttError | undefined {
    return this.endError ?? (this.isEnding ? new MqttError("CLIENT_CLOSED") : undefined);
  }

  private accept(publication: PendingPublication, signal: AbortSignal | undefined): void {
    checkQos(publication.qos);
    const { status } = this;
    const error =
      this.refusal ?? abortOf(signal) ?? (status.state === "online" ? publishFault(publication, status.properties) : undefined);
    if (error !== undefined) {
      this.outbox.fail(publication, error);
      return;
    }
    if (signal !== undefined) {
      platform.heed?.(signal);
      publication.offSignal = onAbort(signal, () => {
        this.outbox.withdraw(publication);
        this.outbox.fail(publication, aborted(signal));
      });
    }
    this.outbox.add(publication, this.openSender);
  }

  setStatus(status: Status): void {
    this.status = status;
    this.emit("status", status);
  }
}
