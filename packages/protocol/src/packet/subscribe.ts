import type { OutBuffer } from "./out-buffer.ts";
import { malformed, protocolError, unencodable } from "./packet-fault.ts";
import { PacketReader } from "./packet-reader.ts";
import { PacketType } from "./packet-type.ts";
import { newPacket, type PacketWriter } from "./packet-writer.ts";
import type { ProtocolVersion, QoS, RetainHandling, SubscribePacket, SubscriptionRequest } from "./packets.ts";
import { readProperties } from "./property-decoder.ts";
import { writeProperties } from "./property-encoder.ts";

/** Subscription Options, section 3.8.3.1. */
const NO_LOCAL = 0x04;
const RETAIN_AS_PUBLISHED = 0x08;
const RETAIN_HANDLING_SHIFT = 4;
const SHARED_PREFIX = "$share/";

/**
 * Decodes a SUBSCRIBE. The form of the Topic Filters is not judged here: a bad one is answered in the SUBACK.
 *
 * @throws MALFORMED_PACKET (0x81), PROTOCOL_ERROR (0x82).
 */
export function decodeSubscribe(
  chunk: Uint8Array,
  start: number,
  bodyStart: number,
  end: number,
  version: ProtocolVersion,
): SubscribePacket {
  // [MQTT-3.8.1-1]; MQTT 3.1 has DUP there.
  if (version !== 3 && (chunk[start]! & 0x0f) !== 2)
    throw malformed("SUBSCRIBE with bad flags in its fixed header", "MQTT-3.8.1-1");
  const reader = new PacketReader(chunk, bodyStart, end, "SUBSCRIBE");
  const packetIdentifier = reader.packetIdentifier();
  const properties = version === 5 ? readProperties(reader, PacketType.SUBSCRIBE) : undefined;
  if (properties?.subscriptionIdentifiers !== undefined && properties.subscriptionIdentifiers.length > 1) {
    throw protocolError("SUBSCRIBE with more than one Subscription Identifier"); // [section 3.8.2.1.2]
  }
  // [MQTT-3.8.3-2]
  if (reader.left === 0) throw protocolError("SUBSCRIBE without a Topic Filter", "MQTT-3.8.3-2");
  const subscriptions: SubscriptionRequest[] = [];
  while (reader.left > 0) subscriptions.push(readSubscription(reader, version));
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
