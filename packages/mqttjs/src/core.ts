import {
  type AuthPacket,
  type ConnackPacket,
  MqttError,
  PacketType,
  type Properties,
  type ProtocolVersion,
  type SubackPacket,
  type UnsubackPacket,
} from "@bowline/protocol";
import {
  callSafely,
  type ConnectionEnd,
  type ConnectionOwner,
  type Dialer,
  IdleLimit,
  NetworkConnection,
  platform,
  publishFault,
  systemClock,
  throwOutside,
} from "@bowline/client/internal";
import type { AttemptFailure } from "@bowline/client";
import { type ClientConnection, type Clock, NO_LIMIT, type OutboundEntry, type PublishOffsets } from "@bowline/protocol/internal";
import { isWebSocket, targetOf, urlOfAttempt } from "./address.ts";
import { connectionEnded, prepareFailed } from "./aftermath.ts";
import { aliasesOf } from "./aliases-of.ts";
import { answerAuthentication } from "./answer-authentication.ts";
import type { AttemptRules } from "./attempt-rules.ts";
import { ClientStream } from "./client-stream.ts";
import { connectPacketOf } from "./connect-packet.ts";
import { createdWebSocketDialer } from "./created-web-socket.ts";
import type { CoreOwner } from "./core-owner.ts";
import type { CoreState, Ending, Keeping } from "./core-state.ts";
import { awaitProgress, closed, finishSoon, giveUp, leave, progress } from "./ending.ts";
import type { MqttClientEventCallbacks } from "./events.ts";
import { Inbound } from "./inbound.ts";
import type { DoneCallback, IClientOptions } from "./options.ts";
import { Outbox, type Request } from "./outbox.ts";
import type { OutgoingPublish } from "./outgoing-publish.ts";
import { PacketEvents, type PacketEventsOwner } from "./packet-events.ts";
import type { IConnackPacket, IDisconnectPacket, Packet } from "./packets.ts";
import { IDLE, LEAVING_CONNECTED, type Phase } from "./phase.ts";
import { nameOfStore, reliableStores } from "./reliable-stores.ts";
import { Subscriptions } from "./subscriptions.ts";
import { toPacket } from "./to-packet.ts";
import { UserStores } from "./user-stores.ts";

/** The life of an MqttClient's connections, and what outlives them: the session, the queue, the subscriptions. */
export class Core implements CoreState, ConnectionOwner, PacketEventsOwner {
  phase: Phase = IDLE;
  /** The public flags of MQTT.js that are no phases. */
  isDisconnecting = false;
  hasEnded: boolean | undefined = undefined;
  isReconnecting = false;
  connack: IConnackPacket | undefined;
  /** Of the attempt or connection under way, or of the last one. */
  stream: ClientStream = this.newStream();
  lastIdentifier = 0;
  /** Attempts after the first. */
  retries = 0;
  /** Attempts of any kind: each takes the next of the servers. */
  private serverTurn = 0;
  readonly subscriptions: Subscriptions;
  readonly client: CoreOwner;
  private readonly dialer: Dialer;
  /** The application makes its streams itself. */
  private readonly hasOwnStreams: boolean;
  readonly clock: Clock = systemClock;
  readonly outbox: Outbox;
  /** The application's own stores; undefined without any. */
  stores: UserStores | undefined;
  keeping: Keeping[] = [];
  readonly packets: PacketEvents;
  private readonly inbound: Inbound;
  /** Topics by the application's own aliases, on this connection. */
  private readonly aliases = new Map<number, string>();
  /** What the CONNACK of this connection said. */
  limits: Properties = {};
  /** The server's choice, where the application made none: a session is found by it. */
  private assignedClientId = "";
  ending: Ending | undefined;
  /** `reconnect()` came while the last connection was on its way out. */
  comesBack = false;
  /** That connecting again is still to be told: it was asked for while the client was ending. */
  tellsReconnect = false;
  previousAgesMs: readonly number[] = [];
  /** Failed attempts in a row. */
  failures = 0;
  hasWarned = false;
  /** The page is about to go or to be frozen. */
  private isHidden = false;
  private readonly idleLimit = new IdleLimit();
  /** Of the option `bowline`; undefined without any, and before the first attempt. */
  rules: AttemptRules | undefined;
  private fullError: MqttError | undefined;
  /** Messages that did not fit. */
  droppedMessages = 0;
  /** Connections whose server had not kept the session of subscriptions. */
  gaps = 0;
  lastFailure: AttemptFailure | undefined;
  /** Coming back with fresh credentials, which the application has not asked for: its `end()` counts more. */
  private isRenewing = false;

