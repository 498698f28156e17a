import type { OutBuffer } from "./out-buffer.ts";
import { malformed, protocolError, unencodable } from "./packet-fault.ts";
import { PacketReader } from "./packet-reader.ts";
import { PacketType } from "./packet-type.ts";
import { newPacket } from "./packet-writer.ts";
import type { ProtocolVersion, UnsubscribePacket } from "./packets.ts";
import { readProperties } from "./property-decoder.ts";
import { writeProperties } from "./property-encoder.ts";

/**
 * Decodes an UNSUBSCRIBE. The form of the Topic Filters is not judged here.
 *
 * @throws MALFORMED_PACKET (0x81), PROTOCOL_ERROR (0x82).
 */
export function decodeUnsubscribe(
  chunk: Uint8Array,
  start: number,
  bodyStart: number,
  end: number,
  version: ProtocolVersion,
): UnsubscribePacket {
  // [MQTT-3.10.1-1]; MQTT 3.1 has DUP there.
  if (version !== 3 && (chunk[start]! & 0x0f) !== 2)
    throw malformed("UNSUBSCRIBE with bad flags in its fixed header", "MQTT-3.10.1-1");
  const reader = new PacketReader(chunk, bodyStart, end, "UNSUBSCRIBE");
  const packetIdentifier = reader.packetIdentifier();
  const properties = version === 5 ? readProperties(reader, PacketType.UNSUBSCRIBE) : undefined;
  if (reader.left === 0) throw protocolError("UNSUBSCRIBE without a Topic Filter", "MQTT-3.10.3-2");
  const topicFilters: string[] = [];
  while (reader.left > 0) topicFilters.push(reader.string());
  const packet: UnsubscribePacket = { type: PacketType.UNSUBSCRIBE, packetIdentifier, topicFilters };
  return properties === undefined ? packet : { ...packet, properties };
}

/**
 * Appends an UNSUBSCRIBE.
 *
 * @throws PACKET_INVALID, with nothing written.
 */
export function encodeUnsubscribe(out: OutBuffer, packet: UnsubscribePacket, version: ProtocolVersion): void {
  const { topicFilters } = packet;
  if (topicFilters.length === 0) throw unencodable("an UNSUBSCRIBE needs a topic filter");
  const body = newPacket();
  body.packetIdentifier(packet.packetIdentifier);
  if (version === 5) writeProperties(body, packet.properties, PacketType.UNSUBSCRIBE);
  for (const topicFilter of topicFilters) {
    if (topicFilter === "") throw unencodable("topicFilter is empty"); // [MQTT-4.7.3-1]
    body.string(topicFilter, "topicFilter");
  }
  body.finish(out, (PacketType.UNSUBSCRIBE << 4) | 2);
}
