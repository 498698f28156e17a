import { bytes } from "./bytes.ts";
import type { OutBuffer } from "./out-buffer.ts";
import { packetFault, unencodable } from "./packet-fault.ts";
import { PacketReader } from "./packet-reader.ts";
import { PacketType } from "./packet-type.ts";
import { checkedIdentifier, isByteArray, newPacket } from "./packet-writer.ts";
import type { ProtocolVersion, PublishPacket, QoS } from "./packets.ts";
import { checkProperty, onceBit } from "./properties.ts";
import { readPropertyList } from "./property-decoder.ts";
import { writePropertyList } from "./property-encoder.ts";
import { PublishOffsets } from "./publish-offsets.ts";
import { ReasonCode } from "./reason-codes.ts";
import { decodeText, isWellFormed, putPlainText, scanText, TEXT_HAS_NUL, TEXT_HAS_WILDCARD, TEXT_NOT_ASCII } from "./utf8.ts";
import { MAXIMUM_VARIABLE_BYTE_INTEGER, readVariableByteInteger } from "./variable-byte-integer.ts";
import { copyBytes, PublishSource, putVariableByteInteger, variableByteLength, writePublish } from "./write-publish.ts";

const MESSAGE_EXPIRY_INTERVAL = 0x02;
const SUBSCRIPTION_IDENTIFIER = 0x0b;
const TOPIC_ALIAS = 0x23;

/**
 * Reads the PUBLISH in chunk[start, end) to offsets and checks everything that needs no knowledge of the connection: flags, lengths,
 * Packet Identifier, topic, properties. Never throws and never allocates. Role, Topic Alias Maximum, Receive Maximum and the
 * payload format are the caller's; `out` says whether a Subscription Identifier is present, which a client must not send.
 *
 * @returns 0, or the Reason Code of the fault; `out` means nothing then.
 */
export function parsePublish(
  chunk: Uint8Array,
  start: number,
  bodyStart: number,
  end: number,
  version: ProtocolVersion,
  out: PublishOffsets,
): number {
  const fault = scanPublish(chunk, start, bodyStart, end, version, out);
  return fault === 0 ? checkTopicName(chunk, out.topicStart, out.topicEnd) : fault;
}

/**
 * `parsePublish` without the look into the topic's bytes, for a caller that first compares them with a topic known to be valid
 * and calls `checkTopicName` only when they differ.
 */
export function scanPublish(
  chunk: Uint8Array,
  start: number,
  bodyStart: number,
  end: number,
  version: ProtocolVersion,
  out: PublishOffsets,
): number {
  const first = chunk[start]!;
  const qos = (first >>> 1) & 3;
  // [MQTT-3.3.1-4] QoS 3, [MQTT-3.3.1-2] DUP at QoS 0
  if (qos === 3 || (first & 0x0e) === 0x08) return ReasonCode.MalformedPacket;
  const topicStart = bodyStart + 2;
  if (topicStart > end) return ReasonCode.MalformedPacket;
  const topicEnd = topicStart + ((chunk[bodyStart]! << 8) | chunk[bodyStart + 1]!);
  let at = qos === 0 ? topicEnd : topicEnd + 2;
  if (at > end) return ReasonCode.MalformedPacket;
  let packetIdentifier = 0;
  if (qos !== 0) {
    packetIdentifier = (chunk[topicEnd]! << 8) | chunk[topicEnd + 1]!;
    // [MQTT-2.2.1-3]
    if (packetIdentifier === 0) return ReasonCode.ProtocolError;
  }
  out.packetStart = start;
  out.packetEnd = end;
  out.count = 1;
  out.qos = qos as QoS;
  out.dup = (first & 0x08) !== 0;
  out.retain = (first & 0x01) !== 0;
  out.topic = chunk;
  out.topicStart = topicStart;
  out.topicEnd = topicEnd;
  out.packetIdentifier = packetIdentifier;
  out.topicAlias = 0;
  out.messageExpiryInterval = -1;
  out.hasSubscriptionIdentifier = false;
  out.needsRewrite = false;
  if (version === 5) {
    if (chunk[bodyStart - 1] === 0 && bodyStart - start > 2) return ReasonCode.MalformedPacket; // [MQTT-1.5.5-1]
    if (at < end && chunk[at] === 0) {
      out.propertiesStart = at + 1;
      out.propertiesEnd = ++at;
    } else {
      const fault = scanPublishProperties(chunk, at, end, out);
      if (fault !== 0) return fault;
      at = out.propertiesEnd;
    }
    // [section 3.3.2.1] an empty Topic Name needs a Topic Alias
    if (topicStart === topicEnd && out.topicAlias === 0) return ReasonCode.ProtocolError;
  } else {
    if (topicStart === topicEnd) return ReasonCode.MalformedPacket; // [v3 MQTT-4.7.3-1]
    out.propertiesStart = at;
    out.propertiesEnd = at;
  }
  out.payloadStart = at;
  out.payloadEnd = end;
  return 0;
}

