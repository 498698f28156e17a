import type { OutBuffer } from "./out-buffer.ts";
import { malformed, protocolError, unencodable } from "./packet-fault.ts";
import { PacketReader } from "./packet-reader.ts";
import { PacketType } from "./packet-type.ts";
import { newPacket } from "./packet-writer.ts";
import type { ProtocolVersion, SubackPacket } from "./packets.ts";
import { readProperties } from "./property-decoder.ts";
import { writeProperties } from "./property-encoder.ts";
import { ReasonCode } from "./reason-codes.ts";

/** Table 3-8. */
const reasons: ReadonlySet<number> = new Set([0, 1, 2, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2]);

function mayCarry(reasonCode: number, version: ProtocolVersion): boolean {
  return version === 5 ? reasons.has(reasonCode) : reasonCode < 3 || reasonCode === ReasonCode.UnspecifiedError;
}

/**
 * Decodes a SUBACK.
 *
 * @throws MALFORMED_PACKET (0x81), PROTOCOL_ERROR (0x82).
 */
export function decodeSuback(
  chunk: Uint8Array,
  start: number,
  bodyStart: number,
  end: number,
  version: ProtocolVersion,
): SubackPacket {
  if (version !== 3 && (chunk[start]! & 0x0f) !== 0) throw malformed("SUBACK with bad flags in its fixed header");
  const reader = new PacketReader(chunk, bodyStart, end, "SUBACK");
  const packetIdentifier = reader.packetIdentifier();
  const properties = version === 5 ? readProperties(reader, PacketType.SUBACK) : undefined;
  if (reader.left === 0) throw protocolError("SUBACK without a Reason Code", "MQTT-3.9.3-1");
  const reasonCodes: number[] = [];
  while (reader.left > 0) {
    const reasonCode = reader.byte();
    if (!mayCarry(reasonCode, version)) throw protocolError(`SUBACK has no Reason Code ${reasonCode}`, "MQTT-3.9.3-2");
    reasonCodes.push(reasonCode);
  }
  const packet: SubackPacket = { type: PacketType.SUBACK, packetIdentifier, reasonCodes };
  return properties === undefined ? packet : { ...packet, properties };
}

/**
 * Appends a SUBACK. Before MQTT 5.0 every refusal is 0x80, [v3 MQTT-3.9.3-2].
 *
 * @throws PACKET_INVALID, with nothing written.
 */
export function encodeSuback(out: OutBuffer, packet: SubackPacket, version: ProtocolVersion): void {
  const { reasonCodes } = packet;
  if (reasonCodes.length === 0) throw unencodable("a SUBACK needs a Reason Code");
  const body = newPacket();
  body.packetIdentifier(packet.packetIdentifier);
  if (version === 5) writeProperties(body, packet.properties, PacketType.SUBACK);
  for (const reasonCode of reasonCodes) {
    if (!reasons.has(reasonCode)) throw unencodable(`SUBACK has no Reason Code ${reasonCode}`);
    body.byte(version === 5 || reasonCode < 0x80 ? reasonCode : ReasonCode.UnspecifiedError);
  }
  body.finish(out, PacketType.SUBACK << 4);
}
