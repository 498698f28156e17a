import { describe, expect, test } from "vitest";
import { MqttError } from "../errors/mqtt-error.ts";
import { parseAcknowledgement, writeAcknowledgement } from "./acknowledgement.ts";
import { connackVersion, peekConnectLevel } from "./decode-connect.ts";
import { decodePacket } from "./decode.ts";
import { encodePacket, encodeToBytes } from "./encode.ts";
import { OutBuffer } from "./out-buffer.ts";
import type { ConnectPacket, Packet, ProtocolVersion, PublishPacket, SubscribePacket } from "./packets.ts";
import { connackReasonCode, connackReturnCode } from "./reason-codes.ts";

const NOTHING = new Uint8Array(0);
const LONG = "a".repeat(65_536);
const publish: PublishPacket = { type: 3, topicName: "t", payload: NOTHING, qos: 0, retain: false, dup: false };
const connect: ConnectPacket = { type: 1, protocolVersion: 5, cleanStart: true, keepAlive: 0, clientIdentifier: "" };
const subscription = { topicFilter: "a", qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
const subscribe: SubscribePacket = { type: 8, packetIdentifier: 1, subscriptions: [subscription] };

/** What callers without a compiler pass. */
const loosely = (packet: object): Packet => packet as Packet;

describe("is refused as wrong usage, with nothing in the out-buffer:", () => {
  const cases: readonly [name: string, packet: Packet, version?: ProtocolVersion][] = [
    ["an empty topic", { ...publish, topicName: "" }],
    ["an empty topic before 5.0 in spite of an alias", { ...publish, topicName: "", properties: { topicAlias: 1 } }, 4],
    ["[MQTT-3.3.2-2] a topic with a wildcard", { ...publish, topicName: "a/+" }],
    ["a long topic with a wildcard", { ...publish, topicName: `${"a".repeat(100)}#` }],
    ["[MQTT-1.5.4-2] a topic with U+0000", { ...publish, topicName: "a\0" }],
    ["[MQTT-1.5.4-1] a topic with half a surrogate pair", { ...publish, topicName: "a\ud800" }],
    ["a topic of 65,536 bytes", { ...publish, topicName: LONG }],
    ["a topic of 65,536 bytes in 32,768 characters", { ...publish, topicName: "é".repeat(32_768) }],
    ["[MQTT-3.3.1-2] dup at QoS 0", { ...publish, dup: true }],
    ["a PUBLISH at QoS 1 without an identifier", { ...publish, qos: 1 }],
    ["[MQTT-2.2.1-3] Packet Identifier 0", { ...publish, qos: 1, packetIdentifier: 0 }],
    ["Packet Identifier 65,536", { ...publish, qos: 1, packetIdentifier: 65_536 }],
    ["Packet Identifier 1.5", { ...publish, qos: 1, packetIdentifier: 1.5 }],
    ["QoS 3", loosely({ ...publish, qos: 3 })],
    ["a payload that is a string", loosely({ ...publish, payload: "a" })],
    ["a topic that is no string", loosely({ ...publish, topicName: 5, properties: {} })],
    ["an unknown property", loosely({ ...publish, properties: { colour: 1 } })],
    ["a property of another packet", { ...publish, properties: { serverKeepAlive: 1 } }],
    ["[MQTT-3.3.2-8] Topic Alias 0", { ...publish, properties: { topicAlias: 0 } }],
    ["Topic Alias 65,536", { ...publish, properties: { topicAlias: 65_536 } }],
    ["a negative Message Expiry Interval", { ...publish, properties: { messageExpiryInterval: -1 } }],
    ["a Message Expiry Interval of 2^32", { ...publish, properties: { messageExpiryInterval: 2 ** 32 } }],
    ["Subscription Identifier 0", { ...publish, properties: { subscriptionIdentifiers: [0] } }],
    ["Subscription Identifier 268,435,456", { ...publish, properties: { subscriptionIdentifiers: [268_435_456] } }],
    ["subscription identifiers that are no list", loosely({ ...publish, properties: { subscriptionIdentifiers: 1 } })],
    ["Payload Format Indicator 2", loosely({ ...publish, properties: { payloadFormatIndicator: 2 } })],
    ["[MQTT-3.3.2-14] a Response Topic with a wildcard", { ...publish, properties: { responseTopic: "#" } }],
    ["correlation data of 65,536 bytes", { ...publish, properties: { correlationData: new Uint8Array(65_536) } }],
    ["a User Property with U+0000", { ...publish, properties: { userProperties: [["a", "\0"]] } }],
    ["version 6", loosely({ ...connect, protocolVersion: 6 })],
    ["keep alive 65,536", { ...connect, keepAlive: 65_536 }],
    ["a client identifier of 65,536 bytes", { ...connect, clientIdentifier: LONG }],
    ["a password without a user name before 5.0", { ...connect, protocolVersion: 4, password: NOTHING }],
    ["Will QoS 3", loosely({ ...connect, will: { topicName: "a", payload: NOTHING, qos: 3, retain: false } })],
    ["an empty Will Topic", { ...connect, will: { topicName: "", payload: NOTHING, qos: 0, retain: false } }],
    ["Receive Maximum 0", { ...connect, properties: { receiveMaximum: 0 } }],
    ["Authentication Data without a method", { ...connect, properties: { authenticationData: NOTHING } }],
    ["[MQTT-3.2.2-6] a refusal with a session", { type: 2, sessionPresent: true, reasonCode: 0x87 }],
    ["CONNACK with a Reason Code of SUBACK", { type: 2, sessionPresent: false, reasonCode: 1 }],
    ["PUBACK with a Reason Code of PUBREL", { type: 4, packetIdentifier: 1, reasonCode: 0x92 }],
    ["PUBREL of identifier 0", { type: 6, packetIdentifier: 0, reasonCode: 0 }],
    ["a SUBSCRIBE without filters", { ...subscribe, subscriptions: [] }],
    ["an empty Topic Filter", { ...subscribe, subscriptions: [{ ...subscription, topicFilter: "" }] }],
    ["two Subscription Identifiers", { ...subscribe, properties: { subscriptionIdentifiers: [1, 2] } }],
    ["Retain Handling 3", loosely({ ...subscribe, subscriptions: [{ ...subscription, retainHandling: 3 }] })],
    [
      "No Local on a shared subscription",
      { ...subscribe, subscriptions: [{ ...subscription, topicFilter: "$share/g/a", noLocal: true }] },
    ],
    ["a SUBACK without codes", { type: 9, packetIdentifier: 1, reasonCodes: [] }],
    ["a SUBACK with code 3", { type: 9, packetIdentifier: 1, reasonCodes: [3] }],
    ["an UNSUBSCRIBE without filters", { type: 10, packetIdentifier: 1, topicFilters: [] }],
    ["an UNSUBSCRIBE of an empty filter", { type: 10, packetIdentifier: 1, topicFilters: [""] }],
    ["an UNSUBACK without codes", { type: 11, packetIdentifier: 1, reasonCodes: [] }],
    ["an UNSUBACK with code 1", { type: 11, packetIdentifier: 1, reasonCodes: [1] }],
    ["DISCONNECT with code 1", { type: 14, reasonCode: 1 }],
    ["DISCONNECT with code 256", { type: 14, reasonCode: 256 }],
    ["AUTH before 5.0", { type: 15, reasonCode: 0 }, 4],
    ["AUTH with code 1", { type: 15, reasonCode: 1 }],
  ];
  test.each(cases)("%s", (_name, packet, version = 5) => {
    const out = new OutBuffer();
    encodePacket(out, { type: 12 }, version);
    expect(() => encodePacket(out, packet, version)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^(PACKET_INVALID|TOPIC_NAME)$/), source: "usage" }),
    );
    expect(out.end).toBe(2);
  });
});