  constructor(client: CoreOwner, dialer: Dialer | undefined) {
    platform.prepare();
    this.client = client;
    this.hasOwnStreams = dialer !== undefined;
    this.dialer = dialer ?? createdWebSocketDialer(() => client.options, platform.dial);
    this.outbox = new Outbox(client.options.messageIdProvider, client.options.bowline?.outbox);
    this.subscriptions = new Subscriptions(() => this.version);
    this.stores = this.givenStores();
    this.packets = new PacketEvents(this);
    this.inbound = new Inbound({
      show: (topic, packet) => this.tell("message", topic, packet.payload as Buffer, packet),
      handler: () => client.handler,
      handlerFailed: (error) => this.tell("error", error),
      taken: (packet) => this.stores?.take(packet),
      acknowledges: () => client.options.customHandleAcks,
    });
  }

  get version(): ProtocolVersion {
    return this.options.protocolVersion ?? 4;
  }

  // What the application asks.

  publish(entry: OutgoingPublish, taken: (() => void) | undefined): void {
    if (!this.outbox.hasRoom(entry) && !this.makeRoom(entry)) return;
    if (entry.qos === 0) this.deliver(entry);
    else if (this.stores === undefined) {
      taken?.();
      this.deliver(entry);
    } else this.keep(this.stores, entry, taken);
    this.lastIdentifier = entry.messageId || this.lastIdentifier;
  }

  /** Drops what the application's choice says; false for the message itself. */
  private makeRoom(entry: OutgoingPublish): boolean {
    const { outbox } = this;
    // One for all of them: an error costs more than a message.
    this.fullError ??= new MqttError("QUEUE_FULL", { detail: "what waits to be sent" });
    const drop = (dropped: OutgoingPublish): void => {
      this.droppedMessages++;
      this.stores?.forget(dropped, () => undefined);
      callSafely(() => dropped.settle(this.fullError), undefined);
    };
    while (!outbox.hasRoom(entry)) {
      const dropped = outbox.takeDropped() ?? entry;
      drop(dropped);
      if (dropped === entry) return false;
    }
    return true;
  }

  /** A message leaves when the store has it, and not before those that were given before it. */
  private keep(stores: UserStores, entry: OutgoingPublish, taken: (() => void) | undefined): void {
    const own: Keeping = { entry, isKept: false };
    this.keeping.push(own);
    stores.keep(entry, (error) => {
      if (error === undefined) taken?.();
      else {
        entry.isKept = false;
        entry.isRemoved = true;
        entry.settle(error);
      }
      own.isKept = true;
      while (this.keeping[0]?.isKept === true) {
        const { entry: next } = this.keeping.shift() as Keeping;
        if (!next.isRemoved) this.deliver(next);
      }
      progress(this);
    });
  }

  private deliver(entry: OutgoingPublish): void {
    const { phase } = this;
    if (phase.kind !== "online") this.outbox.publish(entry, undefined);
    else if (!this.refuses(entry)) this.outbox.publish(entry, phase.connection.sender);
    this.showSent();
  }

