import { type Packet, PacketType, type ProtocolVersion } from "@bowline/protocol";
import { type Channel, type ChannelHandler, decodePacket, encodeToBytes, FrameDecoder } from "@bowline/protocol/internal";
import type { VirtualChannel, VirtualHandler } from "../virtual/index.ts";

/** Whoever watches one end of a connection. A Topic Alias has been resolved: `topicName` is the real one. */
export interface WireObserver {
  /** A packet that this end is about to be given. */
  received(packet: Packet, bytes: number): void;
  /** A packet that this end has written. */
  written(packet: Packet, bytes: number): void;
  /** This end hears or says no more. Once. */
  ended(): void;
  /** Bytes that are no packet. */
  nonsense(detail: string): void;
}

/** What happens to packets between the observer and the process behind it; for tests of the oracle. */
export interface WireFaults {
  incoming?(packet: Packet): readonly Packet[];
  outgoing?(packet: Packet): readonly Packet[];
}

/** One direction of a connection, as packets. */
class PacketStream {
  version: ProtocolVersion = 5;
  private readonly decoder: FrameDecoder;
  private readonly aliases = new Map<number, string>();

  constructor(packet: (packet: Packet, bytes: number) => void, nonsense: (detail: string) => void) {
    this.decoder = new FrameDecoder(
      {
        frame: (chunk, start, bodyStart, end) => {
          const decoded = decodePacket(chunk.slice(), start, bodyStart, end, this.version);
          packet(decoded.type === PacketType.PUBLISH ? this.resolved(decoded, nonsense) : decoded, end - start);
          return true;
        },
        malformed: (reasonCode, detail) => nonsense(`${reasonCode} ${detail}`),
      },
      0x1000_0000,
    );
  }

  push(chunk: Uint8Array): void {
    this.decoder.push(chunk);
  }

  private resolved(packet: Extract<Packet, { type: 3 }>, nonsense: (detail: string) => void): Packet {
    const alias = packet.properties?.topicAlias;
    if (alias === undefined) return packet;
    if (packet.topicName !== "") this.aliases.set(alias, packet.topicName);
    const topicName = this.aliases.get(alias);
    if (topicName === undefined) nonsense(`Topic Alias ${alias} was never set`);
    return { ...packet, topicName: topicName ?? "" };
  }
}

/** An end of a virtual link with an observer between the wire and the process. */
export class WireTap implements Channel, VirtualHandler {
  handler: ChannelHandler & { opened?(): void } = { data() {}, drained() {}, closed() {} };
  readonly inner: VirtualChannel;
  private readonly observer: WireObserver;
  private readonly faults: WireFaults;
  private readonly incoming: PacketStream;
  private readonly outgoing: PacketStream;
  private readonly faulty: PacketStream | undefined;
  private isEnded = false;

  constructor(inner: VirtualChannel, observer: WireObserver, faults: WireFaults = {}) {
    this.inner = inner;
    this.observer = observer;
    this.faults = faults;
    const nonsense = (detail: string): void => observer.nonsense(detail);
    this.incoming = new PacketStream((packet, bytes) => this.arrived(packet, bytes), nonsense);
    this.outgoing = new PacketStream((packet, bytes) => this.left(packet, bytes), nonsense);
    if (faults.outgoing !== undefined) this.faulty = new PacketStream((packet) => this.leaveFaulty(packet), nonsense);
    inner.handler = this;
  }

  get facts(): VirtualChannel["facts"] {
    return this.inner.facts;
  }

  get bufferedBytes(): number {
    return this.inner.bufferedBytes;
  }

  write(bytes: Uint8Array): boolean {
    if (this.isEnded || this.inner.isClosed) return true;
    if (this.faulty !== undefined) {
      this.faulty.push(bytes);
      return true;
    }
    this.outgoing.push(bytes);
    return this.inner.write(bytes);
  }

  pause(): void {
    this.inner.pause();
  }

  resume(): void {
    this.inner.resume();
  }

  end(): void {
    this.over();
    this.inner.end();
  }

  destroy(): void {
    this.over();
    this.inner.destroy();
  }

  /** The process behind it is dead: nobody hears any more, and what it wrote is lost or arrives. */
  abandon(bytes: "lost" | "sent"): void {
    this.handler = { data() {}, drained() {}, closed() {} };
    this.over();
    if (this.inner.isClosed) return;
    if (bytes === "lost") this.inner.link.cut();
    else this.inner.destroy();
  }

  // VirtualHandler

  opened(): void {
    this.handler.opened?.();
  }

  data(chunk: Uint8Array): void {
    if (!this.isEnded) this.incoming.push(chunk);
    if (this.faults.incoming === undefined) this.handler.data(chunk);
  }

  drained(): void {
    this.handler.drained();
  }

  closed(cause: Error | undefined): void {
    this.over();
    this.handler.closed(cause);
  }

  private over(): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.observer.ended();
  }

  private arrived(packet: Packet, bytes: number): void {
    if (packet.type === PacketType.CONNECT) this.setVersion(packet.protocolVersion);
    if (this.isEnded) return;
    this.observer.received(packet, bytes);
    for (const one of this.faults.incoming?.(packet) ?? []) this.handler.data(this.encode(one));
  }

  private left(packet: Packet, bytes: number): void {
    if (packet.type === PacketType.CONNECT) this.setVersion(packet.protocolVersion);
    this.observer.written(packet, bytes);
  }

  private leaveFaulty(packet: Packet): void {
    for (const one of this.faults.outgoing!(packet)) {
      const bytes = this.encode(one);
      this.outgoing.push(bytes);
      this.inner.write(bytes);
    }
  }

  private encode(packet: Packet): Uint8Array {
    return encodeToBytes(withoutAlias(packet), this.incoming.version);
  }

  private setVersion(version: ProtocolVersion): void {
    this.incoming.version = version;
    this.outgoing.version = version;
    if (this.faulty !== undefined) this.faulty.version = version;
  }
}

function withoutAlias(packet: Packet): Packet {
  if (packet.type !== PacketType.PUBLISH || packet.properties?.topicAlias === undefined) return packet;
  const { topicAlias: _alias, ...properties } = packet.properties;
  return { ...packet, properties };
}