describe("a packet of more than 268,435,455 bytes", () => {
  // Never touched, so that no memory is taken for it.
  const payload = new Uint8Array(268_435_453);

  test("is refused whatever its topic", () => {
    for (const topicName of ["a", "é"]) {
      expect(() => encodePacket(new OutBuffer(), { ...publish, topicName, payload }, 4)).toThrow(MqttError);
    }
  });
});

describe("what a version cannot say is left out:", () => {
  test("properties, subscription options and reasons before 5.0", () => {
    const options = { ...subscription, noLocal: true, retainAsPublished: true, retainHandling: 2 } as const;
    const pairs: readonly [Packet, Packet][] = [
      [{ ...publish, properties: { messageExpiryInterval: 1 } }, publish],
      [
        { type: 4, packetIdentifier: 1, reasonCode: 0x87 },
        { type: 4, packetIdentifier: 1, reasonCode: 0 },
      ],
      [{ ...subscribe, subscriptions: [options] }, subscribe],
      [
        { type: 9, packetIdentifier: 1, reasonCodes: [2, 0x87] },
        { type: 9, packetIdentifier: 1, reasonCodes: [2, 0x80] },
      ],
      [
        { type: 11, packetIdentifier: 1, reasonCodes: [0x11] },
        { type: 11, packetIdentifier: 1, reasonCodes: [] },
      ],
      [
        { type: 14, reasonCode: 0x8e },
        { type: 14, reasonCode: 0 },
      ],
    ];
    for (const [rich, poor] of pairs) expect(encodeToBytes(rich, 4)).toEqual(encodeToBytes(poor, 4));
  });

  test("an undefined property is no property", () => {
    expect(encodeToBytes(loosely({ ...publish, properties: { topicAlias: undefined } }), 5)).toEqual(encodeToBytes(publish, 5));
  });
});

