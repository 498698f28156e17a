import { malformed, protocolError } from "./packet-fault.ts";
import { PacketReader } from "./packet-reader.ts";
import { PacketType } from "./packet-type.ts";
import type { ProtocolVersion, UnsubscribePacket } from "./packets.ts";
import { readProperties } from "./property-decoder.ts";

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
