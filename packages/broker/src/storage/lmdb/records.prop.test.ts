import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  decodeInbound,
  decodeMessage,
  decodeQueueEntry,
  decodeRetained,
  decodeRule,
  decodeSession,
  decodeSubscription,
  decodeUser,
  encodeInbound,
  encodeMessage,
  encodeQueueEntry,
  encodeRetained,
  encodeRule,
  encodeSession,
  encodeSubscription,
  encodeUser,
  type Row,
} from "./records.ts";

// Every row comes back as it went in, and no change of any bit, in the key or in the record, goes unnoticed.

const text = fc.oneof(fc.string({ unit: "grapheme", maxLength: 40 }), fc.string({ minLength: 201, maxLength: 400 }));
const bytes = fc.uint8Array({ maxLength: 300 });
const id = fc.integer({ min: 1, max: 2 ** 48 - 1 });
const wallTime = fc.integer({ min: 0, max: 2 ** 47 });
const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const uint16 = fc.integer({ min: 0, max: 65_535 });
const qos = fc.constantFrom(0 as const, 1 as const, 2 as const);
const maybeBytes = fc.option(bytes, { nil: undefined });
const flag = fc.boolean();
const subscriptionIdentifier = fc.integer({ min: 0, max: 268_435_455 });

const message = fc.record({
  id,
  tenant: text,
  topicName: bytes,
  payload: bytes,
  properties: maybeBytes,
  qos,
  retain: flag,
  expiresAt: wallTime,
  publisher: text,
});
const will = fc.record({
  topicName: text,
  payload: bytes,
  qos,
  retain: flag,
  properties: maybeBytes,
  messageExpiryInterval: fc.oneof(uint32, fc.constant(-1)),
  delayInterval: uint32,
});
const session = fc.record({
  id,
  tenant: text,
  owner: text,
  clientIdentifier: text,
  expiryInterval: uint32,
  disconnectedAt: wallTime,
  will: fc.option(will, { nil: undefined }),
});
const subscription = fc.record({
  topicFilter: text,
  qos,
  noLocal: flag,
  retainAsPublished: flag,
  retainHandling: fc.constantFrom(0 as const, 1 as const, 2 as const),
  subscriptionIdentifier,
});
const entry = fc.record({
  sequence: id,
  messageId: fc.nat(2 ** 31 - 1),
  qos,
  retain: flag,
  subscriptionIdentifiers: fc.array(subscriptionIdentifier, { maxLength: 4 }),
  state: fc.constantFrom(0 as const, 1 as const, 2 as const, 3 as const),
  packetIdentifier: uint16,
});
const retained = fc.record({ tenant: text, topicName: bytes, messageId: id });
const user = fc.record({ tenant: text, username: text, passwordHash: text, createdAt: wallTime });
const rule = fc.record({ tenant: text, id: text, order: fc.double({ noNaN: true }), rule: text });

type Decode = (key: Uint8Array, record: Uint8Array) => unknown;

function check<V>(value: V, { key, record }: Row, decode: Decode, flip: number): void {
  expect(decode(key, record)).toEqual(value);
  const whole = Buffer.concat([key, record]);
  const bit = flip % (whole.length * 8);
  whole[bit >> 3] = (whole[bit >> 3] as number) ^ (1 << (bit & 7));
  expect(() => decode(whole.subarray(0, key.length), whole.subarray(key.length))).toThrow(RangeError);
  expect(() => decode(key, record.subarray(0, flip % record.length))).toThrow(RangeError);
}

function holds<V>(name: string, values: fc.Arbitrary<V>, encode: (value: V) => Row, decode: Decode): void {
  test(`${name} come back, and no damage goes unnoticed`, () => {
    const property = fc.property(values, fc.nat(), (value, flip) => check(value, encode(value), decode, flip));
    expect(() => fc.assert(property)).not.toThrow();
  });
}

holds("messages", message, encodeMessage, decodeMessage);
holds("sessions", session, encodeSession, decodeSession);
holds("retained messages", retained, encodeRetained, decodeRetained);
holds("users", user, encodeUser, decodeUser);
holds("rules", rule, encodeRule, decodeRule);
holds(
  "subscriptions",
  fc.record({ sessionId: id, subscription }),
  (row) => encodeSubscription(row.sessionId, row.subscription),
  decodeSubscription,
);
holds("queue entries", fc.record({ sessionId: id, entry }), (row) => encodeQueueEntry(row.sessionId, row.entry), decodeQueueEntry);
holds(
  "inbound identifiers",
  fc.record({ sessionId: id, packetIdentifier: uint16 }),
  (row) => encodeInbound(row.sessionId, row.packetIdentifier),
  decodeInbound,
);
