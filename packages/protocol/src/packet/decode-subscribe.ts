import { malformed, protocolError } from "./packet-fault.ts";
import { openPacket, type PacketReader } from "./packet-reader.ts";
import { PacketType } from "./packet-type.ts";
import type { ProtocolVersion, QoS, RetainHandling, SubscribePacket, SubscriptionRequest } from "./packets.ts";
import { readProperties } from "./property-decoder.ts";
import { NO_LOCAL, RETAIN_AS_PUBLISHED, RETAIN_HANDLING_SHIFT, SHARED_PREFIX } from "./subscription-options.ts";
import { TOPIC_FILTERS_MAX, tooManyTopicFilters } from "./topic-filters-max.ts";

/**
 * Decodes a SUBSCRIBE. The form of the Topic Filters is not judged here: a bad one is answered in the SUBACK.
 *
 * @throws MALFORMED_PACKET (0x81), PROTOCOL_ERROR (0x82), QUOTA (0x97).
 */
export function decodeSubscribe(
  chunk: Uint8Array,
  start: number,
  bodyStart: number,
  end: number,
  version: ProtocolVersion,
): SubscribePacket {
  // [MQTT-3.8.1-1]
  const reader = openPacket(chunk, start, bodyStart, end, version);
  const packetIdentifier = reader.packetIdentifier();
  const properties = version === 5 ? readProperties(reader, PacketType.SUBSCRIBE) : undefined;
  if (properties?.subscriptionIdentifiers !== undefined && properties.subscriptionIdentifiers.length > 1) {
    throw protocolError("SUBSCRIBE with more than one Subscription Identifier"); // [section 3.8.2.1.2]
  }
  // [MQTT-3.8.3-2]
  if (reader.left === 0) throw protocolError("SUBSCRIBE without a Topic Filter", "MQTT-3.8.3-2");
  const subscriptions: SubscriptionRequest[] = [];
  while (reader.left > 0) {
    if (subscriptions.length === TOPIC_FILTERS_MAX) throw tooManyTopicFilters();
    subscriptions.push(readSubscription(reader, version));
  }
  const packet: SubscribePacket = { type: PacketType.SUBSCRIBE, packetIdentifier, subscriptions };
  return properties === undefined ? packet : { ...packet, properties };
}

function readSubscription(reader: PacketReader, version: ProtocolVersion): SubscriptionRequest {
  const topicFilter = reader.string();
  const options = reader.byte();
  const qos = options & 3;
  if (qos === 3) throw malformed("SUBSCRIBE with QoS 3");
  if (version !== 5) {
    // [v3 MQTT-3.8.3-4]; MQTT 3.1 leaves the bits above QoS open.
    if (version === 4 && options > 2) throw malformed("SUBSCRIBE with reserved bits", "v3 MQTT-3.8.3-4");
    return { topicFilter, qos: qos as QoS, noLocal: false, retainAsPublished: false, retainHandling: 0 };
  }
  if (options > 0x3f) throw malformed("SUBSCRIBE with reserved bits in its options", "MQTT-3.8.3-5");
  const retainHandling = options >>> RETAIN_HANDLING_SHIFT;
  if (retainHandling === 3) throw protocolError("SUBSCRIBE with Retain Handling 3");
  const noLocal = (options & NO_LOCAL) !== 0;
  if (noLocal && topicFilter.startsWith(SHARED_PREFIX)) {
    throw protocolError("No Local on a shared subscription", "MQTT-3.8.3-4");
  }
  const retainAsPublished = (options & RETAIN_AS_PUBLISHED) !== 0;
  return { topicFilter, qos: qos as QoS, noLocal, retainAsPublished, retainHandling: retainHandling as RetainHandling };
}
