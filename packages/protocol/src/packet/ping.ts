import type { OutBuffer } from "./out-buffer.ts";
import { openPacket } from "./packet-reader.ts";
import { PacketType } from "./packet-type.ts";
import type { PingreqPacket, PingrespPacket, ProtocolVersion } from "./packets.ts";

type PingPacket = PingreqPacket | PingrespPacket;

/**
 * Decodes a PINGREQ or PINGRESP.
 *
 * @throws MALFORMED_PACKET (0x81) when it has a body.
 */
export function decodePing(chunk: Uint8Array, start: number, bodyStart: number, end: number, version: ProtocolVersion): PingPacket {
  openPacket(chunk, start, bodyStart, end, version).finish();
  return chunk[start]! >>> 4 === PacketType.PINGREQ ? { type: PacketType.PINGREQ } : { type: PacketType.PINGRESP };
}

/** Appends a PINGREQ or PINGRESP. */
export function encodePing(out: OutBuffer, packet: PingPacket): void {
  out.ensure(2);
  out.buffer[out.end] = packet.type << 4;
  out.buffer[out.end + 1] = 0;
  out.end += 2;
}