  /**
   * The topic of a message with a Topic Alias of the application's own: the client chooses the numbers on the wire, so only what
   * the application means by its number is kept, for as long as the connection.
   */
  topicOf(topic: string, alias: number): string | Error {
    if (this.version !== 5) return topic;
    const { topicAliasMaximum = 0 } = this.connack?.properties ?? {};
    if (this.phase.kind === "online" && !(alias > 0 && alias <= topicAliasMaximum)) {
      return new Error("Sending Topic Alias out of range");
    }
    if (topic !== "") this.aliases.set(alias, topic);
    return this.aliases.get(alias) ?? new Error("Unregistered Topic Alias");
  }

  /** Sends a SUBSCRIBE or UNSUBSCRIBE, now or when there is a connection. */
  request(packet: Packet, send: (engine: ClientConnection) => boolean, fail: (error: Error) => void): void {
    const sendOrFail = (engine: ClientConnection): void => {
      try {
        if (!send(engine)) fail(new MqttError("IDENTIFIERS_EXHAUSTED"));
      } catch (error) {
        // Larger than the server takes.
        fail(error as Error);
      }
      this.lastIdentifier = this.subscriptions.lastIdentifier;
    };
    const request: Request = { packet, promised: 0, send: sendOrFail, fail };
    this.outbox.request(request, this.phase.kind === "online" ? this.phase.engine : undefined);
    this.lastIdentifier = request.promised || this.lastIdentifier;
    this.showSent();
  }

  /** Takes a message back, if there is one with that Packet Identifier. */
  forget(packetIdentifier: number, error: Error): void {
    const entry = this.outbox.remove(packetIdentifier, error);
    if (entry?.isKept === true) this.stores?.forget(entry, () => undefined);
  }

  /** Ends or cuts the byte stream of the connection or attempt under way; what follows is as after any loss. */
  breakOff(isCut: boolean): void {
    const { phase } = this;
    if (phase.kind === "online" || phase.kind === "connecting") phase.connection.breakOff(isCut);
  }

  ping(): void {
    if (this.phase.kind === "online") this.phase.connection.sender.packet({ type: PacketType.PINGREQ });
    this.showSent();
  }

  /** Keep Alive asks for a PINGREQ, which goes through the client: an application may have put a method of its own there. */
  pinging(): true {
    this.client.sendPing();
    return true;
  }

  /**
   * Begins an attempt, unless one is under way.
   *
   * @param isAsked the application called `connect`: what its own stream builder throws is thrown, as in MQTT.js
   */
  begin(isAsked = false): void {
    if (this.phase.kind === "waiting") this.clock.clearTimer(this.phase.timer);
    else if (this.phase.kind !== "idle") return;
    this.connack = undefined;
    this.isRenewing = false;
    if (this.stream.destroyed) this.stream = this.newStream();
    const { authenticationMethod, authenticationData } = this.options.properties ?? {};
    if (authenticationData !== undefined && authenticationMethod === undefined) {
      // As in MQTT.js, which ends the client: no attempt could do better.
      this.phase = IDLE;
      this.end(false, {}, () => this.tell("error", new Error("Packet has no Authentication Method")));
      return;
    }
    const phase: Phase = { kind: "preparing" };
    this.phase = phase;
    const since = this.clock.now();
    const go = (url: string): void => {
      if (this.phase === phase) this.dial(url, since);
    };
    const stop = (error: unknown): void => {
      if (this.phase === phase) prepareFailed(this, error, since);
    };
    try {
      const url = this.stores !== undefined || this.hasRules ? this.prepared().then(() => this.url()) : this.url();
      if (typeof url === "string") go(url);
      else this.awaitUrl(url, go, stop);
    } catch (error) {
      if (!isAsked || !this.hasOwnStreams) stop(error);
      else {
        this.phase = IDLE;
        throw error;
      }
    }
  }

  private awaitUrl(url: Promise<string>, go: (url: string) => void, stop: (error: unknown) => void): void {
    const timer = this.clock.setTimer(() => stop(new MqttError("CREDENTIALS_TIMEOUT")), this.connectTimeout);
    void url
      .then(go)
      .catch(stop)
      .finally(() => this.clock.clearTimer(timer));
  }