describe("CONNACK codes", () => {
  test("of 3.1.1 become Reason Codes and back", () => {
    const reasonCodes = [0, 0x84, 0x85, 0x88, 0x86, 0x87];
    expect([0, 1, 2, 3, 4, 5].map(connackReasonCode)).toEqual(reasonCodes);
    expect(reasonCodes.map(connackReturnCode)).toEqual([0, 1, 2, 3, 4, 5]);
    expect([6, 0x7f, 0x80].map(connackReasonCode)).toEqual([6, 0x7f, 0x80]);
  });

  test("that 3.1.1 does not have become the nearest it has", () => {
    const nearest = [0x80, 0x89, 0x97, 0x9d, 0x9f, 0x8c, 0x8a, 0x90].map(connackReturnCode);
    expect(nearest).toEqual([3, 3, 3, 3, 3, 5, 5, 5]);
  });
});

describe("a CONNECT of an unknown version", () => {
  const of = (name: string, level: number): Uint8Array =>
    Uint8Array.of(0x10, name.length + 3, 0, name.length, ...Array.from(name, (letter) => letter.charCodeAt(0)), level);

  test("names a level that chooses the form of the answer", () => {
    const levels = (["MQTT", "MQIsdp"] as const).flatMap((name) => [0, 3, 4, 5, 6, 0x84].map((level) => peek(of(name, level))));
    expect(levels).toEqual([0, 3, 4, 5, 6, 4, 0, 3, 4, 5, 6, 4]);
    expect([0, 3, 4, 5, 6, 127].map(connackVersion)).toEqual([4, 4, 4, 5, 5, 5]);
  });

  test("is refused with the level in the error's details", () => {
    const packet = of("MQTT", 9);
    expect(() => decodePacket(packet, 0, 2, packet.length, 4)).toThrow(
      expect.objectContaining({ code: "PROTO_VERSION", reasonCode: 0x84, details: { level: 9, connackVersion: 5 } }),
    );
  });

  test("[v3 MQTT-3.1.2-2] is answered in the form of its CONNECT, where that reads as one of 3.1.1 or of 5.0", () => {
    const answerTo = (level: number, rest: readonly number[]): unknown => {
      const packet = Uint8Array.of(...of("MQTT", level), 2, 0, 0, ...rest);
      packet[1] = packet.length - 2;
      try {
        return decodePacket(packet, 0, 2, packet.length, 4);
      } catch (error) {
        return (error as MqttError).details?.["connackVersion"];
      }
    };
    const levels = [0, 2, 3, 6, 127];
    expect(levels.map((level) => answerTo(level, [0, 1, 0x63]))).toEqual([4, 4, 4, 4, 4]);
    expect(levels.map((level) => answerTo(level, [0, 0, 1, 0x63]))).toEqual([5, 5, 5, 5, 5]);
    expect(levels.map((level) => answerTo(level, [9, 9]))).toEqual([4, 4, 4, 5, 5]);
  });

  test("is not taken for MQTT by another name, or when it is cut", () => {
    expect([of("MQTX", 4), of("", 4), of("HTTP/1", 4), Uint8Array.of(0x10, 1, 0), of("MQTT", 4).slice(0, 8)].map(peek)).toEqual([
      -1, -1, -1, -1, -1,
    ]);
  });

  function peek(packet: Uint8Array): number {
    return peekConnectLevel(packet, 2, packet.length);
  }
});

describe("an acknowledgement without an object", () => {
  test("is written and read in its shortest form", () => {
    const out = new OutBuffer();
    for (const type of [4, 5, 6, 7])
      for (const reasonCode of [0, type < 6 ? 0x97 : 0x92]) writeAcknowledgement(out, type, 0x1234, reasonCode, 5);
    const packets: Packet[] = [];
    for (let at = 0; at < out.end; at += out.buffer[at + 1]! + 2) {
      const end = at + out.buffer[at + 1]! + 2;
      const parsed = parseAcknowledgement(out.buffer, at, at + 2, end, 5);
      expect(parsed & 0xffff).toBe(0x1234);
      packets.push(decodePacket(out.buffer, at, at + 2, end, 5));
      expect(packets.at(-1)).toMatchObject({ packetIdentifier: 0x1234, reasonCode: parsed >>> 16 });
    }
    expect(packets).toHaveLength(8);
  });

  test("has no Reason Code before 5.0", () => {
    const out = new OutBuffer();
    writeAcknowledgement(out, 6, 1, 0x92, 4);
    expect(Array.from(out.view())).toEqual([0x62, 2, 0, 1]);
  });
});
