import type { OutBuffer } from "./out-buffer.ts";
import { unencodable } from "./packet-fault.ts";
import { PacketType } from "./packet-type.ts";
import { newPacket, type PacketWriter } from "./packet-writer.ts";
import type { ProtocolVersion, SubscribePacket, SubscriptionRequest } from "./packets.ts";
import { writeProperties } from "./property-encoder.ts";
import { NO_LOCAL, RETAIN_AS_PUBLISHED, RETAIN_HANDLING_SHIFT, SHARED_PREFIX } from "./subscription-options.ts";

/**
 * Appends a SUBSCRIBE. Before MQTT 5.0 of the options only the QoS is sent.
 *
 * @throws PACKET_INVALID, with nothing written.
 */
export function encodeSubscribe(out: OutBuffer, packet: SubscribePacket, version: ProtocolVersion): void {
  const { subscriptions, properties } = packet;
  if (subscriptions.length === 0) throw unencodable("a SUBSCRIBE needs a topic filter");
  if (properties?.subscriptionIdentifiers !== undefined && properties.subscriptionIdentifiers.length > 1) {
    throw unencodable("a SUBSCRIBE has one subscription identifier at the most");
  }
  const body = newPacket();
  body.packetIdentifier(packet.packetIdentifier);
  if (version === 5) writeProperties(body, properties, PacketType.SUBSCRIBE);
  for (const subscription of subscriptions) writeSubscription(body, subscription, version);
  body.finish(out, (PacketType.SUBSCRIBE << 4) | 2);
}

function writeSubscription(body: PacketWriter, request: SubscriptionRequest, version: ProtocolVersion): void {
  const { topicFilter, qos, noLocal, retainAsPublished, retainHandling } = request;
  if (topicFilter === "") throw unencodable("topicFilter is empty"); // [MQTT-4.7.3-1]
  if (qos !== 0 && qos !== 1 && qos !== 2) throw unencodable("qos must be 0, 1 or 2");
  body.string(topicFilter, "topicFilter");
  if (version !== 5) {
    body.byte(qos);
    return;
  }
  if (retainHandling !== 0 && retainHandling !== 1 && retainHandling !== 2) throw unencodable("retainHandling must be 0, 1 or 2");
  if (noLocal && topicFilter.startsWith(SHARED_PREFIX)) throw unencodable("noLocal cannot be set on a shared subscription");
  const flags = (noLocal ? NO_LOCAL : 0) | (retainAsPublished ? RETAIN_AS_PUBLISHED : 0);
  body.byte(qos | flags | (retainHandling << RETAIN_HANDLING_SHIFT));
}
