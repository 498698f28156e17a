import { type Packet, PacketType, type ProtocolVersion } from "@bowline/protocol";
import { type Channel, type ChannelHandler, decodeText, type TracedClient, type TracedPacket } from "@bowline/protocol/internal";
import type { Arrival } from "../listeners/arrival.ts";
import { fieldsOf, readPacket, type ReadPacket, shownPayload } from "./describe-packet.ts";
import { ExchangeMemory } from "./exchange-memory.ts";
import { HEAD_BYTES_MAX, PacketHeads } from "./packet-heads.ts";
import { packetWords } from "./packet-words.ts";
import type { Trace, TraceLimits } from "./trace.ts";

/** What a tap needs of the connection it listens at. */
export interface TappedConnection extends ChannelHandler {
  readonly id: number;
  readonly arrival: Arrival;
  readonly tenant: { readonly name: string };
  readonly session: { readonly clientIdentifier: string } | undefined;
  readonly sender: { readonly version: ProtocolVersion };
  readonly receiver: {
    readonly decoder: { readonly pending: readonly Uint8Array[] };
    readonly aliases: { get(alias: number): Uint8Array | undefined } | undefined;
  };
}

type Direction = "in" | "out";

/**
 * Stands between a connection and its channel while a trace is about it, hands everything on, and tells the traces what passed. The
 * connection and the engines know nothing of it, so that one which nobody traces pays nothing.
 */
export class ChannelTap implements Channel, ChannelHandler {
  handler: ChannelHandler;
  readonly #connection: TappedConnection;
  readonly #inner: Channel;
  readonly #wallTime: () => number;
  readonly #onIdle: (connection: TappedConnection) => void;
  readonly #traces = new Map<Trace, ExchangeMemory>();
  readonly #heads: Readonly<Record<Direction, PacketHeads>>;
  /** Topics by their aliases, since the tap listens. */
  readonly #aliases = { in: new Map<number, string>(), out: new Map<number, string>() };
  #version: ProtocolVersion | undefined;
  #clientIdentifier: string | undefined;
  #isEnded = false;

