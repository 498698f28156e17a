import { Buffer } from "node:buffer";
import type { ConnectPacket, Properties, QoS } from "@bowline/protocol";
import { PacketType } from "@bowline/protocol";
import {
  ClientConnection,
  type ClientSink,
  type OutboundEntry,
  OutboundState,
  type PublishOffsets,
  pushQueue,
  Sender,
  type SenderOwner,
  SessionState,
} from "@bowline/protocol/internal";
import type { ClientSpec, FilterSpec, LastBytes, WillSpec } from "./script.ts";
import type { ClientWorld, SimClient } from "./sim-client.ts";
import type { WireTap } from "./wire-tap.ts";

/** One connection of an engine client. */
class EngineConnection implements ClientSink, SenderOwner {
  readonly sender: Sender = new Sender(this);
  readonly tap: WireTap;
  committed = 0;
  engine: ClientConnection | undefined;
  isOver = false;
  private readonly client: EngineClient;
  private readonly world: ClientWorld;
  private tickets = 0;

  constructor(client: EngineClient, world: ClientWorld, connect: ConnectPacket, session: SessionState) {
    this.client = client;
    this.world = world;
    this.tap = world.dial(client.name);
    this.tap.handler = {
      opened: () => {
        const limits = {
          maximumPacketSize: client.spec.maximumPacketSize || 1_000_000,
          connectTimeoutMs: 30_000,
          topicAliases: { maximum: 4, policy: "auto" as const },
        };
        this.engine = new ClientConnection(this, this.sender, session, connect, limits, world.clock.now());
        this.sender.flush();
      },
      data: (chunk) => {
        if (this.isOver) return;
        this.client.heardAt = world.clock.now();
        this.engine?.receive(chunk, world.clock.now());
      },
      drained: () => {
        if (this.isOver) return;
        this.sender.blocked = false;
        this.sender.pump();
      },
      closed: () => this.over(),
    };
  }

  /** Nothing more is said or heard here; the link stays as it is. */
  leave(): void {
    this.isOver = true;
    this.engine?.channelClosed();
  }

  // ClientSink

  accepted(): void {
    this.client.leftAt = undefined;
    this.client.mustStartClean = false;
  }
  message(topicName: string, chunk: Uint8Array, offsets: PublishOffsets): number {
    const payload = chunk.slice(offsets.payloadStart, offsets.payloadEnd);
    this.world.received(this.client.name, topicName, payload, offsets.qos, offsets.retain);
    const { acknowledgeMs } = this.client.spec;
    if (offsets.qos === 0 || acknowledgeMs === 0) return 0;
    const ticket = ++this.tickets;
    this.world.clock.setTimer(() => {
      if (this.isOver) return;
      this.committed = ticket;
      this.sender.commitMoved();
    }, acknowledgeMs);
    return ticket;
  }
  subscribed(): void {}
  unsubscribed(): void {}
  auth(): void {}
  ended(error: Error | undefined): void {
    if (error !== undefined) this.world.failed(this.client.name, `its engine ended the connection: ${error.message}`);
    this.sender.flush();
    this.tap.end();
    this.over();
  }

  // SenderOwner

  write(bytes: Uint8Array): boolean {
    return this.tap.write(bytes);
  }
  schedule(): void {
    queueMicrotask(() => {
      if (!this.isOver) this.sender.flush();
    });
  }
  awaitCommit(): void {}
  entryMoved(): number {
    return 0;
  }
  entryDone(): void {}
  wallTime(): number {
    return this.world.clock.wallTime();
  }

  private over(): void {
    if (this.isOver) return;
    this.leave();
    this.client.lost(this);
  }
}

/** A client made of the protocol's engine alone. Its session state outlives its connections and its crashes. */
export class EngineClient implements SimClient {
  readonly name: string;
  readonly spec: ClientSpec;
  private readonly world: ClientWorld;
  private readonly session = new SessionState();
  private connection: EngineConnection | undefined;
  private will: WillSpec | undefined;
  /** It comes back by itself. */
  private isWanted = false;
  private isClosed = false;
  /** @internal When it was without a connection first, since it last had one. */
  leftAt: number | undefined;
  /** @internal When the server was last known to hold the other end: one that stalls may learn late that the connection is gone. */
  heardAt = 0;
  /** @internal A clean session was asked for and not confirmed: the server may have begun it, so its state is not the client's. */
  mustStartClean = false;

  constructor(name: string, spec: ClientSpec, world: ClientWorld) {
    this.name = name;
    this.spec = spec;
    this.world = world;
    this.session.survives = true;
  }

  get tap(): WireTap | undefined {
    return this.connection?.tap;
  }

  connect(clean: boolean, will: WillSpec | undefined): void {
    if (this.isClosed) return;
    this.connection?.leave();
    this.will = will;
    this.isWanted = true;
    this.open(clean);
  }

  subscribe(filters: readonly FilterSpec[], identifier: number): void {
    const isFive = this.spec.version === 5;
    const subscriptions = filters.map(
      ({ topicFilter, qos, noLocal = false, retainAsPublished = false, retainHandling = 0 }) =>
        ({
          topicFilter,
          qos,
          noLocal: isFive && noLocal && !topicFilter.startsWith("$share"),
          retainAsPublished: isFive && retainAsPublished,
          retainHandling: isFive ? retainHandling : 0,
        }) as const,
    );
    this.openEngine?.subscribe(subscriptions, isFive && identifier > 0 ? { subscriptionIdentifiers: [identifier] } : undefined);
  }

