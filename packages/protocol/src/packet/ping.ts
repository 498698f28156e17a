import type { OutBuffer } from "./out-buffer.ts";
import { malformed } from "./packet-fault.ts";
import { PacketType } from "./packet-type.ts";
import type { PingreqPacket, PingrespPacket, ProtocolVersion } from "./packets.ts";

type PingPacket = PingreqPacket | PingrespPacket;

const pingreq: PingreqPacket = { type: PacketType.PINGREQ };
const pingresp: PingrespPacket = { type: PacketType.PINGRESP };

/**
 * Decodes a PINGREQ or PINGRESP.
 *
 * @throws MALFORMED_PACKET (0x81) when it has a body.
 */
export function decodePing(chunk: Uint8Array, start: number, bodyStart: number, end: number, version: ProtocolVersion): PingPacket {
  const packet = chunk[start]! >>> 4 === PacketType.PINGREQ ? pingreq : pingresp;
  if (version !== 3 && (chunk[start]! & 0x0f) !== 0) throw malformed("a ping with bad flags in its fixed header");
  if (bodyStart !== end) throw malformed("a ping with a body");
  return { ...packet };
}

/** Appends a PINGREQ or PINGRESP. */
export function encodePing(out: OutBuffer, packet: PingPacket): void {
  out.ensure(2);
  out.buffer[out.end] = packet.type << 4;
  out.buffer[out.end + 1] = 0;
  out.end += 2;
}