  /** What an attempt waits for: messages of the application's store, and its credentials. */
  private async prepared(): Promise<void> {
    await this.stores?.load(this.version);
    if (!this.hasRules) return;
    if (this.rules === undefined) {
      const { AttemptRules } = await import("./attempt-rules.ts");
      this.rules ??= new AttemptRules(this.options.bowline ?? {}, this.clock, () => this.comeBack());
    }
    await this.rules.prepare(this.failures + 1, this.lastFailure, this.connectTimeout);
  }

  private get hasRules(): boolean {
    const { credentials, reconnect } = this.options.bowline ?? {};
    return credentials !== undefined || typeof reconnect === "object";
  }

  private get connectTimeout(): number {
    return this.options.connectTimeout ?? 30_000;
  }

  /** Connects anew with the credentials that were fetched before the old ones end. */
  private comeBack(): void {
    const { phase } = this;
    if (phase.kind !== "online" || this.ending !== undefined) return;
    this.comesBack = this.isRenewing = true;
    this.tell("reconnect");
    this.phase = LEAVING_CONNECTED;
    // The server must have seen the goodbye before it sees the new CONNECT, or it sends the will.
    void phase.connection.disconnect(0).then(() => closed(this));
  }

  /** Connects again, after an end or in place of waiting; an open connection is ended first. */
  reconnect(given: Pick<IClientOptions, "incomingStore" | "outgoingStore"> | undefined): void {
    const isEnded = this.hasEnded === true || this.ending !== undefined;
    // As in MQTT.js, stores that were closed are not used again, unless they are given again.
    if (isEnded || given !== undefined) {
      const { incomingStore = null, outgoingStore = null } = given ?? {};
      Object.assign(this.options, { incomingStore, outgoingStore });
      if (this.ending === undefined) this.stores = this.givenStores();
    }
    if (this.ending !== undefined) {
      // Told once the end is told, as MQTT.js does.
      this.comesBack = true;
      this.tellsReconnect = true;
      return;
    }
    this.isDisconnecting = false;
    this.hasEnded = false;
    this.isReconnecting = false;
    this.tell("reconnect");
    if (this.phase.kind === "online") {
      this.comesBack = true;
      this.end(false, {}, undefined);
    } else if (this.phase.kind === "leaving") this.comesBack = true;
    else this.begin();
  }

  end(force: boolean, packet: Partial<IDisconnectPacket>, callback: DoneCallback | undefined): void {
    if (this.hasEnded === true) {
      callback?.();
      return;
    }
    this.isDisconnecting = true;
    if (this.isRenewing) this.comesBack = false;
    this.ending ??= { packet, callbacks: [], hasWaited: false, timer: undefined, isLast: false };
    this.ending.callbacks.push(callback);
    if (force) giveUp(this);
    const { phase } = this;
    if (phase.kind === "waiting") this.clock.clearTimer(phase.timer);
    if (phase.kind === "idle" || phase.kind === "waiting") finishSoon(this);
    else if (phase.kind !== "leaving" && (force || this.isHidden || this.isIdle)) leave(this, force);
    else if (phase.kind !== "leaving") {
      this.ending.hasWaited = true;
      awaitProgress(this, this.ending);
    }
  }

  // What the connection tells.

  accepted(engine: ClientConnection, packet: ConnackPacket, taken: readonly OutboundEntry[]): Promise<void> | void {
    if (this.phase.kind !== "connecting") return;
    const proof = this.rules?.proof(packet, this.phase.connection);
    if (proof === undefined) this.opened(engine, packet, taken);
    // When it does not come, the connection has been ended.
    else return proof.then(() => this.opened(engine, packet, taken));
  }

