import type {
  AuthPacket,
  ConnackPacket,
  ConnectPacket,
  DisconnectPacket,
  MqttError,
  Properties,
  SubackPacket,
  UnsubackPacket,
} from "@bowline/protocol";
import {
  ClientConnection,
  type ClientSink,
  type Clock,
  type FrameObserver,
  type OutboundAliasSettings,
  type OutboundEntry,
  type PublishOffsets,
  Sender,
  type SenderOwner,
  type SessionState,
  type TimerHandle,
} from "@bowline/protocol/internal";
import type { AcknowledgementWatch } from "./acknowledgement-watch.ts";
import type { IdleLimit } from "./idle-limit.ts";
import type { InboundMessage } from "./inbound-message.ts";
import type { ConnectionKeeper, TicketHolder } from "./store/keeper.ts";
import type { Dialer, Target, Transport, TransportFacts, TransportHandler } from "./transport/transport.ts";

/** What one Network Connection tells the client it belongs to. */
export interface ConnectionOwner {
  /** A promise: the server proves itself first, and no message leaves before it resolves. It rejects never. */
  accepted(engine: ClientConnection, packet: ConnackPacket, taken: readonly OutboundEntry[]): Promise<void> | void;
  /** Answers the ticket its acknowledgement waits for, see `nextTicket`; 0 for none. */
  message(topicName: string, chunk: Uint8Array, offsets: PublishOffsets): number;
  /** Keep Alive asks for a PINGREQ: true when the owner has sent it itself. */
  pinging?(): boolean;
  subscribed(packet: SubackPacket): void;
  unsubscribed(packet: UnsubackPacket): void;
  entryDone(entry: OutboundEntry, outcome: number): void;
  /** The server's AUTH; only where the CONNECT named a method. */
  authenticating(packet: AuthPacket): void;
  /** The connection is over, for whatever reason but `disconnect` and `destroy` by the owner. Once. */
  ended(end: ConnectionEnd): void;
  /** Every packet that comes, before it is acted upon; for an owner that shows them. */
  readonly received?: FrameObserver | undefined;
  /** Whole packets that leave; for an owner that shows them. */
  readonly sending?: ((bytes: Uint8Array) => void) | undefined;
}

/** Everything known of the end of a connection. */
export interface ConnectionEnd {
  /** What the engine found; undefined when the channel closed or the server said so. */
  readonly error: MqttError | undefined;
  /** The CONNACK or DISCONNECT of the server that ended it. */
  readonly packet: ConnackPacket | DisconnectPacket | undefined;
  /** What the transport threw. */
  readonly cause: Error | undefined;
  readonly timedOut: boolean;
  readonly facts: TransportFacts;
}

export interface ConnectionSettings {
  readonly dial: Dialer;
  readonly clock: Clock;
  readonly target: Target;
  readonly connect: ConnectPacket;
  readonly session: SessionState;
  readonly maximumPacketSize: number;
  readonly connectTimeoutMs: number;
  /** Told of messages that wait for their acknowledgement; none where nobody hears of it. */
  readonly watch?: AcknowledgementWatch;
  /** Topic Aliases for what is sent, within the server's Topic Alias Maximum; none without. */
  readonly topicAliases?: OutboundAliasSettings | undefined;
  /** See the engine's limits. */
  readonly isForgiving?: boolean;
  /** Told when the connection was cut in silence; what it learned is in the `connect` of the next one. */
  readonly idleLimit?: IdleLimit;
  /** Writes to a store what becomes of the session; none where it ends with the process. */
  readonly keeper?: ConnectionKeeper | undefined;
}

/** Above this many bytes in the transport further messages wait in the session's queue, where they are counted. */
const HIGH_WATER = 1_048_576;
/** A peer that does not answer the end of the stream is cut. */
const GOODBYE_MS = 500;
/** Reason Code of a DISCONNECT whose cause is not the server's business. */
const UNSPECIFIED = 0x80;

