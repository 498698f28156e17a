import type { OutBuffer } from "./out-buffer.ts";
import { packetFault } from "./packet-fault.ts";
import { PacketReader } from "./packet-reader.ts";
import { checkEncodableReason, publishReasons, releaseReasons } from "./packet-reasons.ts";
import { packetName, PacketType } from "./packet-type.ts";
import { checkedIdentifier, newPacket } from "./packet-writer.ts";
import type { AcknowledgementPacket, ProtocolVersion } from "./packets.ts";
import { checkProperty, onceBit } from "./properties.ts";
import { readProperties } from "./property-decoder.ts";
import { writeProperties } from "./property-encoder.ts";
import { ReasonCode } from "./reason-codes.ts";
import { readVariableByteInteger } from "./variable-byte-integer.ts";
import { variableByteLength } from "./write-publish.ts";

type AcknowledgementType = AcknowledgementPacket["type"];

/** A name of its own on the hot path, where a member would be looked up each time. */
const PUBREL = PacketType.PUBREL;

/**
 * Reads the PUBACK, PUBREC, PUBREL or PUBCOMP in chunk[start, end) without an object: the hot path of QoS 1 and 2. Properties are
 * checked and passed over. Never throws.
 *
 * @returns `reasonCode * 65536 + packetIdentifier`, or the Reason Code of the fault as a negative number.
 */
export function parseAcknowledgement(
  chunk: Uint8Array,
  start: number,
  bodyStart: number,
  end: number,
  version: ProtocolVersion,
): number {
  const type = chunk[start]! >>> 4;
  // [MQTT-3.6.1-1] and [section 2.1.3], as `hasItsFlags`, written out on the hot path.
  if (version !== 3 && (chunk[start]! & 0x0f) !== (type === PUBREL ? 2 : 0)) return -ReasonCode.MalformedPacket;
  const length = end - bodyStart;
  if (length < 2 || (version !== 5 && length > 2)) return -ReasonCode.MalformedPacket;
  const packetIdentifier = (chunk[bodyStart]! << 8) | chunk[bodyStart + 1]!;
  if (packetIdentifier === 0) return -ReasonCode.ProtocolError; // [MQTT-2.2.1-3]
  if (length === 2) return packetIdentifier;
  if (chunk[bodyStart - 1] === 0) return -ReasonCode.MalformedPacket; // [MQTT-1.5.5-1]
  const reasonCode = chunk[bodyStart + 2]!;
  if (!(type < PUBREL ? publishReasons : releaseReasons).has(reasonCode)) return -ReasonCode.ProtocolError; // [MQTT-3.4.2-1]
  const fault = length === 3 ? 0 : checkProperties(chunk, bodyStart + 3, end, type as AcknowledgementType);
  return fault === 0 ? reasonCode * 0x1_0000 + packetIdentifier : -fault;
}

function checkProperties(chunk: Uint8Array, at: number, end: number, type: AcknowledgementType): number {
  const length = readVariableByteInteger(chunk, at, end);
  if (length < 0 || at + variableByteLength(length) + length !== end) return ReasonCode.MalformedPacket;
  let seen = 0;
  let next = end - length;
  while (next < end) {
    const id = chunk[next]!;
    next = checkProperty(chunk, next + 1, end, id, type);
    if (next < 0) return -next;
    if ((seen & onceBit(id)) !== 0) return ReasonCode.ProtocolError;
    seen |= onceBit(id);
  }
  return 0;
}

/**
 * Decodes a PUBACK, PUBREC, PUBREL or PUBCOMP.
 *
 * @throws MALFORMED_PACKET, PROTOCOL_ERROR.
 */
export function decodeAcknowledgement(
  chunk: Uint8Array,
  start: number,
  bodyStart: number,
  end: number,
  version: ProtocolVersion,
): AcknowledgementPacket {
  const type = (chunk[start]! >>> 4) as AcknowledgementType;
  const parsed = parseAcknowledgement(chunk, start, bodyStart, end, version);
  if (parsed < 0) throw packetFault(-parsed, packetName(type));
  const packet: AcknowledgementPacket = { type, packetIdentifier: parsed & 0xffff, reasonCode: parsed >>> 16 };
  if (end - bodyStart < 4) return packet;
  const properties = readProperties(new PacketReader(chunk, bodyStart + 3, end, type), type);
  return properties === undefined ? packet : { ...packet, properties };
}

/**
 * Appends an acknowledgement without properties in its shortest form; before MQTT 5.0 the Reason Code is left out. Checks
 * nothing: the identifier is one the caller received or took.
 */
export function writeAcknowledgement(
  out: OutBuffer,
  type: number,
  packetIdentifier: number,
  reasonCode: number,
  version: ProtocolVersion,
): void {
  out.ensure(5);
  const target = out.buffer;
  let at = out.end;
  const hasReason = version === 5 && reasonCode !== 0;
  target[at++] = type === PUBREL ? 0x62 : type << 4;
  target[at++] = hasReason ? 3 : 2;
  target[at++] = packetIdentifier >>> 8;
  target[at++] = packetIdentifier & 0xff;
  if (hasReason) target[at++] = reasonCode;
  out.end = at;
}

/**
 * Appends a PUBACK, PUBREC, PUBREL or PUBCOMP. Before MQTT 5.0 Reason Code and properties are left out.
 *
 * @throws PACKET_INVALID, with nothing written.
 */
export function encodeAcknowledgement(out: OutBuffer, packet: AcknowledgementPacket, version: ProtocolVersion): void {
  const { type, packetIdentifier, reasonCode, properties } = packet;
  checkedIdentifier(packetIdentifier);
  checkEncodableReason(type, reasonCode);
  if (version !== 5 || properties === undefined) {
    writeAcknowledgement(out, type, packetIdentifier, reasonCode, version);
    return;
  }
  const body = newPacket();
  body.packetIdentifier(packetIdentifier);
  body.byte(reasonCode);
  writeProperties(body, properties, type);
  body.finish(out, type === PUBREL ? 0x62 : type << 4);
}
