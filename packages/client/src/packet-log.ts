import { MqttError, type Packet, PacketType, type ProtocolVersion } from "@bowline/protocol";
import { decodePacket, FrameDecoder, type FrameHandler, NO_LIMIT, ownBytes } from "@bowline/protocol/internal";
import { callSafely } from "./emitter.ts";

/**
 * One packet on its way, as `onPacket` is shown it. Passwords and authentication data are replaced by `***`.
 *
 * @public
 */
export interface PacketEvent {
  readonly direction: "in" | "out";
  readonly packet: Packet;
  /** Size on the wire, in bytes. */
  readonly bytes: number;
}

const HIDDEN = Uint8Array.of(42, 42, 42);

/**
 * Shows packets to a tool, in their order and after the fact: at the end of the turn, so that a listener may use the client. Loaded
 * only where somebody asks for it.
 */
export class PacketLog implements FrameHandler {
  private readonly show: (event: PacketEvent) => void;
  private readonly waiting: (readonly [direction: PacketEvent["direction"], bytes: Uint8Array])[] = [];
  private version: ProtocolVersion = 5;
  private direction: PacketEvent["direction"] = "in";

  constructor(show: (event: PacketEvent) => void) {
    this.show = show;
  }

  /** One packet of the server. */
  readonly received = (chunk: Uint8Array, start: number, _bodyStart: number, end: number): void => {
    this.add("in", ownBytes(chunk, start, end));
  };

  /** Whole packets that leave. */
  readonly sending = (bytes: Uint8Array): void => {
    this.add("out", ownBytes(bytes, 0, bytes.length));
  };

  frame(chunk: Uint8Array, start: number, bodyStart: number, end: number): boolean {
    const packet = decodePacket(chunk, start, bodyStart, end, this.version);
    if (packet.type === PacketType.CONNECT) this.version = packet.protocolVersion;
    const event: PacketEvent = { direction: this.direction, packet: withoutSecrets(packet), bytes: end - start };
    callSafely(this.show, event);
    return true;
  }

  malformed(): void {
    // What is wrong with a packet is told by the engine.
  }

  private add(direction: PacketEvent["direction"], bytes: Uint8Array): void {
    if (this.waiting.push([direction, bytes]) === 1) queueMicrotask(() => this.showAll());
  }

  private showAll(): void {
    for (const [direction, bytes] of this.waiting.splice(0)) {
      this.direction = direction;
      try {
        new FrameDecoder(this, NO_LIMIT).push(bytes);
      } catch (error) {
        if (!MqttError.is(error)) throw error;
      }
    }
  }
}

function withoutSecrets(packet: Packet): Packet {
  const hidden: Packet =
    packet.type === PacketType.CONNECT && packet.password !== undefined ? { ...packet, password: HIDDEN } : packet;
  const properties = "properties" in hidden ? hidden.properties : undefined;
  if (properties?.authenticationData === undefined) return hidden;
  return { ...hidden, properties: { ...properties, authenticationData: HIDDEN } } as Packet;
}
