import type { OutBuffer } from "./out-buffer.ts";
import { unencodable } from "./packet-fault.ts";
import { PacketType } from "./packet-type.ts";
import { newPacket } from "./packet-writer.ts";
import type { ProtocolVersion, UnsubscribePacket } from "./packets.ts";
import { writeProperties } from "./property-encoder.ts";

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