  private opened(engine: ClientConnection, packet: ConnackPacket, taken: readonly OutboundEntry[]): void {
    if (this.phase.kind !== "connecting" || !engine.isOpen) return;
    const { connection, attempt } = this.phase;
    this.phase = { kind: "online", connection, attempt, engine, since: this.clock.now() };
    this.isReconnecting = false;
    this.failures = 0;
    this.rules?.accepted(this.connectTimeout);
    this.aliases.clear();
    this.connack = toPacket(packet, this.version) as IConnackPacket;
    this.limits = packet.properties ?? {};
    this.assignedClientId = this.limits.assignedClientIdentifier ?? this.assignedClientId;
    // PUBREC made the server the owner of some (section 4.3.3); the others are sent as new, as in MQTT.js.
    for (const entry of taken) if (entry.message === undefined) this.entryDone(entry, 0);
    this.outbox.sendAnew(taken.filter(({ message }) => message !== undefined));
    this.stores?.accepted();
    const isGap = !packet.sessionPresent && this.subscriptions.hasGranted;
    if (this.options.resubscribe === false) this.subscriptions.forgetAll();
    else this.subscriptions.renew(engine, packet.sessionPresent && this.options.clean === false);
    // Everything that waited leaves before the application hears of the connection, as in MQTT.js.
    connection.sender.blocked = false;
    this.outbox.opened(engine, connection.sender, (entry) => this.refuses(entry));
    this.showSent();
    this.tell("connect", this.connack);
    if (isGap) {
      this.gaps++;
      this.tell("gap", this.connack);
    }
    progress(this);
  }

  message(topicName: string, chunk: Uint8Array, offsets: PublishOffsets): number {
    const { phase } = this;
    // Also while the server proves itself: a message that is acknowledged is told.
    return phase.kind === "online" || phase.kind === "connecting"
      ? this.inbound.take(topicName, chunk, offsets, phase.connection)
      : 0;
  }

  subscribed(packet: SubackPacket): void {
    callSafely(() => this.subscriptions.answered(packet), undefined);
    progress(this);
  }

  unsubscribed(packet: UnsubackPacket): void {
    callSafely(() => this.subscriptions.left(packet), undefined);
    progress(this);
  }

  entryDone(entry: OutboundEntry, outcome: number): void {
    // A QoS 0 message is done when it is written; who watches sees that it is sent before its callback.
    if (entry.qos === 0) this.showSent();
    const publish = entry as OutgoingPublish;
    try {
      if (publish.isKept && this.stores !== undefined) this.stores.finish(publish, outcome);
      else publish.done(outcome);
    } catch (error) {
      throwOutside(error);
    }
    progress(this);
  }

  authenticating(packet: AuthPacket): void {
    const { phase } = this;
    if (phase.kind !== "connecting" && phase.kind !== "online") return;
    const { connection } = phase;
    if (this.rules?.answer(packet, connection) !== true) answerAuthentication(packet, this.version, this.client, connection);
  }

  readonly received = (chunk: Uint8Array, start: number, bodyStart: number, end: number): void => {
    if (!this.isWatched("packetreceive")) return;
    // What the packets before it caused has left before it is shown.
    this.showSent();
    this.packets.received(chunk, start, bodyStart, end);
    // As MQTT.js, but for those alone who look: pings depend on the time of what came.
    const type = chunk[start]! >>> 4;
    if (type > PacketType.PUBLISH && type !== PacketType.DISCONNECT) this.client.reschedulePing(type === PacketType.PINGRESP);
  };

  sending(bytes: Uint8Array): void {
    this.packets.sending(bytes);
  }

  ended(end: ConnectionEnd): void {
    connectionEnded(this, end);
  }

  // The way through the phases.

  get options(): IClientOptions {
    return this.client.options;
  }

  /** Nothing is unanswered, and nothing waits for the application's store. */
  get isIdle(): boolean {
    return this.outbox.isEmpty && this.keeping.length === 0;
  }

