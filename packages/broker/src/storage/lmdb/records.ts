import type {
  QueueEntry,
  StoredMessage,
  StoredRule,
  StoredSession,
  StoredSubscription,
  StoredUser,
  StoredWill,
} from "../storage.ts";
import { bytesMax, RecordReader, RecordWriter, stringBytesMax } from "./record-bytes.ts";
import { inboundKey, namedKey, numberBytes, numberKey, queueKey, retainedKey, subscriptionKey } from "./store-keys.ts";

/**
 * One pair of functions per kind of row: a row to its key and record, and back. Numbers that are in the key are not repeated in
 * the record; strings are, since a long one is in the key only as a hash. A decoder throws RangeError on anything it did not write.
 */
export interface Row {
  key: Buffer;
  record: Buffer;
}

const qosBits = 0b11;
const retainBit = 0b100;

type Message = StoredMessage;
const messagePropertiesBit = 0b1000;
const messageExpiryBit = 0b1_0000;

export function encodeMessage(message: Message): Row {
  const key = numberKey(message.id);
  const { tenant, publisher, topicName, properties, payload } = message;
  const writer = new RecordWriter(7 + stringBytesMax(tenant, publisher) + bytesMax(topicName, properties, payload));
  writer.uint8(
    message.qos |
      (message.retain ? retainBit : 0) |
      (properties === undefined ? 0 : messagePropertiesBit) |
      (message.expiresAt === 0 ? 0 : messageExpiryBit),
  );
  if (message.expiresAt !== 0) writer.uint48(message.expiresAt);
  writer.string(tenant).string(publisher).bytes(topicName);
  if (properties !== undefined) writer.bytes(properties);
  return { key, record: writer.rest(payload).seal(key) };
}

export function decodeMessage(key: Uint8Array, record: Uint8Array): Message {
  const reader = new RecordReader(key, record);
  const id = numberIn(key, 0, numberBytes);
  const flags = reader.uint8();
  const expiresAt = flags & messageExpiryBit ? reader.uint48() : 0;
  const tenant = reader.string();
  const publisher = reader.string();
  const topicName = reader.bytes();
  const properties = flags & messagePropertiesBit ? reader.bytes() : undefined;
  const payload = reader.rest();
  return { id, tenant, topicName, payload, properties, qos: qosOf(flags), retain: (flags & retainBit) !== 0, expiresAt, publisher };
}

export function encodeSession(session: StoredSession): Row {
  const key = numberKey(session.id);
  const { tenant, owner, clientIdentifier, will } = session;
  const writer = new RecordWriter(
    11 + stringBytesMax(tenant, owner, clientIdentifier) + (will === undefined ? 0 : willBytesMax(will)),
  );
  writer.string(tenant).string(owner).string(clientIdentifier).uint32(session.expiryInterval).uint48(session.disconnectedAt);
  if (will !== undefined) encodeWill(writer, will);
  return { key, record: writer.seal(key) };
}

export function decodeSession(key: Uint8Array, record: Uint8Array): StoredSession {
  const reader = new RecordReader(key, record);
  return atEnd(reader, {
    id: numberIn(key, 0, numberBytes),
    tenant: reader.string(),
    owner: reader.string(),
    clientIdentifier: reader.string(),
    expiryInterval: reader.uint32(),
    disconnectedAt: reader.uint48(),
    will: reader.atEnd ? undefined : decodeWill(reader),
  });
}

function willBytesMax(will: StoredWill): number {
  return 9 + stringBytesMax(will.topicName) + bytesMax(will.payload, will.properties);
}

function encodeWill(writer: RecordWriter, will: StoredWill): void {
  const hasExpiry = will.messageExpiryInterval >= 0;
  writer.uint8(
    will.qos |
      (will.retain ? retainBit : 0) |
      (will.properties === undefined ? 0 : messagePropertiesBit) |
      (hasExpiry ? messageExpiryBit : 0),
  );
  writer.uint32(hasExpiry ? will.messageExpiryInterval : 0).uint32(will.delayInterval);
  writer.string(will.topicName).bytes(will.payload);
  if (will.properties !== undefined) writer.bytes(will.properties);
}

