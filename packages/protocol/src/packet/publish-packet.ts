import { bytes } from "./bytes.ts";
import type { OutBuffer } from "./out-buffer.ts";
import { packetFault, unencodable } from "./packet-fault.ts";
import { PacketReader } from "./packet-reader.ts";
import { PacketType } from "./packet-type.ts";
import { checkedIdentifier, isByteArray, newPacket } from "./packet-writer.ts";
import type { ProtocolVersion, PublishPacket } from "./packets.ts";
import { readPropertyList } from "./property-decoder.ts";
import { writePropertyList } from "./property-encoder.ts";
import { checkTopicName, scanPublish } from "./publish.ts";
import { PublishOffsets } from "./publish-offsets.ts";
import { decodeText, putPlainText, scanText } from "./utf8.ts";
import { MAXIMUM_VARIABLE_BYTE_INTEGER } from "./variable-byte-integer.ts";
import { copyBytes, PublishSource, putVariableByteInteger, writePublish } from "./write-publish.ts";

const NOTHING: Uint8Array = new Uint8Array(0);
const decoded: PublishOffsets = new PublishOffsets();

/**
 * Decodes a PUBLISH to a packet object. The payload is a view of the chunk and not valid longer than it.
 *
 * @throws MALFORMED_PACKET (0x81), PROTOCOL_ERROR (0x82), TOPIC_NAME (0x90), ALIAS (0x94).
 */
export function decodePublish(
  chunk: Uint8Array,
  start: number,
  bodyStart: number,
  end: number,
  version: ProtocolVersion,
): PublishPacket {
  const fault = scanPublish(chunk, start, bodyStart, end, version, decoded);
  // Not kept: this object outlives the chunk, which may be large.
  decoded.topic = NOTHING;
  if (fault !== 0) throw packetFault(fault, "PUBLISH");
  const { topicStart, topicEnd } = decoded;
  // One scan both checks the topic and tells how to decode it.
  if (topicStart !== topicEnd && scanText(chunk, topicStart, topicEnd) === 0) {
    return packetOf(chunk, decoded, bytes.latin1(chunk, topicStart, topicEnd));
  }
  const topicFault = checkTopicName(chunk, topicStart, topicEnd);
  if (topicFault !== 0) throw packetFault(topicFault, "PUBLISH");
  return packetOf(chunk, decoded, decodeText(chunk, topicStart, topicEnd));
}

/** A packet object for a PUBLISH that was parsed to offsets. The payload is a view of the chunk and not valid longer than it. */
export function publishToPacket(chunk: Uint8Array, offsets: PublishOffsets): PublishPacket {
  return packetOf(chunk, offsets, decodeText(offsets.topic, offsets.topicStart, offsets.topicEnd));
}

function packetOf(chunk: Uint8Array, offsets: PublishOffsets, topicName: string): PublishPacket {
  const { qos, retain, dup, propertiesStart, propertiesEnd, payloadStart, payloadEnd } = offsets;
  // A Buffer's own subarray takes twice as long.
  const payload = new Uint8Array(chunk.buffer, chunk.byteOffset + payloadStart, payloadEnd - payloadStart);
  const packet: PublishPacket = { type: PacketType.PUBLISH, topicName, payload, qos, retain, dup };
  if (qos !== 0) packet.packetIdentifier = offsets.packetIdentifier;
  if (propertiesStart !== propertiesEnd) {
    const reader = new PacketReader(chunk, propertiesStart, propertiesEnd, PacketType.PUBLISH);
    packet.properties = readPropertyList(reader, propertiesEnd, PacketType.PUBLISH);
  }
  return packet;
}

/** Topics up to this length are tried as plain ASCII first. */
const SHORT_TOPIC = 48;
const source: PublishSource = new PublishSource();

/**
 * Appends a PUBLISH. Before MQTT 5.0 the properties are left out. Who already holds topic and properties as bytes uses
 * `writePublish`.
 *
 * @throws PACKET_INVALID, with nothing written.
 */
export function encodePublish(out: OutBuffer, packet: PublishPacket, version: ProtocolVersion): void {
  const { topicName, payload, qos, dup, properties } = packet;
  if (qos !== 0 && qos !== 1 && qos !== 2) throw unencodable("qos must be 0, 1 or 2");
  if (dup && qos === 0) throw unencodable("dup must not be set at qos 0"); // [MQTT-3.3.1-2]
  if (!isByteArray(payload)) throw unencodable("payload must be a Uint8Array");
  const packetIdentifier = qos === 0 ? 0 : checkedIdentifier(packet.packetIdentifier);
  const firstByte = 0x30 | (dup ? 0x08 : 0) | (qos << 1) | (packet.retain ? 0x01 : 0);
  const plain = (version !== 5 || properties === undefined) && topicName.length > 0 && topicName.length <= SHORT_TOPIC;
  if (plain && encodePlain(out, firstByte, topicName, packetIdentifier, version, payload)) return;
  const body = newPacket();
  if (topicName !== "" || version !== 5 || properties?.topicAlias === undefined) body.topicName(topicName, "topicName");
  else body.integer(0, 2, "topicName");
  const topicEnd = body.at;
  if (version === 5 && properties !== undefined) writePropertyList(body, properties, PacketType.PUBLISH);
  source.firstByte = firstByte;
  source.packetIdentifier = packetIdentifier;
  source.topic.set(body.buffer, 2, topicEnd);
  source.properties.set(body.buffer, topicEnd, body.at);
  source.payload.set(payload, 0, payload.length);
  const written = writePublish(out, version, source, Number.POSITIVE_INFINITY);
  source.payload.set(NOTHING, 0, 0);
  if (!written) throw unencodable("the packet is longer than 268,435,455 bytes");
}

/** The common case straight into the out-buffer: a short ASCII topic and no properties. False, with nothing appended, else. */
function encodePlain(
  out: OutBuffer,
  firstByte: number,
  topicName: string,
  packetIdentifier: number,
  version: ProtocolVersion,
  payload: Uint8Array,
): boolean {
  const length = 2 + topicName.length + (packetIdentifier === 0 ? 0 : 2) + (version === 5 ? 1 : 0) + payload.length;
  if (length > MAXIMUM_VARIABLE_BYTE_INTEGER) return false;
  out.ensure(5 + length);
  const target = out.buffer;
  let at = out.end;
  target[at++] = firstByte;
  at = putVariableByteInteger(target, at, length);
  target[at++] = 0;
  target[at++] = topicName.length;
  if (!putPlainText(target, at, topicName)) return false;
  at += topicName.length;
  if (packetIdentifier !== 0) {
    target[at++] = packetIdentifier >>> 8;
    target[at++] = packetIdentifier & 0xff;
  }
  if (version === 5) target[at++] = 0;
  out.end = copyBytes(target, at, payload, 0, payload.length);
  return true;
}
