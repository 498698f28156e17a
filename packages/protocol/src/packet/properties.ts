import type { PacketType } from "./packet-type.ts";
import type { Properties } from "./packets.ts";
import { ReasonCode } from "./reason-codes.ts";
import { isText, scanText, TEXT_HAS_WILDCARD } from "./utf8.ts";
import { readVariableByteInteger } from "./variable-byte-integer.ts";
import { variableByteLength } from "./write-publish.ts";

/** Data types of property values, section 2.2.2.2. */
export const PropertyType = {
  Byte: 1,
  TwoByteInteger: 2,
  FourByteInteger: 3,
  VariableByteInteger: 4,
  BinaryData: 5,
  Utf8String: 6,
  Utf8StringPair: 7,
} as const;
export type PropertyType = (typeof PropertyType)[keyof typeof PropertyType];

/** Where properties can stand: in a packet of a type, or with the Will of a CONNECT. */
export type PropertyPlace = PacketType | typeof WILL;
export const WILL = 0;

/** One row of table 2-4 of the specification. */
export interface PropertyRow {
  readonly id: number;
  readonly name: keyof Properties;
  readonly type: PropertyType;
  /** Bit n: allowed in Control Packet type n; bit 0: with the Will. */
  readonly places: number;
  /** May occur more than once; the field of `Properties` is then a list. */
  readonly repeats: boolean;
}

// Names of their own on the hot path, where a member would be looked up each time.
const Byte = PropertyType.Byte;
const TwoByteInteger = PropertyType.TwoByteInteger;
const FourByteInteger = PropertyType.FourByteInteger;
const VariableByteInteger = PropertyType.VariableByteInteger;
const BinaryData = PropertyType.BinaryData;
const Utf8String = PropertyType.Utf8String;
const Utf8StringPair = PropertyType.Utf8StringPair;

// Bits of `places`, as numbers: a table of these is a third of one of names in a page's bundle.
const IN_WILL = 1;
const IN_CONNECT = 1 << 1;
const IN_CONNACK = 1 << 2;
const IN_PUBLISH = 1 << 3;
const IN_ACKNOWLEDGEMENTS = 0xf0;
const IN_SUBSCRIBE = 1 << 8;
const IN_SUBACK = 1 << 9;
const IN_UNSUBSCRIBE = 1 << 10;
const IN_UNSUBACK = 1 << 11;
const IN_DISCONNECT = 1 << 14;
const IN_AUTH = 1 << 15;
const WITH_REASON = IN_CONNACK | IN_ACKNOWLEDGEMENTS | IN_SUBACK | IN_UNSUBACK | IN_DISCONNECT | IN_AUTH;

function row(id: number, name: keyof Properties, type: PropertyType, places: number, repeats = false): PropertyRow {
  return { id, name, type, places, repeats };
}

/** Every property of MQTT 5.0: what decoding, encoding and checking are driven by. */
export const propertyRows: readonly PropertyRow[] = [
  row(0x01, "payloadFormatIndicator", Byte, IN_PUBLISH | IN_WILL),
  row(0x02, "messageExpiryInterval", FourByteInteger, IN_PUBLISH | IN_WILL),
  row(0x03, "contentType", Utf8String, IN_PUBLISH | IN_WILL),
  row(0x08, "responseTopic", Utf8String, IN_PUBLISH | IN_WILL),
  row(0x09, "correlationData", BinaryData, IN_PUBLISH | IN_WILL),
  row(0x0b, "subscriptionIdentifiers", VariableByteInteger, IN_PUBLISH | IN_SUBSCRIBE, true),
  row(0x11, "sessionExpiryInterval", FourByteInteger, IN_CONNECT | IN_CONNACK | IN_DISCONNECT),
  row(0x12, "assignedClientIdentifier", Utf8String, IN_CONNACK),
  row(0x13, "serverKeepAlive", TwoByteInteger, IN_CONNACK),
  row(0x15, "authenticationMethod", Utf8String, IN_CONNECT | IN_CONNACK | IN_AUTH),
  row(0x16, "authenticationData", BinaryData, IN_CONNECT | IN_CONNACK | IN_AUTH),
  row(0x17, "requestProblemInformation", Byte, IN_CONNECT),
  row(0x18, "willDelayInterval", FourByteInteger, IN_WILL),
  row(0x19, "requestResponseInformation", Byte, IN_CONNECT),
  row(0x1a, "responseInformation", Utf8String, IN_CONNACK),
  row(0x1c, "serverReference", Utf8String, IN_CONNACK | IN_DISCONNECT),
  row(0x1f, "reasonString", Utf8String, WITH_REASON),
  row(0x21, "receiveMaximum", TwoByteInteger, IN_CONNECT | IN_CONNACK),
  row(0x22, "topicAliasMaximum", TwoByteInteger, IN_CONNECT | IN_CONNACK),
  row(0x23, "topicAlias", TwoByteInteger, IN_PUBLISH),
  row(0x24, "maximumQoS", Byte, IN_CONNACK),
  row(0x25, "retainAvailable", Byte, IN_CONNACK),
  row(
    0x26,
    "userProperties",
    Utf8StringPair,
    IN_CONNECT | IN_PUBLISH | IN_WILL | IN_SUBSCRIBE | IN_UNSUBSCRIBE | WITH_REASON,
    true,
  ),
  row(0x27, "maximumPacketSize", FourByteInteger, IN_CONNECT | IN_CONNACK),
  row(0x28, "wildcardSubscriptionAvailable", Byte, IN_CONNACK),
  row(0x29, "subscriptionIdentifierAvailable", Byte, IN_CONNACK),
  row(0x2a, "sharedSubscriptionAvailable", Byte, IN_CONNACK),
];

