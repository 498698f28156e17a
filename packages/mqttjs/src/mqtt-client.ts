import type { AttemptFailure } from "@bowline/client";
import { Core } from "./core.ts";
import { isMap, joined, promised, requestOf, split } from "./arguments.ts";
import {
  incomingPackets,
  type Outgoing,
  outgoingOf,
  outgoingPackets,
  ownIdentifiers,
  queueOf,
  storeOf,
  topicsOf,
} from "./client-views.ts";
import { checkConnect } from "./connect-packet.ts";
import type { ClientStream } from "./client-stream.ts";
import { TypedEventEmitter } from "./event-emitter.ts";
import { KeepaliveManager } from "./keepalive-manager.ts";
import type { IStore } from "./store.ts";
import type { MqttClientEventCallbacks } from "./events.ts";
import type {
  DoneCallback,
  IClientOptions,
  IClientPublishOptions,
  IClientSubscribeOptions,
  IClientSubscribeProperties,
  IClientUnsubscribeProperties,
  ISubscriptionGrant,
  ISubscriptionMap,
  ISubscriptionRequest,
  IStream,
  StreamBuilder,
} from "./options.ts";
import { OutgoingPublish, type PacketCallback } from "./outgoing-publish.ts";
import type { IMessageIdProvider } from "./message-id-provider.ts";
import type { IAuthPacket, IConnackPacket, IDisconnectPacket, IPublishPacket, Packet } from "./packets.ts";
import { streamDialer } from "./stream-dialer.ts";
import type { ClientSubscribeCallback } from "./subscriptions.ts";
import { validateTopics } from "./validations.ts";
import { version } from "./version.ts";

type Topics = string | string[];
type SubscribeArguments = IClientSubscribeOptions | IClientSubscribeProperties;

const NO_OPTIONS: IClientPublishOptions = {};

const defaults = {
  keepalive: 60,
  protocolId: "MQTT",
  protocolVersion: 4,
  reconnectPeriod: 1000,
  connectTimeout: 30_000,
  clean: true,
  resubscribe: true,
  queueQoSZero: true,
} as const;

const A_DAY = 86_400;

/** What `bowline.reliable` stands for, but for the stores. */
function asReliable(options: IClientOptions): IClientOptions {
  const properties = { sessionExpiryInterval: A_DAY, ...options.properties };
  return { ...options, clean: false, ...(options.protocolVersion === 5 && { properties }) };
}

/**
 * A client with the interface of MQTT.js 5. Made by `connect`, or with a function that opens the byte stream.
 *
 * @public
 */
export class MqttClient extends TypedEventEmitter<MqttClientEventCallbacks> {
  static readonly VERSION: string = version;
  /** The options in use; changes are heeded at the next attempt. */
  options: IClientOptions;
  queueQoSZero: boolean;
  log: (...args: unknown[]) => void;
  private readonly core: Core;
  /** Of an application that makes its streams itself. */
  private madeStream: ClientStream | undefined;

  /**
   * @param streamBuilder opens the stream of each attempt; without one it is opened as the options say.
   * @throws Error for a session without a Client Identifier, MqttError (a TypeError) for what no CONNECT can say
   */
  constructor(streamBuilder: StreamBuilder | undefined, options: IClientOptions) {
    super();
    const wanted = options.bowline?.reliable === true ? asReliable(options) : options;
    const { clientId, clean } = wanted;
    if (clean === false && !clientId) throw new Error("Missing clientId for unclean clients");
    const given = Object.entries(wanted).filter(([, value]) => value != null);
    const id = clientId ?? MqttClient.defaultId();
    this.options = { ...defaults, ...Object.fromEntries(given), clientId: id };
    if (this.options.protocolId === "MQIsdp") this.options.protocolVersion = 3;
    this.queueQoSZero = this.options.queueQoSZero !== false;
    this.log = this.options.log ?? this.noop;
    if (this.options.manualConnect !== true) checkConnect(this.options);
    const make = streamBuilder && (() => this.own(streamBuilder(this, this.options)));
    this.core = new Core(this, make && streamDialer(make));
    // An emitter without a listener would throw the first failure at an application that only wanted to publish.
    this.on("error", this.noop);
    if (this.options.manualConnect !== true) this.connect();
  }

  static defaultId(): string {
    return `mqttjs_${Math.random().toString(16).slice(2, 10)}`;
  }

  readonly noop = (_error?: unknown): void => undefined;

