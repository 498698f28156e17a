import { MqttError, PacketType, type Packet as ProtocolPacket, type ProtocolVersion } from "@bowline/protocol";
import {
  decodeFromServer,
  decodePublish,
  decodeSubscribe,
  decodeUnsubscribe,
  type FrameHandler,
  FrameWalk,
  NO_LIMIT,
  ownBytes,
} from "@bowline/protocol/internal";
import { remainingLength } from "./inbound.ts";
import type { Packet } from "./packets.ts";
import { toPacket } from "./to-packet.ts";

export interface PacketEventsOwner {
  readonly version: ProtocolVersion;
  /** Whether the application listens. */
  isWatched(event: "packetsend" | "packetreceive"): boolean;
  tell(event: "packetsend" | "packetreceive", packet: Packet): void;
}

/** Shows packets to an application that listens to `packetsend` and `packetreceive`; costs nothing for others. */
export class PacketEvents implements FrameHandler {
  private readonly owner: PacketEventsOwner;
  private readonly sent: Uint8Array[] = [];

  constructor(owner: PacketEventsOwner) {
    this.owner = owner;
  }

  /** One packet that came. It is copied, since an application may keep what it is shown. */
  received(chunk: Uint8Array, start: number, bodyStart: number, end: number): void {
    const own = ownBytes(chunk, start, end);
    const { owner } = this;
    try {
      const packet = decode(own, 0, bodyStart - start, own.length, owner.version);
      owner.tell("packetreceive", toPacket(packet, owner.version, remainingLength(own.length)));
    } catch (error) {
      // What is wrong with it is told by the engine, which reads it next.
      if (!MqttError.is(error)) throw error;
    }
  }

  /**
   * Whole packets that leave. They are shown when they have left: a listener that publishes or ends the client while they are being
   * written would have them written again.
   */
  sending(bytes: Uint8Array): void {
    if (!this.owner.isWatched("packetsend")) return;
    if (this.sent.push(ownBytes(bytes, 0, bytes.length)) === 1) queueMicrotask(() => this.showSent());
  }

  /** Shows now what has left. */
  showSent(): void {
    for (let bytes = this.sent.shift(); bytes !== undefined; bytes = this.sent.shift()) new FrameWalk(this, NO_LIMIT).push(bytes);
  }

  frame(chunk: Uint8Array, start: number, bodyStart: number, end: number): boolean {
    const { owner } = this;
    // The CONNECT was shown when it was made.
    if (chunk[start]! >>> 4 !== PacketType.CONNECT) {
      owner.tell("packetsend", toPacket(decode(chunk, start, bodyStart, end, owner.version), owner.version));
    }
    return true;
  }

  malformed(_reasonCode: number, detail: string): void {
    throw new MqttError("INTERNAL", { detail });
  }
}

/** Every packet that a client gets, and what it sends but the CONNECT, whose decoder a page would carry for nothing. */
function decode(chunk: Uint8Array, start: number, bodyStart: number, end: number, version: ProtocolVersion): ProtocolPacket {
  const type = chunk[start]! >>> 4;
  switch (type) {
    case PacketType.PUBLISH:
      return decodePublish(chunk, start, bodyStart, end, version);
    case PacketType.PUBACK:
    case PacketType.PUBREC:
    case PacketType.PUBREL:
    case PacketType.PUBCOMP:
      // The decoder would refuse Packet Identifier 0, which is answered all the same.
      if (end - start === 4) return { type, packetIdentifier: (chunk[bodyStart]! << 8) | chunk[bodyStart + 1]!, reasonCode: 0 };
      return decodeFromServer(chunk, start, bodyStart, end, version);
    case PacketType.SUBSCRIBE:
      return decodeSubscribe(chunk, start, bodyStart, end, version);
    case PacketType.UNSUBSCRIBE:
      return decodeUnsubscribe(chunk, start, bodyStart, end, version);
    case PacketType.PINGREQ:
      return { type: PacketType.PINGREQ };
    default:
      return decodeFromServer(chunk, start, bodyStart, end, version);
  }
}
