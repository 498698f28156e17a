import { bytes } from "./bytes.ts";
import { OutBuffer } from "./out-buffer.ts";
import type { Packet, ProtocolVersion } from "./packets.ts";

/**
 * Appends a Control Packet to the out-buffer, with nothing written when it throws PACKET_INVALID. There is one for everything and
 * one for what a client sends.
 */
export type PacketEncoder = (out: OutBuffer, packet: Packet, version: ProtocolVersion) => void;

/** The packet in an array of exactly its size. */
export function toBytes(encode: PacketEncoder, packet: Packet, version: ProtocolVersion): Uint8Array {
  const out = new OutBuffer();
  try {
    encode(out, packet, version);
    // Not slice(), which is a view when the host's arrays are Buffers.
    const exact = bytes.alloc(out.end);
    bytes.copy(out.buffer, exact, 0, 0, out.end);
    return exact;
  } finally {
    out.release(true);
  }
}
