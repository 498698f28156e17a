import { MqttError, type QoS } from "@bowline/protocol";
import type { OutboundState } from "@bowline/protocol/internal";
import { PendingPublication } from "../publication.ts";

/**
 * What a client keeps, record by record. A publication is two records, so that its state can change without its payload being
 * written again: the message, removed once PUBREC came, and its way, there from its Packet Identifier on.
 */
export const messageKey = (sequence: number): string => `m${sequence}`;
export const wayKey = (sequence: number): string => `w${sequence}`;
/** The Packet Identifier of an inbound QoS 2 message that was handled and not released. No value. */
export const inboundKey = (packetIdentifier: number): string => `i${packetIdentifier}`;
export const subscriptionKey = (topicFilter: string): string => `s${topicFilter}`;
export const SESSION_KEY = "session";

export const NO_VALUE: Uint8Array = new Uint8Array(0);

const RETAIN = 4;
const HAS_PROPERTIES = 8;
/** Flags, expiry, length of the topic. */
const HEAD = 11;

/** Flags, wall time of its expiry, topic, properties, payload. */
export function encodeMessage(publication: PendingPublication): Uint8Array {
  const { qos, retain, expiresAt, topicName, properties, payload } = publication;
  const propertiesSize = properties === undefined ? 0 : 4 + properties.length;
  const bytes = new Uint8Array(HEAD + topicName.length + propertiesSize + payload.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = qos | (retain ? RETAIN : 0) | (properties === undefined ? 0 : HAS_PROPERTIES);
  view.setFloat64(1, expiresAt);
  view.setUint16(9, topicName.length);
  bytes.set(topicName, HEAD);
  if (properties !== undefined) {
    view.setUint32(HEAD + topicName.length, properties.length);
    bytes.set(properties, HEAD + topicName.length + 4);
  }
  bytes.set(payload, bytes.length - payload.length);
  return bytes;
}

/** @throws RangeError for what `encodeMessage` did not write. */
export function decodeMessage(bytes: Uint8Array): PendingPublication {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const flags = view.getUint8(0);
  let at = HEAD + view.getUint16(9);
  const topicName = part(bytes, HEAD, at);
  let properties: Uint8Array | undefined;
  if (flags & HAS_PROPERTIES) {
    const start = at + 4;
    at = start + view.getUint32(at);
    properties = part(bytes, start, at);
  }
  return new PendingPublication(
    topicName,
    part(bytes, at, bytes.length),
    qosOf(flags),
    (flags & RETAIN) !== 0,
    properties,
    view.getFloat64(1),
  );
}

/** How far a publication has got. */
export interface Way {
  readonly qos: QoS;
  readonly state: OutboundState;
  readonly packetIdentifier: number;
}

export function encodeWay({ qos, state, packetIdentifier }: Way): Uint8Array {
  return Uint8Array.of(qos, state, packetIdentifier >>> 8, packetIdentifier & 0xff);
}

/** @throws RangeError for what `encodeWay` did not write. */
export function decodeWay(bytes: Uint8Array): Way {
  const [qos = 0, state = 0, high = 0, low = 0] = bytes;
  const packetIdentifier = (high << 8) | low;
  if (bytes.length !== 4 || state < 1 || state > 3 || packetIdentifier === 0) throw new RangeError("no state of a message");
  return { qos: qosOf(qos), state: state as OutboundState, packetIdentifier };
}

export function encodeJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

export function decodeJson(bytes: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(bytes));
}

/** The number in a key. */
export function numberIn(key: string): number {
  const number = Number(key.slice(1));
  if (!Number.isSafeInteger(number) || number < 1) throw new RangeError("no key of a record");
  return number;
}

function part(bytes: Uint8Array, start: number, end: number): Uint8Array {
  if (end > bytes.length) throw new RangeError("the record is too short");
  // A copy: what it lies in may be the whole log.
  return new Uint8Array(bytes.subarray(start, end));
}

function qosOf(flags: number): QoS {
  const qos = flags & 3;
  if (qos === 3) throw new RangeError("no such QoS");
  return qos as QoS;
}

/** A record that a checksum found whole and that says what no client writes. */
export function damaged(name: string, key: string, cause: unknown): MqttError {
  return new MqttError("STORE_DAMAGED", { detail: `${name}, record ${key}`, cause, stage: "storage", retry: "never" });
}