  /** The byte stream of the attempt under way, as far as an application may end it; with a stream builder, what that made. */
  get stream(): ClientStream {
    return this.madeStream ?? this.core.stream;
  }
  /** CONNACK came and the connection stands. */
  get connected(): boolean {
    const { phase } = this.core;
    return phase.kind === "online" || (phase.kind === "leaving" && phase.isConnected === true);
  }
  /** `end()` was called. */
  get disconnecting(): boolean {
    return this.core.isDisconnecting;
  }
  set disconnecting(isDisconnecting: boolean) {
    this.core.isDisconnecting = isDisconnecting;
  }
  /** `end()` has done its work; undefined before the first. */
  get disconnected(): boolean {
    return this.core.hasEnded as boolean;
  }
  /** The connection is lost and will be tried again. */
  get reconnecting(): boolean {
    return this.core.isReconnecting;
  }
  set reconnecting(isReconnecting: boolean) {
    this.core.isReconnecting = isReconnecting;
  }
  /** How often the server had not kept the session of subscriptions. */
  get gaps(): number {
    return this.core.gaps;
  }
  get _reconnectCount(): number {
    return this.core.retries;
  }
  /** Properties of the server's CONNACK, a refusing one included; MQTT 5.0. */
  get serverProperties(): IConnackPacket["properties"] {
    return this.core.connack?.properties;
  }
  /** Why the last attempt failed, or the last connection was lost: also told by `error`, where MQTT.js has one. Not in MQTT.js. */
  get lastFailure(): AttemptFailure | undefined {
    return this.core.lastFailure;
  }
  /** The CONNACK of the connection, or of the last attempt. */
  get connackPacket(): IConnackPacket | undefined {
    return this.core.connack;
  }
  /** The Keep Alive in use, in seconds: the server's where it set one for this connection. */
  get keepalive(): number {
    const { keepalive = 0 } = this.options;
    return (keepalive !== 0 && this.connected && this.serverProperties?.serverKeepAlive) || keepalive;
  }

  /** The application's provider of Packet Identifiers, or the client's own. */
  get messageIdProvider(): IMessageIdProvider {
    return this.options.messageIdProvider ?? ownIdentifiers(this.core.outbox, () => this.core.lastIdentifier);
  }

  // Internal in MQTT.js too, but applications look at it: copies, made when they are asked for.

  /** What waits for a connection. Set to an empty list, it is forgotten. */
  get queue(): { packet: Packet; cb: PacketCallback }[] {
    return queueOf(this.core.outbox);
  }
  set queue(entries: readonly unknown[]) {
    if (entries.length === 0) this.core.outbox.clearWaiting();
  }
  /** What the server has not answered, by Packet Identifier. */
  get outgoing(): Record<number, Outgoing> {
    return outgoingOf(this.core.outbox, this.core.subscriptions);
  }
  /** Topic Filters of unanswered SUBSCRIBEs, by Packet Identifier. */
  get messageIdToTopic(): Record<number, string[]> {
    return this.options.resubscribe === false ? {} : topicsOf(this.core.outbox, this.core.subscriptions);
  }
  /** The application's store, or what would be in it. */
  get outgoingStore(): IStore {
    return this.options.outgoingStore ?? storeOf(outgoingPackets(this.core.outbox));
  }
  /** The application's store, or what would be in it. */
  get incomingStore(): IStore {
    return this.options.incomingStore ?? storeOf(incomingPackets(this.core.outbox));
  }
  /** There while a connection with a Keep Alive stands. */
  get keepaliveManager(): KeepaliveManager | null {
    const { phase } = this.core;
    if (phase.kind !== "online" || this.keepalive === 0) return null;
    phase.keepaliveManager ??= new KeepaliveManager(this);
    return phase.keepaliveManager;
  }
  /** Runs until the next attempt. */
  get reconnectTimer(): unknown {
    return this.core.phase.kind === "waiting" ? this.core.phase.timer : null;
  }
  /** What is subscribed again on a new session. What is deleted from it is not; set to an empty object, nothing is. */
  get _resubscribeTopics(): Record<string, IClientSubscribeOptions> {
    const { subscriptions } = this.core;
    return new Proxy(subscriptions.toResubscribe, {
      deleteProperty: (topics, topic) => {
        subscriptions.forget([String(topic)]);
        return Reflect.deleteProperty(topics, topic);
      },
    });
  }
  set _resubscribeTopics(topics: Record<string, IClientSubscribeOptions>) {
    const { subscriptions } = this.core;
    const given = Object.keys(topics);
    subscriptions.forget(Object.keys(subscriptions.toResubscribe).filter((topic) => !given.includes(topic)));
  }

  _nextId(): number | null {
    return this.messageIdProvider.allocate();
  }

  /** Sends a PINGREQ; the client does so itself where its Keep Alive asks for it. */
  sendPing(): void {
    this.core.ping();
  }

  /** There for code that calls it: pings depend on what was sent and received. */
  reschedulePing(force?: boolean): void {
    if (this.keepaliveManager !== null && (force === true || this.options.reschedulePings !== false)) this._reschedulePing();
  }
  _reschedulePing(): void {
    this.keepaliveManager?.reschedule();
  }