function decodeWill(reader: RecordReader): StoredWill {
  const flags = reader.uint8();
  const interval = reader.uint32();
  const messageExpiryInterval = flags & messageExpiryBit ? interval : -1;
  const delayInterval = reader.uint32();
  const topicName = reader.string();
  const payload = reader.bytes();
  const properties = flags & messagePropertiesBit ? reader.bytes() : undefined;
  return {
    topicName,
    payload,
    qos: qosOf(flags),
    retain: (flags & retainBit) !== 0,
    properties,
    messageExpiryInterval,
    delayInterval,
  };
}

const noLocalBit = 0b100;
const retainAsPublishedBit = 0b1000;
const retainHandlingShift = 4;

export function encodeSubscription(sessionId: number, subscription: StoredSubscription): Row {
  const key = subscriptionKey(sessionId, subscription.topicFilter);
  const writer = new RecordWriter(6 + stringBytesMax(subscription.topicFilter));
  writer.uint8(
    subscription.qos |
      (subscription.noLocal ? noLocalBit : 0) |
      (subscription.retainAsPublished ? retainAsPublishedBit : 0) |
      (subscription.retainHandling << retainHandlingShift),
  );
  return { key, record: writer.varint(subscription.subscriptionIdentifier).string(subscription.topicFilter).seal(key) };
}

export function decodeSubscription(key: Uint8Array, record: Uint8Array): { sessionId: number; subscription: StoredSubscription } {
  const reader = new RecordReader(key, record);
  const sessionId = numberIn(key, 0, numberBytes);
  const options = reader.uint8();
  const subscriptionIdentifier = reader.varint();
  const topicFilter = reader.string();
  sameKey(key, subscriptionKey(sessionId, topicFilter));
  const retainHandling = (options >> retainHandlingShift) & 0b11;
  if (retainHandling === 3) throw new RangeError("no such retain handling");
  const subscription = {
    topicFilter,
    qos: qosOf(options),
    noLocal: (options & noLocalBit) !== 0,
    retainAsPublished: (options & retainAsPublishedBit) !== 0,
    retainHandling: retainHandling as StoredSubscription["retainHandling"],
    subscriptionIdentifier,
  };
  return atEnd(reader, { sessionId, subscription });
}

const stateShift = 3;

export function encodeQueueEntry(sessionId: number, entry: QueueEntry): Row {
  const key = queueKey(sessionId, entry.sequence);
  const writer = new RecordWriter(9 + 5 * entry.subscriptionIdentifiers.length);
  writer.uint8(entry.qos | (entry.retain ? retainBit : 0) | (entry.state << stateShift));
  writer.uint48(entry.messageId).uint16(entry.packetIdentifier);
  for (const identifier of entry.subscriptionIdentifiers) writer.varint(identifier);
  return { key, record: writer.seal(key) };
}

export function decodeQueueEntry(key: Uint8Array, record: Uint8Array): { sessionId: number; entry: QueueEntry } {
  const reader = new RecordReader(key, record);
  const flags = reader.uint8();
  const messageId = reader.uint48();
  const packetIdentifier = reader.uint16();
  const subscriptionIdentifiers: number[] = [];
  while (!reader.atEnd) subscriptionIdentifiers.push(reader.varint());
  const entry = {
    sequence: numberIn(key, numberBytes, 2 * numberBytes),
    messageId,
    qos: qosOf(flags),
    retain: (flags & retainBit) !== 0,
    subscriptionIdentifiers,
    state: ((flags >> stateShift) & 0b11) as QueueEntry["state"],
    packetIdentifier,
  };
  return { sessionId: numberIn(key, 0, numberBytes), entry };
}

export function encodeInbound(sessionId: number, packetIdentifier: number): Row {
  const key = inboundKey(sessionId, packetIdentifier);
  return { key, record: new RecordWriter(0).seal(key) };
}

export function decodeInbound(key: Uint8Array, record: Uint8Array): { sessionId: number; packetIdentifier: number } {
  const sessionId = numberIn(key, 0, numberBytes);
  const packetIdentifier = numberIn(key, numberBytes, numberBytes + 2);
  return atEnd(new RecordReader(key, record), { sessionId, packetIdentifier });
}

