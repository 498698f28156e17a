import { protocolError } from "./packet-fault.ts";
import { openPacket } from "./packet-reader.ts";
import { checkReason } from "./packet-reasons.ts";
import { packetName, PacketType } from "./packet-type.ts";
import type { ProtocolVersion, SubackPacket, UnsubackPacket } from "./packets.ts";
import { readProperties } from "./property-decoder.ts";

/**
 * Decodes a SUBACK or an UNSUBACK, whose forms are the same but for what they may carry; an UNSUBACK has no Reason Codes before 5.0.
 *
 * @throws MALFORMED_PACKET (0x81), PROTOCOL_ERROR (0x82).
 */
export function decodeAnswer<Answer extends SubackPacket | UnsubackPacket>(
  chunk: Uint8Array,
  start: number,
  bodyStart: number,
  end: number,
  version: ProtocolVersion,
): Answer {
  const type = chunk[start]! >>> 4;
  const reader = openPacket(chunk, start, bodyStart, end, version);
  const packetIdentifier = reader.packetIdentifier();
  const properties = version === 5 ? readProperties(reader, type as Answer["type"]) : undefined;
  const reasonCodes: number[] = [];
  if (version === 5 || type === PacketType.SUBACK) {
    if (reader.left === 0) throw protocolError(`${packetName(type)} without a Reason Code`, `MQTT-3.${type}.3-1`);
    while (reader.left > 0) reasonCodes.push(readReason(type, reader.byte(), version));
  }
  reader.finish();
  const packet = { type, packetIdentifier, reasonCodes };
  return (properties === undefined ? packet : { ...packet, properties }) as unknown as Answer;
}

/** [v3 MQTT-3.9.3-2]: before 5.0 a SUBACK grants a QoS or says 0x80. */
function readReason(type: number, reasonCode: number, version: ProtocolVersion): number {
  checkReason(type, version !== 5 && reasonCode > 2 && reasonCode !== 0x80 ? -1 : reasonCode);
  return reasonCode;
}