  /** Called when `reconnectPeriod` is over. Applications that replace it with nothing stay disconnected. */
  _reconnect(): void {
    this.core.retryNow();
  }

  /** Cuts the connection. */
  onKeepaliveTimeout(): void {
    this.core.breakOff(true);
    this.emit("error", new Error("Keepalive timeout"));
  }

  /** Bytes of topics and payloads that wait to be sent. Not in MQTT.js. */
  get bufferedAmount(): number {
    return this.core.outbox.queuedBytes;
  }
  /** Messages that failed because too much waited. Not in MQTT.js. */
  get droppedMessages(): number {
    return this.core.droppedMessages;
  }

  getLastMessageId(): number {
    return this.core.lastIdentifier;
  }

  /** Connects; needed after `manualConnect` only. */
  connect(): this {
    const { core } = this;
    if (core.hasEnded === true) core.hasEnded = core.isDisconnecting = false;
    core.begin(true);
    return this;
  }

  /**
   * Called for each message after its event; the next message comes, and this one is acknowledged, when `callback` is called.
   * An application may override it.
   */
  handleMessage(_packet: IPublishPacket, callback: DoneCallback): void {
    callback();
  }

  /**
   * Called with the server's AUTH, of an authentication (0x18) or at the end of one (0x00); calls back with the AUTH to answer with.
   * An application may override it.
   */
  handleAuth(packet: IAuthPacket, callback: PacketCallback): void {
    const { authPacket } = this.options;
    if (authPacket === undefined || packet.reasonCode === 0) callback();
    else callback(undefined, { cmd: "auth", reasonCode: 0x18, ...authPacket });
  }

  publish(topic: string, message: string | Buffer, callback?: PacketCallback): this;
  publish(topic: string, message: string | Buffer, opts?: IClientPublishOptions, callback?: PacketCallback): this;
  publish(topic: string, message: string | Buffer, ...rest: (IClientPublishOptions | PacketCallback | undefined)[]): this {
    const { options, callback } = split<IClientPublishOptions, PacketCallback>(rest);
    const { core } = this;
    const alias = options?.properties?.topicAlias;
    const name = alias === undefined ? topic : core.topicOf(topic, alias);
    if (this._checkDisconnecting(callback)) return this;
    let entry: OutgoingPublish;
    try {
      if (name instanceof Error) throw name;
      entry = new OutgoingPublish(name, message, options ?? NO_OPTIONS, callback, core.version);
    } catch (cause) {
      this.refuse(cause as Error, callback);
      return this;
    }
    if (!this.queueQoSZero && entry.qos === 0 && !this.connected) callback?.(new Error("No connection to broker"));
    else core.publish(entry, options?.cbStorePut);
    return this;
  }

  publishAsync(topic: string, message: string | Buffer, opts?: IClientPublishOptions): Promise<Packet | undefined> {
    return promised((done) => this.publish(topic, message, opts, done));
  }

  subscribe(topicObject: Topics | ISubscriptionMap, callback?: ClientSubscribeCallback): this;
  subscribe(topicObject: Topics | ISubscriptionMap, opts?: SubscribeArguments, callback?: ClientSubscribeCallback): this;
  subscribe(topicObject: Topics | ISubscriptionMap, ...rest: (SubscribeArguments | ClientSubscribeCallback | undefined)[]): this {
    const { options, callback } = split<SubscribeArguments, ClientSubscribeCallback>(rest);
    const { resubscribe = false, ...map } = isMap(topicObject) ? topicObject : {};
    const topics = isMap(topicObject) ? Object.keys(map) : [topicObject].flat();
    // As in MQTT.js: what a map says of a filter stands for itself, but for properties, which a SUBSCRIBE has as a whole.
    const { properties } = options ?? {};
    const requests = topics.map((topic) => requestOf(topic, { properties, ...(map[topic] ?? options) }, this.core.version));
    const invalid = validateTopics(topics);
    if (invalid !== null) queueMicrotask(() => callback?.(new Error(`Invalid topic ${invalid}`)));
    else if (!this._checkDisconnecting(callback)) this.subscribeAll(requests, resubscribe, callback);
    return this;
  }

  subscribeAsync(topicObject: Topics | ISubscriptionMap, opts?: SubscribeArguments): Promise<ISubscriptionGrant[]> {
    return promised((done) => this.subscribe(topicObject, opts, done));
  }