  unsubscribe(filters: readonly string[]): void {
    this.openEngine?.unsubscribe(filters);
  }

  publish(topicName: string, payload: Uint8Array, qos: QoS, retain: boolean, expiry: number): void {
    const { session, connection } = this;
    const expiresAt = expiry === 0 ? 0 : this.world.clock.wallTime() + expiry * 1000;
    const entry: OutboundEntry = {
      sequence: session.nextSequence++,
      message: { topicName: Buffer.from(topicName), payload, properties: undefined, expiresAt },
      qos,
      retain,
      subscriptionIdentifiers: [],
      state: OutboundState.Queued,
      packetIdentifier: 0,
      sent: false,
      commit: 0,
      tag: undefined,
    };
    if (connection !== undefined && this.openEngine !== undefined) connection.sender.enqueue(entry);
    else pushQueue(session, entry);
  }

  disconnect(reasonCode: 0 | 4, ends: boolean): void {
    const { connection } = this;
    if (connection === undefined || this.openEngine === undefined || (this.spec.version === 4 && reasonCode !== 0)) return;
    this.isWanted = false;
    this.connection = undefined;
    this.leftAt = this.world.clock.now();
    if (ends && this.spec.version === 5) this.mustStartClean = true;
    connection.engine!.disconnect(reasonCode, ends && this.spec.version === 5 ? { sessionExpiryInterval: 0 } : undefined);
    connection.sender.flush();
    connection.isOver = true;
    connection.tap.end();
  }

  crash(bytes: LastBytes): void {
    const { connection } = this;
    if (connection === undefined) return;
    connection.leave();
    connection.tap.abandon(bytes);
    this.lost(connection);
  }

  heal(): void {
    if (this.isClosed || this.connection !== undefined || this.spec.expiry === 0) return;
    this.isWanted = true;
    this.will = undefined;
    this.open(false);
  }

  leftOver(): string[] {
    if (this.openEngine === undefined) return [];
    const { inFlight, queue, inbound } = this.session;
    const counts = { "in flight": inFlight.count, queued: queue.length, unreleased: inbound.size };
    return Object.entries(counts)
      .filter(([, count]) => count > 0)
      .map(([what, count]) => `${this.name}: ${count} ${what}`);
  }

  close(): void {
    this.disconnect(0, false);
    this.isClosed = true;
    this.isWanted = false;
    this.connection?.leave();
    this.connection?.tap.destroy();
    this.connection = undefined;
  }

  /** @internal */
  lost(connection: EngineConnection): void {
    if (this.connection !== connection) return;
    this.connection = undefined;
    this.leftAt ??= this.heardAt;
    if (!this.isWanted) return;
    this.world.clock.setTimer(() => {
      if (this.isWanted && this.connection === undefined && !this.isClosed) this.open(this.spec.expiry === 0);
    }, this.spec.reconnectMs);
  }

  /**
   * Its session has ended by now. Should the CONNACK that says so be lost, the next one would show the new session, and what is
   * left of the old one here would be taken for its state.
   */
  private get hasExpired(): boolean {
    return this.leftAt !== undefined && this.world.clock.now() >= this.leftAt + this.spec.expiry * 1000;
  }

  private get openEngine(): ClientConnection | undefined {
    const engine = this.connection?.engine;
    return engine?.isOpen === true ? engine : undefined;
  }

  private open(clean: boolean): void {
    const { version, expiry, keepAlive } = this.spec;
    const cleanStart = version === 4 ? expiry === 0 : clean || this.mustStartClean || this.hasExpired;
    this.mustStartClean = cleanStart;
    const connect: ConnectPacket = {
      type: PacketType.CONNECT,
      protocolVersion: version,
      cleanStart,
      keepAlive,
      clientIdentifier: this.name,
      ...(this.will === undefined ? {} : { will: this.willPacket(this.will) }),
      ...(version === 5 ? { properties: this.properties() } : {}),
    };
    this.connection = new EngineConnection(this, this.world, connect, this.session);
  }

  private properties(): Properties {
    const { expiry, receiveMaximum, topicAliasMaximum, maximumPacketSize } = this.spec;
    const properties: Properties = {};
    if (expiry > 0) properties.sessionExpiryInterval = expiry;
    if (receiveMaximum > 0) properties.receiveMaximum = receiveMaximum;
    if (topicAliasMaximum > 0) properties.topicAliasMaximum = topicAliasMaximum;
    if (maximumPacketSize > 0) properties.maximumPacketSize = maximumPacketSize;
    return properties;
  }

  private willPacket({ qos, retain, delay }: WillSpec): NonNullable<ConnectPacket["will"]> {
    const will = { topicName: `w/${this.name}`, payload: this.world.nameWill(), qos, retain };
    return this.spec.version === 5 && delay > 0 ? { ...will, properties: { willDelayInterval: delay } } : will;
  }
}