/**
 * One attempt to connect and the connection it becomes: joins the transport, the protocol's engine, its Sender and the timers,
 * and is thrown away at the end. Knows nothing of reconnecting.
 */
export class NetworkConnection implements TransportHandler, ClientSink, SenderOwner, TicketHolder {
  readonly sender: Sender = new Sender(this);
  /** Tickets of messages up to this one are settled: their acknowledgements may leave. */
  committed = 0;
  /** Resolves when the socket is closed, or was given up after the time limit. */
  readonly released: Promise<void>;
  private readonly owner: ConnectionOwner;
  private readonly settings: ConnectionSettings;
  private readonly transport: Transport;
  private engine: ClientConnection | undefined;
  private timer: TimerHandle;
  private readonly startedAt: number;
  private isReceiving = false;
  private isFlushDue = false;
  private isPaused = false;
  private isOver = false;
  /**
   * The timer was set by a timer. Browsers let a hidden page's chains of timers run once a minute, which is too late for Keep Alive, but
   * not one that was set when a message came.
   */
  private isChained = false;
  /** Messages wait until the server has proved itself. */
  private isHeld = false;
  private lastTicket = 0;
  /** Tickets settled before an earlier one. */
  private readonly settled = new Set<number>();
  private resolveReleased!: () => void;

  constructor(owner: ConnectionOwner, settings: ConnectionSettings) {
    this.owner = owner;
    this.settings = settings;
    this.startedAt = settings.clock.now();
    this.released = new Promise((resolve) => {
      this.resolveReleased = resolve;
    });
    this.timer = settings.clock.setTimer(this.dialTimeout, settings.connectTimeoutMs);
    const { dial, keeper, target } = settings;
    try {
      this.transport = (keeper === undefined ? dial : keeper.gated(dial))(target, this);
    } catch (cause) {
      // A dialer of the application's.
      settings.clock.clearTimer(this.timer);
      throw cause;
    }
  }

  get isOpen(): boolean {
    return this.engine?.isOpen === true;
  }

  /** Bytes that the transport holds or will be given at the next flush. */
  get bufferedBytes(): number {
    return this.transport.bufferedBytes + this.sender.out.end;
  }

  // What the client asks for.

  /** Ends it: DISCONNECT, flush, and the end of the stream. */
  disconnect(reasonCode: number, properties?: Properties): Promise<void> {
    if (this.isOver) return this.released;
    this.isOver = true;
    const { engine } = this;
    // Before CONNACK there is nothing to say goodbye to.
    const wasOpen = this.isOpen;
    engine?.disconnect(reasonCode, properties);
    if (!wasOpen) this.transport.destroy();
    else {
      this.sender.flush();
      this.transport.end();
    }
    this.awaitRelease();
    return this.released;
  }

  /** Cuts it. */
  destroy(): Promise<void> {
    if (!this.isOver) {
      this.isOver = true;
      this.engine?.channelClosed();
      this.awaitRelease();
    }
    this.transport.destroy();
    return this.released;
  }

  /** Ends it for a fault that we found; the owner is told. */
  fail(error: MqttError): void {
    const { engine } = this;
    if (this.isOver) return;
    // Only an open connection can say goodbye, and a failed attempt is its cause.
    if (engine?.isOpen !== true) {
      this.finish({ cause: error });
      return;
    }
    engine.disconnect(error.reasonCode ?? UNSPECIFIED);
    this.sender.flush();
    this.finish({ error });
  }

  /** Ends or cuts the byte stream as if the link had: the owner is told of a loss. */
  breakOff(isCut: boolean): void {
    if (isCut) this.transport.destroy();
    else this.transport.end();
  }

  /** Sends AUTH 0x18. */
  authenticate(properties: Properties): void {
    this.engine?.authenticate(properties);
  }

  /** Sends AUTH 0x19. */
  reauthenticate(properties: Properties): void {
    this.engine?.reauthenticate(properties);
  }