/** Checks the properties at `at` and notes those that a server rewrites or resolves. */
function scanPublishProperties(chunk: Uint8Array, at: number, end: number, out: PublishOffsets): number {
  const length = readVariableByteInteger(chunk, at, end);
  if (length < 0) return ReasonCode.MalformedPacket;
  at += variableByteLength(length);
  const propertiesEnd = at + length;
  if (propertiesEnd > end) return ReasonCode.MalformedPacket;
  out.propertiesStart = at;
  out.propertiesEnd = propertiesEnd;
  let seen = 0;
  while (at < propertiesEnd) {
    const id = chunk[at++]!;
    const once = onceBit(id);
    if ((seen & once) !== 0) return ReasonCode.ProtocolError;
    seen |= once;
    const next = checkProperty(chunk, at, propertiesEnd, id, PacketType.PUBLISH);
    if (next < 0) return -next;
    if (id === TOPIC_ALIAS) {
      out.topicAlias = (chunk[at]! << 8) | chunk[at + 1]!;
      out.needsRewrite = true;
    } else if (id === MESSAGE_EXPIRY_INTERVAL) {
      out.messageExpiryInterval = ((chunk[at]! << 24) | (chunk[at + 1]! << 16) | (chunk[at + 2]! << 8) | chunk[at + 3]!) >>> 0;
      out.needsRewrite = true;
    } else if (id === SUBSCRIPTION_IDENTIFIER) {
      out.hasSubscriptionIdentifier = true;
      out.needsRewrite = true;
    }
    at = next;
  }
  return 0;
}

/**
 * Checks the bytes of a Topic Name: UTF-8 without U+0000 and surrogates, no wildcard. An empty one passes, since MQTT 5.0 allows
 * it with a Topic Alias; `scanPublish` refuses it elsewhere.
 *
 * @returns 0, 0x81 for bytes that are no string, or 0x90 for a wildcard.
 */
export function checkTopicName(chunk: Uint8Array, start: number, end: number): number {
  const found = scanText(chunk, start, end);
  if (found === 0) return 0;
  if ((found & TEXT_HAS_NUL) !== 0) return ReasonCode.MalformedPacket; // [MQTT-1.5.4-2]
  if ((found & TEXT_NOT_ASCII) !== 0 && !isWellFormed(chunk, start, end)) return ReasonCode.MalformedPacket; // [MQTT-1.5.4-1]
  return (found & TEXT_HAS_WILDCARD) !== 0 ? ReasonCode.TopicNameInvalid : 0; // [MQTT-3.3.2-2]
}

/**
 * Extends a parsed QoS 0 PUBLISH to a run: following packets in the chunk that have the same bytes up to the payload, so that one
 * answer and one copy serve them all. Sets `count` and `packetEnd`; the caller tells the decoder (`continueAt`).
 *
 * @param maximumCount Longest run, in packets.
 */
export function extendRun(chunk: Uint8Array, offsets: PublishOffsets, maximumCount: number): void {
  const start = offsets.packetStart;
  const size = offsets.payloadEnd - start;
  const head = offsets.payloadStart - start;
  const last = chunk.length - size;
  let next = offsets.payloadEnd;
  let count = 1;
  while (next <= last && count < maximumCount && startsAlike(chunk, start, next, head)) {
    next += size;
    count++;
  }
  offsets.count = count;
  offsets.packetEnd = next;
}

function startsAlike(chunk: Uint8Array, first: number, second: number, length: number): boolean {
  // Topics of one publisher mostly differ in their last bytes, so the comparison runs from the end.
  for (let i = length - 1; i >= 0; i--) if (chunk[first + i] !== chunk[second + i]) return false;
  return true;
}

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
    const reader = new PacketReader(chunk, propertiesStart, propertiesEnd, "PUBLISH");
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
