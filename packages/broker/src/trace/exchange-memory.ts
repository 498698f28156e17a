import { type Packet, PacketType } from "@bowline/protocol";

type Direction = "in" | "out";

/**
 * Which Packet Identifiers belong to a packet that a trace by topic has shown, so that what answers it is shown too. Client and broker
 * number their packets each for themselves; 65,535 identifiers are the bound of both sets.
 */
export class ExchangeMemory {
  readonly #begunBy = { in: new Set<number>(), out: new Set<number>() };

  /** A packet that begins an exchange was shown. */
  remember(packet: Packet, direction: Direction): void {
    if ("packetIdentifier" in packet && packet.packetIdentifier !== undefined)
      this.#begunBy[direction].add(packet.packetIdentifier);
  }

  /** Whether the packet goes on with an exchange that is shown; the last one of it ends it. */
  isPartOfShown(packet: Packet, direction: Direction): boolean {
    const back = direction === "in" ? "out" : "in";
    switch (packet.type) {
      case PacketType.PUBACK:
      case PacketType.PUBCOMP:
      case PacketType.SUBACK:
      case PacketType.UNSUBACK:
        return this.#begunBy[back].delete(packet.packetIdentifier);
      case PacketType.PUBREC:
        return this.#begunBy[back].has(packet.packetIdentifier);
      case PacketType.PUBREL:
        return this.#begunBy[direction].has(packet.packetIdentifier);
      default:
        return false;
    }
  }
}