  pauseReading(): void {
    if (this.isPaused) return;
    this.isPaused = true;
    this.transport.pause();
  }

  resumeReading(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.transport.resume();
  }

  /** The host slept or changed its network: a connection that was silent for a while has to answer soon. */
  probe(): void {
    this.engine?.probe(this.settings.clock.now());
    this.checkDeadlines();
  }

  private checkDeadlines(): void {
    const { engine } = this;
    if (engine === undefined || this.isOver) return;
    engine.tick(this.settings.clock.now(), !this.isPaused);
    if (!this.isOver) this.armTimer(engine);
  }

  /** A message with that ticket is settled. */
  settle(ticket: number): void {
    const { keeper, watch } = this.settings;
    watch?.delete(ticket);
    keeper?.settled(ticket, this);
    this.settled.add(ticket);
    const before = this.committed;
    while (this.settled.delete(this.committed + 1)) this.committed++;
    if (this.committed !== before && this.isOpen) this.sender.commitMoved();
  }

  /** A message with that ticket is refused with a Reason Code, and settled. */
  refuse(packetIdentifier: number, ticket: number, reasonCode: number): void {
    if (this.isOpen) this.engine?.refuse(packetIdentifier, ticket, reasonCode);
    this.settle(ticket);
  }

  // What the transport tells.

  opened(): void {
    const { clock, connect, session, maximumPacketSize, connectTimeoutMs, topicAliases, isForgiving } = this.settings;
    if (this.isOver) return;
    clock.clearTimer(this.timer);
    const now = clock.now();
    const left = Math.max(1, connectTimeoutMs - (now - this.startedAt));
    try {
      const limits = { maximumPacketSize, connectTimeoutMs: left, topicAliases, isForgiving };
      this.engine = new ClientConnection(this, this.sender, session, connect, limits, now);
    } catch (error) {
      this.finish({ error: error as MqttError });
      return;
    }
    this.engine.observer = this.owner.received;
    this.armTimer(this.engine);
    this.sender.flush();
    this.transport.facts.milestone = "connect-sent";
  }

  data(chunk: Uint8Array): void {
    const { engine } = this;
    if (engine === undefined) return;
    this.isReceiving = true;
    engine.receive(chunk, this.settings.clock.now());
    this.isReceiving = false;
    if (this.isFlushDue) this.flush();
    if (this.isChained && !this.isOver) this.armTimer(engine);
  }

  drained(): void {
    if (this.isOver) return;
    this.sender.blocked = this.isHeld;
    this.sender.pump();
  }

  closed(cause: Error | undefined): void {
    this.settings.clock.clearTimer(this.timer);
    this.engine?.channelClosed();
    if (!this.isOver) {
      this.learnIdleLimit();
      this.finish({ cause });
    }
    this.settings.clock.clearTimer(this.timer);
    this.resolveReleased();
  }

  // What the engine tells.

  accepted(packet: ConnackPacket, taken: readonly OutboundEntry[]): "hold" | void {
    this.transport.facts.milestone = "accepted";
    this.armTimer(this.engine as ClientConnection);
    const proof = this.owner.accepted(this.engine as ClientConnection, packet, taken);
    if (!(proof instanceof Promise)) return;
    this.isHeld = true;
    void proof.then(() => {
      this.isHeld = false;
      this.drained();
    });
    return "hold";
  }

  message(topicName: string, chunk: Uint8Array, offsets: PublishOffsets): number {
    const { keeper } = this.settings;
    if (keeper === undefined || offsets.qos !== 2) return this.owner.message(topicName, chunk, offsets);
    const { packetIdentifier } = offsets;
    const ticket = this.owner.message(topicName, chunk, offsets);
    keeper.inbound(packetIdentifier, ticket, this);
    return ticket;
  }

  repeated(packetIdentifier: number): number {
    return this.settings.keeper?.repeated(packetIdentifier, this) ?? 0;
  }

