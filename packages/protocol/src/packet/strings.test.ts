import { describe, expect, test } from "vitest";
import { MqttError } from "../errors/mqtt-error.ts";
import { decodePacket } from "./decode.ts";
import { encodeToBytes } from "./encode.ts";
import { parsePublish } from "./publish.ts";
import { PublishOffsets } from "./publish-offsets.ts";
import type { ConnectPacket, Packet, Properties, ProtocolVersion, PublishPacket } from "./packets.ts";

/*
 * Every string of every packet, with each text that is none, on the way in and on the way out; and with those that look as if they
 * were none. A packet is encoded with a mark in the field, and the mark's bytes are replaced: so nothing else is wrong with it.
 */

const MARK = "@@@@";
const NOTHING = new Uint8Array(0);

const connect: ConnectPacket = { type: 1, protocolVersion: 5, cleanStart: true, keepAlive: 0, clientIdentifier: "c" };
const publish: PublishPacket = { type: 3, topicName: "t", payload: NOTHING, qos: 0, retain: false, dup: false };
const options = { qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;

/** A field, as a packet that has the text there, and how to read it back. */
interface Field {
  readonly title: string;
  readonly versions: readonly ProtocolVersion[];
  packet(text: string, version: ProtocolVersion): Packet;
  textOf(packet: Packet): unknown;
}

const ALL = [3, 4, 5] as const;
const NEW = [5] as const;

const fields: readonly Field[] = [
  {
    title: "[MQTT-3.1.3-4] [v3 MQTT-3.1.3-4] Client Identifier",
    versions: ALL,
    packet: (text, protocolVersion) => ({ ...connect, protocolVersion, clientIdentifier: text }),
    textOf: (packet) => (packet as ConnectPacket).clientIdentifier,
  },
  {
    title: "[MQTT-3.1.3-11] [v3 MQTT-3.1.3-10] Will Topic",
    versions: ALL,
    packet: (text, protocolVersion) => ({ ...connect, protocolVersion, will: { ...publish, topicName: text } }),
    textOf: (packet) => (packet as ConnectPacket).will?.topicName,
  },
  {
    title: "[MQTT-3.1.3-12] [v3 MQTT-3.1.3-11] User Name",
    versions: ALL,
    packet: (text, protocolVersion) => ({ ...connect, protocolVersion, username: text }),
    textOf: (packet) => (packet as ConnectPacket).username,
  },
  {
    title: "[MQTT-3.3.2-1] [v3 MQTT-3.3.2-1] Topic Name",
    versions: ALL,
    packet: (text) => ({ ...publish, topicName: text }),
    textOf: (packet) => (packet as PublishPacket).topicName,
  },
  {
    title: "[MQTT-3.8.3-1] [v3 MQTT-3.8.3-1] Topic Filter of SUBSCRIBE",
    versions: ALL,
    packet: (text) => ({
      type: 8,
      packetIdentifier: 1,
      subscriptions: [
        { ...options, topicFilter: "first" },
        { ...options, topicFilter: text },
      ],
    }),
    textOf: (packet) => (packet.type === 8 ? packet.subscriptions[1]?.topicFilter : undefined),
  },
  {
    title: "[MQTT-3.10.3-1] [v3 MQTT-3.10.3-1] Topic Filter of UNSUBSCRIBE",
    versions: ALL,
    packet: (text) => ({ type: 10, packetIdentifier: 1, topicFilters: ["first", text] }),
    textOf: (packet) => (packet.type === 10 ? packet.topicFilters[1] : undefined),
  },
  ofPublish("[MQTT-3.3.2-13] Response Topic", (text) => ({ responseTopic: text })),
  ofPublish("[MQTT-3.3.2-19] Content Type", (text) => ({ contentType: text })),
  ofPublish("[MQTT-1.5.7-1] name of a User Property", (text) => ({
    userProperties: [
      ["first", "value"],
      [text, "value"],
    ],
  })),
  ofPublish("[MQTT-1.5.7-1] value of a User Property", (text) => ({
    userProperties: [
      ["first", "value"],
      ["name", text],
    ],
  })),
  ...(["assignedClientIdentifier", "responseInformation", "serverReference", "reasonString", "authenticationMethod"] as const).map(
    (name): Field => ({
      title: `${name} of CONNACK`,
      versions: NEW,
      packet: (text) => ({ type: 2, sessionPresent: false, reasonCode: 0, properties: { [name]: text } }),
      textOf: (packet) => (packet.type === 2 ? packet.properties?.[name] : undefined),
    }),
  ),
];

function ofPublish(title: string, propertiesOf: (text: string) => Properties): Field {
  const textOf = (packet: Packet): unknown => {
    const { responseTopic, contentType, userProperties } = (packet as PublishPacket).properties ?? {};
    return responseTopic ?? contentType ?? userProperties?.[1]?.find((text) => text !== "name" && text !== "value");
  };
  return { title, versions: NEW, packet: (text) => ({ ...publish, properties: propertiesOf(text) }), textOf };
}

function encode(packet: Packet, version: ProtocolVersion): Uint8Array {
  return encodeToBytes(packet, version);
}

function decode(packet: Uint8Array, version: ProtocolVersion): Packet {
  const bodyStart = 1 + packet.subarray(1, 5).findIndex((byte) => byte < 0x80) + 1;
  return decodePacket(packet, 0, bodyStart, packet.length, version);
}

/** The packet with other bytes, as many, where the mark stands. */
function withBytes(field: Field, version: ProtocolVersion, hex: string): Uint8Array {
  const packet = encode(field.packet(MARK, version), version);
  const at = Buffer.from(packet).indexOf(MARK);
  packet.set(Buffer.from(hex, "hex"), at);
  return packet;
}

const cases = fields.flatMap((field) => field.versions.map((version) => ({ ...field, field, version })));

// covers: [MQTT-1.5.4-1] [MQTT-1.5.4-2] [v3 MQTT-1.5.3-1] [v3 MQTT-1.5.3-2]
describe("what is no text is refused with 0x81:", () => {
  const wrong = [
    ["a high surrogate", "eda08061"],
    ["a low surrogate", "edbfbf61"],
    ["U+0000", "61006161"],
    ["U+0000 in two bytes", "61c08061"],
    ["an overlong form", "f08282ac"],
    ["a code point above U+10FFFF", "f4908080"],
    ["a continuation without a beginning", "61806161"],
    ["a character that is cut by the end of the string", "6161e282"],
    ["a byte that is in no UTF-8", "6161ff61"],
  ] as const;
  test.each(cases)("$title (version $version)", ({ field, version }) => {
    for (const [name, hex] of wrong) {
      const packet = withBytes(field, version, hex);
      let thrown: unknown;
      try {
        decode(packet, version);
      } catch (error) {
        thrown = error;
      }
      expect(thrown, name).toBeInstanceOf(MqttError);
      expect(thrown, name).toMatchObject({ reasonCode: 0x81, source: "peer" });
      // A server reads a PUBLISH to offsets, without the strings.
      if (packet[0] === 0x30) expect(parsePublish(packet, 0, 2, packet.length, version, new PublishOffsets()), name).toBe(0x81);
    }
  });
});

describe("what is no text is not sent:", () => {
  test.each(cases)("$title (version $version)", ({ field, version }) => {
    for (const text of ["a\0", "\ud800", "a\udfff", "\udc00\ud800", "a".repeat(65_536), "é".repeat(32_768)]) {
      expect(() => encode(field.packet(text, version), version)).toThrow(expect.objectContaining({ code: "PACKET_INVALID" }));
    }
  });
});

// covers: [MQTT-1.5.4-3] [v3 MQTT-1.5.3-3]
describe("a byte order mark, non-characters and control characters (O-1), and the longest string come through unaltered:", () => {
  const right = [
    "\ufeff",
    "\ufeffa\ufeff",
    "a\ufffe\uffff",
    "\ufdd0\ufdef\u{1fffe}",
    "\u0001\u001f\u007f\u009f",
    "\u{10ffff}",
    "a".repeat(65_535),
    "温".repeat(21_845),
  ];
  test.each(cases)("$title (version $version)", ({ field, version }) => {
    for (const text of right) expect(field.textOf(decode(encode(field.packet(text, version), version), version))).toBe(text);
  });
});