const rowsById: (PropertyRow | undefined)[] = new Array<undefined>(0x80).fill(undefined);

/** The row of an identifier, or undefined when MQTT 5.0 has none. All identifiers are below 128, one byte. */
export function propertyRow(id: number): PropertyRow | undefined {
  return rowsById[id];
}

// The same table in typed arrays, for the walk over the properties of a PUBLISH, which must not allocate.
const types: Uint8Array = new Uint8Array(256);
const places: Uint16Array = new Uint16Array(256);
/** A bit for each property that must not repeat, 0 for those that may: 27 of them fit one integer. */
const onceBits: Uint32Array = new Uint32Array(256);
for (const [index, found] of propertyRows.entries()) {
  const { id, type, places: allowed, repeats } = found;
  rowsById[id] = found;
  types[id] = type;
  places[id] = allowed;
  onceBits[id] = repeats ? 0 : 1 << index;
}

/** The bit of a property that may occur once in a packet, 0 for one that may repeat (or is not known). */
export function onceBit(id: number): number {
  return onceBits[id]!;
}

/**
 * Checks one property: whether it may stand there and whether its value in chunk[at, end) is of its type and range.
 *
 * @returns The position after the value, or the Reason Code of the fault as a negative number.
 */
export function checkProperty(chunk: Uint8Array, at: number, end: number, id: number, place: PropertyPlace): number {
  // [section 2.2.2.2] an identifier that is not valid for its packet type makes the packet malformed
  if (((places[id]! >>> place) & 1) === 0) return -ReasonCode.MalformedPacket;
  switch (types[id]) {
    case Byte:
      if (at >= end) return -ReasonCode.MalformedPacket;
      return chunk[at]! > 1 ? -ReasonCode.ProtocolError : at + 1;
    case TwoByteInteger:
      if (at + 2 > end) return -ReasonCode.MalformedPacket;
      return (chunk[at]! | chunk[at + 1]!) === 0 ? afterZero(id, at + 2) : at + 2;
    case FourByteInteger:
      if (at + 4 > end) return -ReasonCode.MalformedPacket;
      return (chunk[at]! | chunk[at + 1]! | chunk[at + 2]! | chunk[at + 3]!) === 0 ? afterZero(id, at + 4) : at + 4;
    case VariableByteInteger: {
      const value = readVariableByteInteger(chunk, at, end);
      if (value < 0) return -ReasonCode.MalformedPacket;
      // [section 3.8.2.1.2] a Subscription Identifier is 1 to 268,435,455
      return value === 0 ? -ReasonCode.ProtocolError : at + variableByteLength(value);
    }
    case BinaryData:
      return binaryEnd(chunk, at, end);
    case Utf8String:
      return id === RESPONSE_TOPIC ? topicEnd(chunk, at, end) : textEnd(chunk, at, end);
    default: {
      const middle = textEnd(chunk, at, end);
      return middle < 0 ? middle : textEnd(chunk, middle, end);
    }
  }
}

const RESPONSE_TOPIC = 0x08;
const RECEIVE_MAXIMUM = 0x21;
const TOPIC_ALIAS = 0x23;
const MAXIMUM_PACKET_SIZE = 0x27;

/** Three integers must not be 0. */
function afterZero(id: number, next: number): number {
  // [section 3.1.2.11.3] [section 3.1.2.11.4]
  if (id === RECEIVE_MAXIMUM || id === MAXIMUM_PACKET_SIZE) return -ReasonCode.ProtocolError;
  // [MQTT-3.3.2-8]
  return id === TOPIC_ALIAS ? -ReasonCode.TopicAliasInvalid : next;
}

function binaryEnd(chunk: Uint8Array, at: number, end: number): number {
  if (at + 2 > end) return -ReasonCode.MalformedPacket;
  const next = at + 2 + ((chunk[at]! << 8) | chunk[at + 1]!);
  return next > end ? -ReasonCode.MalformedPacket : next;
}

function textEnd(chunk: Uint8Array, at: number, end: number): number {
  const next = binaryEnd(chunk, at, end);
  return next >= 0 && !isText(chunk, at + 2, next) ? -ReasonCode.MalformedPacket : next;
}

function topicEnd(chunk: Uint8Array, at: number, end: number): number {
  const next = textEnd(chunk, at, end);
  if (next < 0) return next;
  // [MQTT-3.3.2-14] [MQTT-4.7.3-1]
  if (next === at + 2 || (scanText(chunk, at + 2, next) & TEXT_HAS_WILDCARD) !== 0) return -ReasonCode.ProtocolError;
  return next;
}
