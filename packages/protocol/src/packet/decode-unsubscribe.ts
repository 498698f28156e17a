import { protocolError } from "./packet-fault.ts";
import { openPacket } from "./packet-reader.ts";
import { PacketType } from "./packet-type.ts";
import type { ProtocolVersion, UnsubscribePacket } from "./packets.ts";
import { readProperties } from "./property-decoder.ts";
import { TOPIC_FILTERS_MAX, tooManyTopicFilters } from "./topic-filters-max.ts";

/**
 * Decodes an UNSUBSCRIBE. The form of the Topic Filters is not judged here.
 *
 * @throws MALFORMED_PACKET (0x81), PROTOCOL_ERROR (0x82), QUOTA (0x97).
 */
export function decodeUnsubscribe(
  chunk: Uint8Array,
  start: number,
  bodyStart: number,
  end: number,
  version: ProtocolVersion,
): UnsubscribePacket {
  // [MQTT-3.10.1-1]
  const reader = openPacket(chunk, start, bodyStart, end, version);
  const packetIdentifier = reader.packetIdentifier();
  const properties = version === 5 ? readProperties(reader, PacketType.UNSUBSCRIBE) : undefined;
  if (reader.left === 0) throw protocolError("UNSUBSCRIBE without a Topic Filter", "MQTT-3.10.3-2");
  const topicFilters: string[] = [];
  while (reader.left > 0) {
    if (topicFilters.length === TOPIC_FILTERS_MAX) throw tooManyTopicFilters();
    topicFilters.push(reader.string());
  }
  const packet: UnsubscribePacket = { type: PacketType.UNSUBSCRIBE, packetIdentifier, topicFilters };
  return properties === undefined ? packet : { ...packet, properties };
}