export interface RetainedRow {
  tenant: string;
  topicName: Uint8Array;
  messageId: number;
}

export function encodeRetained(row: RetainedRow): Row {
  const key = retainedKey(row.tenant, row.topicName);
  const writer = new RecordWriter(6 + stringBytesMax(row.tenant) + bytesMax(row.topicName));
  return { key, record: writer.uint48(row.messageId).string(row.tenant).rest(row.topicName).seal(key) };
}

export function decodeRetained(key: Uint8Array, record: Uint8Array): RetainedRow {
  const reader = new RecordReader(key, record);
  const messageId = reader.uint48();
  const tenant = reader.string();
  const topicName = reader.rest();
  sameKey(key, retainedKey(tenant, topicName));
  return { tenant, topicName, messageId };
}

export function encodeUser(user: StoredUser): Row {
  const key = namedKey(user.tenant, user.username);
  const writer = new RecordWriter(7 + stringBytesMax(user.tenant, user.username, user.passwordHash));
  writer.string(user.tenant).string(user.username).string(user.passwordHash).uint48(user.createdAt);
  // Only where it is so: the rows of all others are as they were before it could be said.
  if (user.disabled === true) writer.uint8(DISABLED);
  return { key, record: writer.seal(key) };
}

export function decodeUser(key: Uint8Array, record: Uint8Array): StoredUser {
  const reader = new RecordReader(key, record);
  const user = { tenant: reader.string(), username: reader.string(), passwordHash: reader.string(), createdAt: reader.uint48() };
  sameKey(key, namedKey(user.tenant, user.username));
  if (reader.atEnd) return user;
  if (reader.uint8() !== DISABLED) throw new RangeError("the user is neither enabled nor disabled");
  return atEnd(reader, { ...user, disabled: true });
}

/** The last byte of a disabled user's row. */
const DISABLED = 1;

export function encodeRule(rule: StoredRule): Row {
  const key = namedKey(rule.tenant, rule.id);
  const writer = new RecordWriter(8 + stringBytesMax(rule.tenant, rule.id, rule.rule));
  return { key, record: writer.string(rule.tenant).string(rule.id).float64(rule.order).string(rule.rule).seal(key) };
}

export function decodeRule(key: Uint8Array, record: Uint8Array): StoredRule {
  const reader = new RecordReader(key, record);
  const rule = { tenant: reader.string(), id: reader.string(), order: reader.float64(), rule: reader.string() };
  sameKey(key, namedKey(rule.tenant, rule.id));
  return atEnd(reader, rule);
}

/** The one row of the meta table: the version of everything here, and the ids to give next. */
export interface MetaRow {
  format: number;
  nextMessageId: number;
  nextSessionId: number;
}

export const metaKey: Buffer = Buffer.from("store");

export function encodeMeta(meta: MetaRow): Row {
  const writer = new RecordWriter(16).uint32(meta.format).uint48(meta.nextMessageId).uint48(meta.nextSessionId);
  return { key: metaKey, record: writer.seal(metaKey) };
}

/** Reads what every version has first; a newer one may have more behind it. */
export function decodeMeta(key: Uint8Array, record: Uint8Array): MetaRow {
  const reader = new RecordReader(key, record);
  return { format: reader.uint32(), nextMessageId: reader.uint48(), nextSessionId: reader.uint48() };
}

function qosOf(flags: number): StoredMessage["qos"] {
  const qos = flags & qosBits;
  if (qos === 3) throw new RangeError("no such QoS");
  return qos as StoredMessage["qos"];
}

function numberIn(key: Uint8Array, start: number, end: number): number {
  if (end > key.length) throw new RangeError("the key is too short");
  let number = 0;
  for (let at = start; at < end; at++) number = number * 256 + (key[at] as number);
  return number;
}

function sameKey(key: Uint8Array, expected: Uint8Array): void {
  if (Buffer.compare(key, expected) !== 0) throw new RangeError("the record belongs under another key");
}

function atEnd<R>(reader: RecordReader, row: R): R {
  if (!reader.atEnd) throw new RangeError("the record is too long");
  return row;
}