  freed(packetIdentifier: number): void {
    this.settings.keeper?.freed(packetIdentifier);
  }

  /** A ticket for a message whose acknowledgement waits. */
  nextTicket(message: InboundMessage): number {
    const ticket = this.takeTicket();
    this.settings.watch?.add(ticket, message);
    return ticket;
  }

  takeTicket(): number {
    return ++this.lastTicket;
  }

  pinging(): boolean {
    return this.owner.pinging?.() === true;
  }

  subscribed(packet: SubackPacket): void {
    this.owner.subscribed(packet);
  }

  unsubscribed(packet: UnsubackPacket): void {
    this.owner.unsubscribed(packet);
  }

  auth(packet: AuthPacket): void {
    this.owner.authenticating(packet);
  }

  ended(error: MqttError | undefined, packet: ConnackPacket | DisconnectPacket | undefined): void {
    this.sender.flush();
    this.finish({ error, packet });
  }

  // What the Sender asks.

  write(bytes: Uint8Array): boolean {
    const { transport, sender } = this;
    this.owner.sending?.(bytes);
    const isTaken = transport.write(bytes);
    this.engine?.sent(this.settings.clock.now());
    if (!isTaken || transport.bufferedBytes > 0) sender.blocked = this.isHeld || transport.bufferedBytes > HIGH_WATER;
    return isTaken;
  }

  schedule(): void {
    if (this.isReceiving) this.isFlushDue = true;
    else queueMicrotask(this.flush);
  }

  awaitCommit(): void {
    // `settle` tells the Sender whenever something moved.
  }

  entryMoved(entry: OutboundEntry): number {
    this.settings.keeper?.moved(entry);
    // What leaves after this waits before the transport, where there is something to wait for.
    return 0;
  }

  entryDone(entry: OutboundEntry, outcome: number): void {
    this.owner.entryDone(entry, outcome);
  }

  wallTime(): number {
    return this.settings.clock.wallTime();
  }

  private readonly flush = (): void => {
    this.isFlushDue = false;
    this.sender.flush();
  };

  private readonly dialTimeout = (): void => {
    if (!this.isOver) this.finish({ timedOut: true });
  };

  private readonly onTimer = (): void => {
    this.checkDeadlines();
    this.isChained = true;
  };

  private armTimer(engine: ClientConnection): void {
    const { clock } = this.settings;
    this.isChained = false;
    clock.clearTimer(this.timer);
    const { deadline } = engine;
    if (deadline !== Number.POSITIVE_INFINITY) this.timer = clock.setTimer(this.onTimer, Math.max(0, deadline - clock.now()));
  }

  /** It was cut, and neither side has said why. */
  private learnIdleLimit(): void {
    const { engine, transport, settings } = this;
    if (engine === undefined || transport.facts.milestone !== "accepted") return;
    const now = settings.clock.now();
    settings.idleLimit?.cut([now - engine.lastSent, now - engine.lastReceived]);
  }

  private finish(end: Partial<ConnectionEnd>): void {
    this.isOver = true;
    const timedOut = end.timedOut === true || end.error?.code === "SILENT" || end.error?.code === "PING_TIMEOUT";
    // After a goodbye of ours, or of a server on 5.0, there are bytes on the way; in all other cases nothing is worth waiting for.
    if (end.error !== undefined && !timedOut && this.transport.facts.milestone === "accepted") this.transport.end();
    else this.transport.destroy();
    this.awaitRelease();
    this.owner.ended({ error: end.error, packet: end.packet, cause: end.cause, timedOut, facts: this.transport.facts });
  }

  private awaitRelease(): void {
    const { clock } = this.settings;
    this.settings.watch?.clear();
    clock.clearTimer(this.timer);
    this.timer = clock.setTimer(() => {
      this.transport.destroy();
      this.resolveReleased();
    }, GOODBYE_MS);
  }
}
