import { viewOf } from "./byte-words.ts";
import { PacketType } from "./packet-type.ts";
import type { ProtocolVersion, QoS } from "./packets.ts";
import { checkProperty, onceBit } from "./properties.ts";
import type { PublishOffsets } from "./publish-offsets.ts";
import { ReasonCode } from "./reason-codes.ts";
import { isWellFormed, scanText, TEXT_HAS_NUL, TEXT_HAS_WILDCARD, TEXT_NOT_ASCII } from "./utf8.ts";
import { readVariableByteInteger } from "./variable-byte-integer.ts";
import { variableByteLength } from "./write-publish.ts";

const MESSAGE_EXPIRY_INTERVAL = 0x02;
const SUBSCRIPTION_IDENTIFIER = 0x0b;
const TOPIC_ALIAS = 0x23;

/**
 * Reads the PUBLISH in chunk[start, end) to offsets and checks everything that needs no knowledge of the connection: flags, lengths,
 * topic, properties. Never throws and never allocates. Role, Packet Identifier 0 ([MQTT-2.2.1-3]), Topic Alias Maximum, Receive Maximum
 * and the payload format are the caller's; `out` says whether a Subscription Identifier is present, which a client must not send.
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
  const packetIdentifier = qos === 0 ? 0 : (chunk[topicEnd]! << 8) | chunk[topicEnd + 1]!;
  out.packetStart = start;
  out.packetEnd = end;
  out.count = 1;
  out.qos = qos as QoS;
  out.dup = (first & 0x08) !== 0;
  out.retain = (first & 0x01) !== 0;
  if (out.topic !== chunk) out.topic = chunk;
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
  const view = viewOf(chunk);
  let next = offsets.payloadEnd;
  let count = 1;
  while (next <= last && count < maximumCount && startsAlike(view, start, next, head)) {
    next += size;
    count++;
  }
  offsets.count = count;
  offsets.packetEnd = next;
}

/** `length` is 4 or more, as a fixed header with a topic is. */
function startsAlike(view: DataView, first: number, second: number, length: number): boolean {
  // Topics of one publisher mostly differ in their last bytes, so the comparison runs from the end; the first two words may overlap.
  for (let i = length - 4; i > 0; i -= 4) if (view.getInt32(first + i, true) !== view.getInt32(second + i, true)) return false;
  return view.getInt32(first, true) === view.getInt32(second, true);
}