  givenStores(): UserStores | undefined {
    const { bowline } = this.options;
    const own = bowline?.reliable === true ? reliableStores(nameOfStore(this.options)) : undefined;
    const incoming = this.options.incomingStore ?? own?.incoming;
    const outgoing = this.options.outgoingStore ?? own?.outgoing;
    if (incoming === undefined && outgoing === undefined) return undefined;
    const { session, identifiers } = this.outbox;
    return new UserStores(outgoing, incoming, session, identifiers, () => progress(this));
  }

  /** The URL of the attempt, as the application wants it. */
  private url(): string | Promise<string> {
    const { options, client } = this;
    const address = urlOfAttempt(options, this.serverTurn++);
    const url = this.rules?.urlOf(address) ?? address;
    const { transformWsUrl } = options;
    return transformWsUrl !== undefined && isWebSocket(url.slice(0, url.indexOf(":"))) ? transformWsUrl(url, options, client) : url;
  }

  /** Fails a message that the server said that it does not take: it would end the connection. */
  private refuses(entry: OutgoingPublish): boolean {
    const fault = publishFault(entry, this.limits);
    if (fault !== undefined) callSafely(() => entry.settle(fault), undefined);
    return fault !== undefined;
  }

  private dial(url: string, since: number): void {
    const { clock } = this;
    const options = this.rules?.optionsOf(this.options) ?? this.options;
    const target = targetOf(url, options);
    if (isWebSocket(target.scheme)) this.stream.url = target.url;
    const connect = this.idleLimit.within(connectPacketOf(options, this.assignedClientId));
    const attempt = { target, connect, since };
    this.client.log("connecting to %s", target.url);
    this.tell("packetsend", toPacket(connect, this.version));
    const connection = new NetworkConnection(this, {
      dial: this.dialer,
      clock,
      target,
      connect,
      session: this.outbox.session,
      maximumPacketSize: options.properties?.maximumPacketSize ?? NO_LIMIT,
      connectTimeoutMs: this.connectTimeout,
      topicAliases: aliasesOf(options),
      isForgiving: true,
      idleLimit: this.idleLimit,
      keeper: this.stores,
    });
    this.phase = { kind: "connecting", connection, attempt };
    // A host that slept looks at once whether the connection still lives; the time of the next attempt stays as it was asked for.
    // A page that goes waits for nothing: who is ending says goodbye at once.
    const offHost = platform.watchHost({
      wake: () => {
        this.isHidden = false;
        connection.probe();
      },
      hide: (how) => {
        const { onPageHide } = this.options.bowline ?? {};
        const wasHidden = this.isHidden;
        this.isHidden = true;
        leave(this, false);
        if (onPageHide === "disconnect") this.comeBack();
        // The connection of a page that is kept for a return lives on: it ends when that page is frozen.
        else if (onPageHide === "will" && wasHidden && how === "frozen") this.breakOff(true);
      },
    });
    void connection.released.then(offHost);
  }

  retryNow(): void {
    this.retries++;
    this.tell("reconnect");
    // A listener may have ended the client.
    if (this.phase.kind === "waiting") this.begin();
  }

  // What the application hears.

  /** Emits; what a listener throws must not end the connection that was just telling. */
  tell<Name extends keyof MqttClientEventCallbacks>(name: Name, ...args: Parameters<MqttClientEventCallbacks[Name]>): void {
    this.client.log("%s", name);
    try {
      this.client.emit(name, ...args);
    } catch (error) {
      throwOutside(error);
    }
  }

  private newStream(): ClientStream {
    return new ClientStream((isCut) => this.breakOff(isCut));
  }

  isWatched(name: "packetsend" | "packetreceive"): boolean {
    return this.client.listenerCount(name) > 0;
  }

  /** Whoever watches sees packets as they are made, and not at the end of the turn. */
  private showSent(): void {
    if (!this.isWatched("packetsend")) return;
    if (this.phase.kind === "online") this.phase.connection.sender.flush();
    this.packets.showSent();
  }
}
