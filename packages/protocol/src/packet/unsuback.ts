import type { OutBuffer } from "./out-buffer.ts";
import { malformed, protocolError, unencodable } from "./packet-fault.ts";
import { PacketReader } from "./packet-reader.ts";
import { PacketType } from "./packet-type.ts";
import { newPacket } from "./packet-writer.ts";
import type { ProtocolVersion, UnsubackPacket } from "./packets.ts";
import { readProperties } from "./property-decoder.ts";
import { writeProperties } from "./property-encoder.ts";

/** Table 3-9. */
const reasons: ReadonlySet<number> = new Set([0x00, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91]);

/**
 * Decodes an UNSUBACK; before MQTT 5.0 it has no Reason Codes.
 *
 * @throws MALFORMED_PACKET (0x81), PROTOCOL_ERROR (0x82).
 */
export function decodeUnsuback(
  chunk: Uint8Array,
  start: number,
  bodyStart: number,
  end: number,
  version: ProtocolVersion,
): UnsubackPacket {
  if (version !== 3 && (chunk[start]! & 0x0f) !== 0) throw malformed("UNSUBACK with bad flags in its fixed header");
  const reader = new PacketReader(chunk, bodyStart, end, "UNSUBACK");
  const packetIdentifier = reader.packetIdentifier();
  const reasonCodes: number[] = [];
  const packet: UnsubackPacket = { type: PacketType.UNSUBACK, packetIdentifier, reasonCodes };
  if (version === 5) {
    const properties = readProperties(reader, PacketType.UNSUBACK);
    if (properties !== undefined) packet.properties = properties;
    if (reader.left === 0) throw protocolError("UNSUBACK without a Reason Code", "MQTT-3.11.3-1");
    while (reader.left > 0) reasonCodes.push(readReason(reader));
  }
  reader.finish();
  return packet;
}

function readReason(reader: PacketReader): number {
  const reasonCode = reader.byte();
  if (!reasons.has(reasonCode)) throw protocolError(`UNSUBACK has no Reason Code ${reasonCode}`, "MQTT-3.11.3-2");
  return reasonCode;
}

/**
 * Appends an UNSUBACK; before MQTT 5.0 without Reason Codes.
 *
 * @throws PACKET_INVALID, with nothing written.
 */
export function encodeUnsuback(out: OutBuffer, packet: UnsubackPacket, version: ProtocolVersion): void {
  const body = newPacket();
  body.packetIdentifier(packet.packetIdentifier);
  if (version === 5) {
    if (packet.reasonCodes.length === 0) throw unencodable("an UNSUBACK needs a Reason Code");
    writeProperties(body, packet.properties, PacketType.UNSUBACK);
    for (const reasonCode of packet.reasonCodes) {
      if (!reasons.has(reasonCode)) throw unencodable(`UNSUBACK has no Reason Code ${reasonCode}`);
      body.byte(reasonCode);
    }
  }
  body.finish(out, PacketType.UNSUBACK << 4);
}