  unsubscribe(topic: Topics, callback?: PacketCallback): this;
  unsubscribe(topic: Topics, opts?: IClientUnsubscribeProperties, callback?: PacketCallback): this;
  unsubscribe(topic: Topics, ...rest: (IClientUnsubscribeProperties | PacketCallback | undefined)[]): this {
    const { options, callback } = split<IClientUnsubscribeProperties, PacketCallback>(rest);
    const topics = [topic].flat();
    const invalid = validateTopics(topics);
    if (invalid !== null) queueMicrotask(() => callback?.(new Error(`Invalid topic ${invalid}`)));
    else if (!this._checkDisconnecting(callback)) {
      const { subscriptions } = this.core;
      subscriptions.forget(topics);
      this.core.request(
        { cmd: "unsubscribe", unsubscriptions: topics },
        (engine) => subscriptions.sendLeave(engine, topics, options?.properties, callback),
        (error) => callback?.(error),
      );
    }
    return this;
  }

  unsubscribeAsync(topic: Topics, opts?: IClientUnsubscribeProperties): Promise<Packet | undefined> {
    return promised((done) => this.unsubscribe(topic, opts, done));
  }

  /** Ends the client: after what is unacknowledged, with a DISCONNECT; forced, at once and without one. */
  end(callback?: DoneCallback): this;
  end(opts?: Partial<IDisconnectPacket>, callback?: DoneCallback): this;
  end(force?: boolean, callback?: DoneCallback): this;
  end(force?: boolean, opts?: Partial<IDisconnectPacket>, callback?: DoneCallback): this;
  end(...args: (boolean | Partial<IDisconnectPacket> | DoneCallback | undefined)[]): this {
    const callback = args.find((arg): arg is DoneCallback => typeof arg === "function");
    const packet = args.find((arg): arg is Partial<IDisconnectPacket> => typeof arg === "object" && arg !== null);
    this.core.end(args[0] === true, packet ?? {}, callback);
    return this;
  }

  endAsync(force?: boolean, opts?: Partial<IDisconnectPacket>): Promise<void>;
  endAsync(opts?: Partial<IDisconnectPacket>): Promise<void>;
  endAsync(...args: (boolean | Partial<IDisconnectPacket> | undefined)[]): Promise<void> {
    const [force, opts] = typeof args[0] === "object" ? [false, args[0]] : args;
    return promised((done) => this.end(force === true, opts as Partial<IDisconnectPacket>, done));
  }

  /** Takes a message's callback away. Its Packet Identifier stays in use until the server acknowledged it. */
  removeOutgoingMessage(messageId: number): this {
    this.core.forget(messageId, new Error("Message removed"));
    return this;
  }

  /**
   * Connects again with the same options: after `end()`, or at once in place of waiting.
   *
   * @param opts stores to go on with; after `end()` a client without them has none
   */
  reconnect(opts?: Pick<IClientOptions, "incomingStore" | "outgoingStore">): this {
    this.core.reconnect(opts);
    return this;
  }

  /** Tells a caller, or who listens to `error`, that the client is told to end. */
  _checkDisconnecting(callback?: (error: Error) => unknown): boolean {
    if (!this.disconnecting) return false;
    this.refuse(new Error("client disconnecting"), callback);
    return true;
  }

  private refuse(error: Error, callback: ((error: Error) => unknown) | undefined): void {
    if (callback !== undefined && callback !== this.noop) callback(error);
    else this.core.tell("error", error);
  }

  /** Nobody but the listener that `connect` adds hears of errors. @internal */
  isUnheard(): boolean {
    return this.listeners("error").every((listener) => listener === this.noop);
  }

  /** The application's own `handleMessage`. @internal */
  get handler(): MqttClient["handleMessage"] | undefined {
    return this.handleMessage === prototype.handleMessage ? undefined : (packet, done) => this.handleMessage(packet, done);
  }

  private own(stream: IStream): IStream {
    this.madeStream = stream as unknown as ClientStream;
    return stream;
  }

  private subscribeAll(requests: ISubscriptionRequest[], evenKnown: boolean, callback: ClientSubscribeCallback | undefined): void {
    const { subscriptions } = this.core;
    const fresh = evenKnown ? requests : subscriptions.fresh(requests);
    if (fresh.length === 0) {
      callback?.(null, []);
      return;
    }
    // As in MQTT.js, an application that has to come back by itself subscribes itself; what `bowline` brings back it does not hear of.
    const { resubscribe, reconnectPeriod, bowline } = this.options;
    if (resubscribe !== false && (reconnectPeriod !== 0 || bowline !== undefined)) subscriptions.remember(fresh);
    const size = this.options.subscribeBatchSize || fresh.length;
    const batches = Array.from({ length: Math.ceil(fresh.length / size) }, (_, at) => fresh.slice(at * size, (at + 1) * size));
    const answered = callback && joined(batches.length, callback);
    for (const batch of batches) {
      this.core.request(
        { cmd: "subscribe", subscriptions: batch },
        (engine) => {
          subscriptions.check(batch, this.core.limits);
          return subscriptions.send(engine, batch, answered);
        },
        (error) => answered?.(error, batch),
      );
    }
  }
}

/** With what an application overrides; looked up for every message. */
const { prototype } = MqttClient;