  constructor(connection: TappedConnection, wallTime: () => number, onIdle: (connection: TappedConnection) => void) {
    this.#connection = connection;
    this.#inner = connection.arrival.channel;
    this.#wallTime = wallTime;
    this.#onIdle = onIdle;
    this.handler = connection;
    this.#clientIdentifier = connection.session?.clientIdentifier;
    // Until a CONNECT is read the sender's version is nobody's.
    if (this.#clientIdentifier !== undefined) this.#version = connection.sender.version;
    this.#heads = {
      in: new PacketHeads((head, bodyStart, bytes) => this.#seen("in", head, bodyStart, bytes)),
      out: new PacketHeads((head, bodyStart, bytes) => this.#seen("out", head, bodyStart, bytes)),
    };
    connection.arrival.channel = this;
    this.#inner.handler = this;
  }

  /** A trace that is, or may turn out to be, about this connection. */
  add(trace: Trace): void {
    const isFirst = this.#traces.size === 0;
    this.#traces.set(trace, new ExchangeMemory());
    // The walk begins in the middle of what came: the rest of a packet would be read as the beginning of one.
    if (isFirst) for (const part of this.#connection.receiver.decoder.pending) this.#observe("in", part);
  }

  remove(trace: Trace): void {
    if (this.#traces.delete(trace) && this.#traces.size === 0) this.#onIdle(this.#connection);
  }

  /** Leaves the connection as it was found. */
  takeOff(): void {
    this.#connection.arrival.channel = this.#inner;
    this.#inner.handler = this.#connection;
  }

  /** The connection is over; told once. Who traces by topic asked for packets alone. */
  tellOfEnd(reason: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const event = { kind: "closed", at: this.#wallTime(), ...this.#client(), reason } as const;
    for (const trace of this.#traces.keys()) if (!trace.scope.isByTopic && this.#isMeantBy(trace)) trace.tell(event, 0);
  }

  // ChannelHandler

  data(chunk: Uint8Array): void {
    this.#observe("in", chunk);
    this.#connection.data(chunk);
  }

  drained(): void {
    this.#connection.drained();
  }

  closed(cause: Error | undefined): void {
    this.#connection.closed(cause);
  }

  // Channel

  write(bytes: Uint8Array): boolean {
    // Before the channel has it: what it takes whole is used again.
    this.#observe("out", bytes);
    return this.#inner.write(bytes);
  }

  get bufferedBytes(): number {
    return this.#inner.bufferedBytes;
  }

  pause(): void {
    this.#inner.pause();
  }

  resume(): void {
    this.#inner.resume();
  }

  end(): void {
    this.#inner.end();
  }

  destroy(): void {
    this.#inner.destroy();
  }

  /** A fault of ours ends the traces and not the client's connection. */
  #observe(direction: Direction, chunk: Uint8Array): void {
    try {
      this.#heads[direction].push(chunk);
    } catch {
      for (const trace of this.#traces.keys()) trace.end("fault");
    }
  }

  #seen(direction: Direction, head: Uint8Array, bodyStart: number, packetBytes: number): void {
    if (this.#traces.size === 0) return;
    const read = readPacket(head, bodyStart, packetBytes, this.#version ?? 5);
    const { packet } = read;
    if (packet?.type === PacketType.CONNECT) this.#introduced(packet.clientIdentifier, packet.protocolVersion);
    const topicName = packet?.type === PacketType.PUBLISH ? this.#topicOf(direction, packet) : undefined;
    const cost = Math.min(packetBytes, HEAD_BYTES_MAX);
    for (const [trace, memory] of this.#traces) {
      if (!this.#isMeantBy(trace) || !isShown(trace, memory, direction, packet, topicName)) continue;
      trace.tellPacket(cost, () => this.#describe(trace.limits, direction, read, topicName));
    }
    // An empty Client Identifier is known when the CONNACK is written: the Session has it.
    this.#clientIdentifier ||= this.#connection.session?.clientIdentifier;
  }

  #describe(
    { payloadBytes }: TraceLimits,
    direction: Direction,
    { type, bytes, packet, fault }: ReadPacket,
    topicName: string | undefined,
  ): TracedPacket {
    const isPublish = packet?.type === PacketType.PUBLISH;
    const fields = packet === undefined ? undefined : fieldsOf(packet);
    // What is not kept of a packet is the end of its payload.
    const unkept = Math.max(0, bytes - HEAD_BYTES_MAX);
    return {
      kind: "packet",
      at: this.#wallTime(),
      ...this.#client(),
      direction,
      type,
      bytes,
      summary: packet === undefined ? "" : packetWords(packet, topicName),
      ...(fields === undefined ? {} : { fields: isPublish && topicName !== undefined ? { ...fields, topicName } : fields }),
      ...(isPublish ? { payload: shownPayload(packet.payload, packet.payload.length + unkept, payloadBytes) } : {}),
      ...(fault === undefined ? {} : { fault }),
    };
  }

  /** Who it is decides which traces stay. */
  #introduced(clientIdentifier: string, version: ProtocolVersion): void {
    this.#version = version;
    this.#clientIdentifier = clientIdentifier;
    for (const trace of this.#traces.keys()) if (!trace.scope.isClient(clientIdentifier)) this.remove(trace);
  }

  #isMeantBy(trace: Trace): boolean {
    return trace.scope.isClient(this.#clientIdentifier ?? "");
  }

  #topicOf(direction: Direction, packet: Packet & { type: typeof PacketType.PUBLISH }): string | undefined {
    const alias = packet.properties?.topicAlias;
    if (packet.topicName !== "") {
      if (alias !== undefined) this.#aliases[direction].set(alias, packet.topicName);
      return packet.topicName;
    }
    if (alias === undefined) return undefined;
    const known = this.#aliases[direction].get(alias);
    if (known !== undefined || direction === "out") return known;
    // Set before the tap listened.
    const topic = this.#connection.receiver.aliases?.get(alias);
    return topic === undefined ? undefined : decodeText(topic, 0, topic.length);
  }

  #client(): TracedClient {
    const { id, arrival } = this.#connection;
    return { connection: id, clientIdentifier: this.#clientIdentifier ?? "", remoteAddress: arrival.remoteAddress };
  }
}

function isShown(
  trace: Trace,
  memory: ExchangeMemory,
  direction: Direction,
  packet: Packet | undefined,
  topicName: string | undefined,
): boolean {
  if (!trace.scope.isByTopic) return true;
  if (packet === undefined) return false;
  if (memory.isPartOfShown(packet, direction)) return true;
  if (!trace.scope.isAboutTopic(packet, topicName)) return false;
  memory.remember(packet, direction);
  return true;
}
