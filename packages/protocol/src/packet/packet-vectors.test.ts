import { describe, expect, test } from "vitest";
import { MqttError } from "../errors/mqtt-error.ts";
import { decodePacket } from "./decode.ts";
import { encodeToBytes } from "./encode.ts";
import { FrameDecoder } from "./frame-decoder.ts";
import type { Packet, ProtocolVersion } from "./packets.ts";

/** Hexadecimal bytes, a note after each `|`; the notes say what the specification calls them. */
type Annotated = string;
interface Vector {
  readonly name: string;
  readonly versions: readonly ProtocolVersion[];
  readonly bytes: Annotated;
  readonly packet: Packet;
  /** Another valid form, which our encoder does not choose. */
  readonly decodeOnly?: true;
}
interface BadVector {
  readonly name: string;
  readonly versions: readonly ProtocolVersion[];
  readonly bytes: Annotated;
  readonly reasonCode: number;
}

function bytesOf(annotated: Annotated): Uint8Array {
  const hex = annotated.replaceAll(/\|[^\n]*/g, "").match(/[0-9a-f]{2}/g) ?? [];
  return Uint8Array.from(hex, (pair) => Number.parseInt(pair, 16));
}

const ALL = [3, 4, 5] as const;
const OLD = [3, 4] as const;
const NEW = [5] as const;
const of = (...values: number[]): Uint8Array => Uint8Array.from(values);

const vectors: readonly Vector[] = [
  {
    name: "CONNECT of MQTT 3.1",
    versions: [3],
    bytes: `10 11            | CONNECT, Remaining Length 17
            00 06 4d 51 49 73 64 70 | protocol name MQIsdp
            03               | protocol level 3
            02               | clean session
            00 3c            | keep alive 60 s
            00 03 61 62 63   | client identifier abc`,
    packet: { type: 1, protocolVersion: 3, cleanStart: true, keepAlive: 60, clientIdentifier: "abc" },
  },
  {
    name: "CONNECT of MQTT 3.1.1 by a bridge",
    versions: [4],
    bytes: `10 0d
            00 04 4d 51 54 54 | MQTT
            84               | level 4 with the bridge bit
            00               | no flags
            00 00            | keep alive off
            00 01 61         | client identifier a`,
    packet: { type: 1, protocolVersion: 4, cleanStart: false, keepAlive: 0, clientIdentifier: "a", isBridge: true },
  },
  {
    name: "CONNECT of MQTT 5.0 with everything",
    versions: [5],
    bytes: `10 5f
            00 04 4d 51 54 54 05 | MQTT, level 5
            f6               | user name, password, will retain, will QoS 2, will, clean start
            00 0a            | keep alive 10 s
            2f               | property length 47
            11 00 00 0e 10   | Session Expiry Interval 3600
            21 00 0a         | Receive Maximum 10
            27 00 01 00 00   | Maximum Packet Size 65536
            22 00 05         | Topic Alias Maximum 5
            19 01            | Request Response Information 1
            17 00            | Request Problem Information 0
            26 00 01 6b 00 01 76 | User Property k=v
            26 00 01 6b 00 01 77 | User Property k=w
            15 00 05 53 43 52 41 4d | Authentication Method SCRAM
            16 00 02 01 02   | Authentication Data
            00 02 63 31      | client identifier c1
            11               | will property length 17
            18 00 00 00 05   | Will Delay Interval 5
            01 01            | Payload Format Indicator 1
            02 00 00 00 09   | Message Expiry Interval 9
            03 00 02 74 70   | Content Type tp
            00 03 77 2f 74   | will topic w/t
            00 02 68 69      | will payload hi
            00 01 75         | user name u
            00 01 70         | password p`,
    packet: {
      type: 1,
      protocolVersion: 5,
      cleanStart: true,
      keepAlive: 10,
      clientIdentifier: "c1",
      username: "u",
      password: of(0x70),
      properties: {
        sessionExpiryInterval: 3600,
        receiveMaximum: 10,
        maximumPacketSize: 65_536,
        topicAliasMaximum: 5,
        requestResponseInformation: 1,
        requestProblemInformation: 0,
        userProperties: [
          ["k", "v"],
          ["k", "w"],
        ],
        authenticationMethod: "SCRAM",
        authenticationData: of(1, 2),
      },
      will: {
        topicName: "w/t",
        payload: of(0x68, 0x69),
        qos: 2,
        retain: true,
        properties: { willDelayInterval: 5, payloadFormatIndicator: 1, messageExpiryInterval: 9, contentType: "tp" },
      },
    },
  },
  {
    name: "CONNECT of MQTT 5.0 with a password and no user name",
    versions: [5],
    bytes: "10 10 00 04 4d 51 54 54 05 40 00 00 00 | properties\n 00 00 | client identifier\n 00 01 70 | password",
    packet: { type: 1, protocolVersion: 5, cleanStart: false, keepAlive: 0, clientIdentifier: "", password: of(0x70) },
  },
  {
    name: "CONNECT of MQTT 3.1 whose user name is missing in spite of its flag",
    versions: [3],
    bytes: "10 0f 00 06 4d 51 49 73 64 70 03 80 | user name flag\n 00 00 00 01 61",
    packet: { type: 1, protocolVersion: 3, cleanStart: false, keepAlive: 0, clientIdentifier: "a" },
    decodeOnly: true,
  },
  {
    name: "CONNACK that accepts",
    versions: OLD,
    bytes: "20 02 | CONNACK\n 00 | no session\n 00 | accepted",
    packet: { type: 2, sessionPresent: false, reasonCode: 0 },
  },
  {
    name: "CONNACK with a session",
    versions: [4],
    bytes: "20 02 01 00",
    packet: { type: 2, sessionPresent: true, reasonCode: 0 },
  },
  {
    name: "CONNACK of 3.1.1 that refuses the user name or password",
    versions: OLD,
    bytes: "20 02 00 04",
    packet: { type: 2, sessionPresent: false, reasonCode: 0x86 },
  },
  {
    name: "CONNACK of an old server to a client of MQTT 5.0",
    versions: NEW,
    bytes: "20 02 00 01 | unacceptable protocol version",
    packet: { type: 2, sessionPresent: false, reasonCode: 0x84 },
    decodeOnly: true,
  },
  {
    name: "CONNACK with every property",
    versions: NEW,
    bytes: `20 48 01 00      | session present, success
            45               | property length 69
            11 ff ff ff ff   | Session Expiry Interval, never
            21 00 14         | Receive Maximum 20
            24 01            | Maximum QoS 1
            25 01            | Retain Available
            27 00 00 10 00   | Maximum Packet Size 4096
            12 00 02 69 64   | Assigned Client Identifier id
            22 00 00         | Topic Alias Maximum 0
            1f 00 02 6f 6b   | Reason String ok
            26 00 01 61 00 01 62 | User Property a=b
            28 01 29 00 2a 01 | wildcard, subscription identifier, shared subscription
            13 00 0f         | Server Keep Alive 15
            1a 00 01 72      | Response Information r
            1c 00 01 73      | Server Reference s
            15 00 01 6d      | Authentication Method m
            16 00 00         | Authentication Data, empty
            26 00 00 00 03 ef bb bf | User Property "" = U+FEFF`,
    packet: {
      type: 2,
      sessionPresent: true,
      reasonCode: 0,
      properties: {
        sessionExpiryInterval: 0xffff_ffff,
        receiveMaximum: 20,
        maximumQoS: 1,
        retainAvailable: 1,
        maximumPacketSize: 4096,
        assignedClientIdentifier: "id",
        topicAliasMaximum: 0,
        reasonString: "ok",
        userProperties: [
          ["a", "b"],
          ["", "\uFEFF"],
        ],
        wildcardSubscriptionAvailable: 1,
        subscriptionIdentifierAvailable: 0,
        sharedSubscriptionAvailable: 1,
        serverKeepAlive: 15,
        responseInformation: "r",
        serverReference: "s",
        authenticationMethod: "m",
        authenticationData: of(),
      },
    },
    decodeOnly: true, // Our encoder keeps the User Properties together.
  },
  {
    name: "PUBLISH at QoS 0",
    versions: OLD,
    bytes: "30 07 | PUBLISH\n 00 03 61 2f 62 | topic a/b\n 68 69 | payload",
    packet: { type: 3, topicName: "a/b", payload: of(0x68, 0x69), qos: 0, retain: false, dup: false },
  },
  {
    name: "PUBLISH at QoS 2, again and retained, empty, of an astral topic",
    versions: OLD,
    bytes: "3d 08 00 04 f0 9f 90 99 | U+1F419\n 12 34 | packet identifier",
    packet: { type: 3, topicName: "🐙", payload: of(), qos: 2, retain: true, dup: true, packetIdentifier: 0x1234 },
  },
  {
    name: "PUBLISH of MQTT 5.0 with an alias alone",
    versions: NEW,
    bytes: "32 0f 00 00 | no topic\n 00 01 | packet identifier\n 08 23 00 07 | Topic Alias 7\n 02 00 00 00 3c | expires\n 78 79",
    packet: {
      type: 3,
      topicName: "",
      payload: of(0x78, 0x79),
      qos: 1,
      retain: false,
      dup: false,
      packetIdentifier: 1,
      properties: { topicAlias: 7, messageExpiryInterval: 60 },
    },
  },
  {
    name: "PUBLISH of MQTT 5.0 for two subscriptions",
    versions: NEW,
    bytes: `30 1a 00 01 61 16 | topic a, property length 22
            01 00            | Payload Format Indicator 0
            08 00 01 72      | Response Topic r
            09 00 01 00      | Correlation Data
            0b 01            | Subscription Identifier 1
            0b ff ff ff 7f   | Subscription Identifier 268,435,455
            26 00 00 00 00   | User Property without name and value
            `,
    packet: {
      type: 3,
      topicName: "a",
      payload: of(),
      qos: 0,
      retain: false,
      dup: false,
      properties: {
        payloadFormatIndicator: 0,
        responseTopic: "r",
        correlationData: of(0),
        subscriptionIdentifiers: [1, 268_435_455],
        userProperties: [["", ""]],
      },
    },
  },
  { name: "PUBACK", versions: ALL, bytes: "40 02 00 05", packet: { type: 4, packetIdentifier: 5, reasonCode: 0 } },
  { name: "PUBREC", versions: ALL, bytes: "50 02 ff ff", packet: { type: 5, packetIdentifier: 0xffff, reasonCode: 0 } },
  { name: "PUBREL", versions: ALL, bytes: "62 02 00 05", packet: { type: 6, packetIdentifier: 5, reasonCode: 0 } },
  { name: "PUBCOMP", versions: ALL, bytes: "70 02 00 05", packet: { type: 7, packetIdentifier: 5, reasonCode: 0 } },
  {
    name: "PUBREL of MQTT 3.1 that is sent again",
    versions: [3],
    bytes: "6a 02 00 05",
    packet: { type: 6, packetIdentifier: 5, reasonCode: 0 },
    decodeOnly: true,
  },
  {
    name: "PUBACK with a Reason Code",
    versions: NEW,
    bytes: "40 03 00 05 10 | no matching subscribers",
    packet: { type: 4, packetIdentifier: 5, reasonCode: 0x10 },
  },
  {
    name: "PUBACK with an empty property list",
    versions: NEW,
    bytes: "40 04 00 05 00 00",
    packet: { type: 4, packetIdentifier: 5, reasonCode: 0 },
    decodeOnly: true,
  },
  {
    name: "PUBREC with a Reason String",
    versions: NEW,
    bytes: "50 08 00 05 97 | quota exceeded\n 04 1f 00 01 6e | Reason String n",
    packet: { type: 5, packetIdentifier: 5, reasonCode: 0x97, properties: { reasonString: "n" } },
  },
  {
    name: "SUBSCRIBE",
    versions: OLD,
    bytes: "82 0a 00 01 | packet identifier\n 00 02 61 23 01 | a#, QoS 1\n 00 00 02 | an empty filter, QoS 2",
    packet: {
      type: 8,
      packetIdentifier: 1,
      subscriptions: [
        { topicFilter: "a#", qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 },
        { topicFilter: "", qos: 2, noLocal: false, retainAsPublished: false, retainHandling: 0 },
      ],
    },
    decodeOnly: true, // The form of filters is answered in the SUBACK, so decoding does not judge it.
  },
  {
    name: "SUBSCRIBE with options and an identifier",
    versions: NEW,
    bytes: "82 09 00 02 02 0b 2a | Subscription Identifier 42\n 00 01 23 2e | #, Retain Handling 2, as published, no local, QoS 2",
    packet: {
      type: 8,
      packetIdentifier: 2,
      properties: { subscriptionIdentifiers: [42] },
      subscriptions: [{ topicFilter: "#", qos: 2, noLocal: true, retainAsPublished: true, retainHandling: 2 }],
    },
  },
  {
    name: "SUBACK",
    versions: OLD,
    bytes: "90 06 00 01 00 01 02 80",
    packet: { type: 9, packetIdentifier: 1, reasonCodes: [0, 1, 2, 0x80] },
  },
  {
    name: "SUBACK of MQTT 5.0",
    versions: NEW,
    bytes: "90 05 00 01 00 | no properties\n 02 9e | granted, shared subscriptions not supported",
    packet: { type: 9, packetIdentifier: 1, reasonCodes: [2, 0x9e] },
  },
  {
    name: "UNSUBSCRIBE",
    versions: OLD,
    bytes: "a2 08 00 03 00 01 61 00 01 2b",
    packet: { type: 10, packetIdentifier: 3, topicFilters: ["a", "+"] },
  },
  {
    name: "UNSUBSCRIBE of MQTT 5.0",
    versions: NEW,
    bytes: "a2 0d 00 03 07 26 00 01 61 00 01 62 | User Property a=b\n 00 01 61",
    packet: { type: 10, packetIdentifier: 3, topicFilters: ["a"], properties: { userProperties: [["a", "b"]] } },
  },
  { name: "UNSUBACK", versions: OLD, bytes: "b0 02 00 03", packet: { type: 11, packetIdentifier: 3, reasonCodes: [] } },
  {
    name: "UNSUBACK of MQTT 5.0",
    versions: NEW,
    bytes: "b0 05 00 03 00 00 11 | no subscription existed",
    packet: { type: 11, packetIdentifier: 3, reasonCodes: [0, 0x11] },
  },
  { name: "PINGREQ", versions: ALL, bytes: "c0 00", packet: { type: 12 } },
  { name: "PINGRESP", versions: ALL, bytes: "d0 00", packet: { type: 13 } },
  { name: "DISCONNECT", versions: ALL, bytes: "e0 00", packet: { type: 14, reasonCode: 0 } },
  {
    name: "DISCONNECT with will",
    versions: NEW,
    bytes: "e0 01 04",
    packet: { type: 14, reasonCode: 4 },
  },
  {
    name: "DISCONNECT with a Session Expiry Interval",
    versions: NEW,
    bytes: "e0 07 00 05 11 00 00 00 00",
    packet: { type: 14, reasonCode: 0, properties: { sessionExpiryInterval: 0 } },
  },
  { name: "AUTH without a body", versions: NEW, bytes: "f0 00", packet: { type: 15, reasonCode: 0 } },
  {
    name: "AUTH that continues",
    versions: NEW,
    bytes: "f0 09 18 07 15 00 01 6d | method m\n 16 00 00 | data, empty",
    packet: { type: 15, reasonCode: 0x18, properties: { authenticationMethod: "m", authenticationData: of() } },
  },
];

const bad: readonly BadVector[] = [
  {
    name: "[MQTT-3.1.2-1] another protocol name",
    versions: ALL,
    bytes: "10 0c 00 04 4d 51 54 58 04 02 00 00 00 00",
    reasonCode: 0x84,
  },
  { name: "[MQTT-3.1.2-2] protocol level 6", versions: ALL, bytes: "10 0c 00 04 4d 51 54 54 06 02 00 00 00 00", reasonCode: 0x84 },
  { name: "MQIsdp with level 4", versions: ALL, bytes: "10 0e 00 06 4d 51 49 73 64 70 04 02 00 00 00 00", reasonCode: 0x84 },
  {
    name: "[MQTT-3.1.2-3] the reserved connect flag",
    versions: ALL,
    bytes: "10 0c 00 04 4d 51 54 54 04 03 00 00 00 00",
    reasonCode: 0x81,
  },
  {
    name: "[MQTT-3.1.2-12] Will QoS 3",
    versions: ALL,
    bytes: "10 12 00 04 4d 51 54 54 04 1e 00 00 00 00 00 01 61 00 01 62",
    reasonCode: 0x81,
  },
  { name: "Will QoS without a Will", versions: ALL, bytes: "10 0c 00 04 4d 51 54 54 04 0a 00 00 00 00", reasonCode: 0x81 },
  {
    name: "[v3 MQTT-3.1.2-22] a password alone",
    versions: ALL,
    bytes: "10 0f 00 04 4d 51 54 54 04 42 00 00 00 00 00 01 70",
    reasonCode: 0x81,
  },
  {
    name: "a wildcard in the Will Topic",
    versions: ALL,
    bytes: "10 12 00 04 4d 51 54 54 04 06 00 00 00 00 00 01 23 00 01 62",
    reasonCode: 0x90,
  },
  {
    name: "an empty Will Topic",
    versions: ALL,
    bytes: "10 11 00 04 4d 51 54 54 04 06 00 00 00 00 00 00 00 01 62",
    reasonCode: 0x90,
  },
  { name: "CONNECT with a byte too many", versions: ALL, bytes: "10 0d 00 04 4d 51 54 54 04 02 00 00 00 00 00", reasonCode: 0x81 },
  {
    name: "CONNECT with flags in its fixed header",
    versions: ALL,
    bytes: "11 0c 00 04 4d 51 54 54 04 02 00 00 00 00",
    reasonCode: 0x81,
  },
  {
    name: "Authentication Data without a method",
    versions: ALL,
    bytes: "10 10 00 04 4d 51 54 54 05 02 00 00 03 16 00 00 00 00",
    reasonCode: 0x82,
  },
  { name: "Receive Maximum 0", versions: ALL, bytes: "10 10 00 04 4d 51 54 54 05 02 00 00 03 21 00 00 00 00", reasonCode: 0x82 },
  {
    name: "Maximum Packet Size 0",
    versions: ALL,
    bytes: "10 12 00 04 4d 51 54 54 05 02 00 00 05 27 00 00 00 00 00 00",
    reasonCode: 0x82,
  },
  {
    name: "Request Problem Information 2",
    versions: ALL,
    bytes: "10 0f 00 04 4d 51 54 54 05 02 00 00 02 17 02 00 00",
    reasonCode: 0x82,
  },
  { name: "[MQTT-3.2.2-1] reserved CONNACK flags", versions: [4, 5], bytes: "20 03 02 00 00", reasonCode: 0x81 },
  { name: "[MQTT-3.2.2-6] a refusal with a session", versions: [4], bytes: "20 02 01 05", reasonCode: 0x82 },
  { name: "[MQTT-3.2.2-8] CONNACK with a Reason Code of another packet", versions: NEW, bytes: "20 03 00 10 00", reasonCode: 0x82 },
  { name: "CONNACK that accepts in the old form", versions: NEW, bytes: "20 02 00 00", reasonCode: 0x81 },
  { name: "CONNACK with properties before 5.0", versions: OLD, bytes: "20 03 00 00 00", reasonCode: 0x81 },
  { name: "[MQTT-3.3.1-4] PUBLISH at QoS 3", versions: ALL, bytes: "36 05 00 01 61 00 01", reasonCode: 0x81 },
  { name: "[MQTT-3.3.1-2] DUP at QoS 0", versions: ALL, bytes: "38 04 00 01 61 00", reasonCode: 0x81 },
  { name: "[MQTT-2.2.1-3] Packet Identifier 0", versions: ALL, bytes: "32 06 00 01 61 00 00 00", reasonCode: 0x82 },
  { name: "[v3 MQTT-4.7.3-1] an empty Topic Name", versions: OLD, bytes: "30 02 00 00", reasonCode: 0x81 },
  { name: "an empty Topic Name without an alias", versions: NEW, bytes: "30 03 00 00 00", reasonCode: 0x82 },
  { name: "[MQTT-3.3.2-2] a wildcard in the Topic Name", versions: ALL, bytes: "30 06 00 03 61 2f 2b 00", reasonCode: 0x90 },
  { name: "[MQTT-1.5.4-2] U+0000 in the Topic Name", versions: ALL, bytes: "30 05 00 02 61 00 00", reasonCode: 0x81 },
  { name: "[MQTT-1.5.4-1] a surrogate in the Topic Name", versions: ALL, bytes: "30 06 00 03 ed a0 80 00", reasonCode: 0x81 },
  { name: "an overlong form in the Topic Name", versions: ALL, bytes: "30 05 00 02 c0 80 00", reasonCode: 0x81 },
  { name: "a cut character in the Topic Name", versions: ALL, bytes: "30 05 00 02 61 c3 00", reasonCode: 0x81 },
  { name: "a character above U+10FFFF", versions: ALL, bytes: "30 07 00 04 f4 90 80 80 00", reasonCode: 0x81 },
  { name: "[MQTT-3.3.2-8] Topic Alias 0", versions: NEW, bytes: "30 07 00 01 61 03 23 00 00", reasonCode: 0x94 },
  { name: "a Topic Alias twice", versions: NEW, bytes: "30 0a 00 01 61 06 23 00 01 23 00 01", reasonCode: 0x82 },
  { name: "a property of another packet", versions: NEW, bytes: "30 06 00 01 61 02 24 01", reasonCode: 0x81 },
  { name: "an unknown property", versions: NEW, bytes: "30 06 00 01 61 02 7f 01", reasonCode: 0x81 },
  { name: "a property identifier of two bytes", versions: NEW, bytes: "30 07 00 01 61 03 a3 00 01", reasonCode: 0x81 },
  {
    name: "[MQTT-3.3.2-14] a wildcard in the Response Topic",
    versions: NEW,
    bytes: "30 08 00 01 61 04 08 00 01 23",
    reasonCode: 0x82,
  },
  { name: "Payload Format Indicator 2", versions: NEW, bytes: "30 06 00 01 61 02 01 02", reasonCode: 0x82 },
  { name: "Subscription Identifier 0", versions: NEW, bytes: "30 06 00 01 61 02 0b 00", reasonCode: 0x82 },
  { name: "properties longer than the packet", versions: NEW, bytes: "30 05 00 01 61 02 01", reasonCode: 0x81 },
  { name: "a property that is cut by its length", versions: NEW, bytes: "30 08 00 01 61 02 02 00 00 00", reasonCode: 0x81 },
  {
    name: "[MQTT-1.5.5-1] a property length of more bytes than needed",
    versions: NEW,
    bytes: "30 06 00 01 61 80 00 00",
    reasonCode: 0x81,
  },
  {
    name: "[MQTT-1.5.5-1] a Remaining Length of more bytes than needed",
    versions: NEW,
    bytes: "30 84 00 00 01 61 00",
    reasonCode: 0x81,
  },
  { name: "PUBACK with bad flags", versions: [4, 5], bytes: "42 02 00 01", reasonCode: 0x81 },
  { name: "[MQTT-3.6.1-1] PUBREL with bad flags", versions: [4, 5], bytes: "60 02 00 01", reasonCode: 0x81 },
  { name: "PUBACK of identifier 0", versions: ALL, bytes: "40 02 00 00", reasonCode: 0x82 },
  { name: "PUBACK of one byte", versions: ALL, bytes: "40 01 00", reasonCode: 0x81 },
  { name: "PUBACK with a Reason Code before 5.0", versions: OLD, bytes: "40 03 00 01 00", reasonCode: 0x81 },
  { name: "[MQTT-3.4.2-1] PUBACK with a Reason Code of PUBREL", versions: NEW, bytes: "40 03 00 01 92", reasonCode: 0x82 },
  { name: "PUBACK with bytes after its properties", versions: NEW, bytes: "40 05 00 01 00 00 00", reasonCode: 0x81 },
  { name: "PUBACK with a property of PUBLISH", versions: NEW, bytes: "40 06 00 01 00 02 01 01", reasonCode: 0x81 },
  { name: "PUBACK with two Reason Strings", versions: NEW, bytes: "40 0a 00 01 00 06 1f 00 00 1f 00 00", reasonCode: 0x82 },
  { name: "[MQTT-3.8.1-1] SUBSCRIBE with bad flags", versions: [4, 5], bytes: "80 06 00 01 00 01 61 00", reasonCode: 0x81 },
  { name: "[MQTT-3.8.3-2] SUBSCRIBE without a filter", versions: OLD, bytes: "82 02 00 01", reasonCode: 0x82 },
  { name: "SUBSCRIBE of identifier 0", versions: OLD, bytes: "82 06 00 00 00 01 61 00", reasonCode: 0x82 },
  { name: "SUBSCRIBE at QoS 3", versions: OLD, bytes: "82 06 00 01 00 01 61 03", reasonCode: 0x81 },
  { name: "[v3 MQTT-3.8.3-4] SUBSCRIBE with options", versions: [4], bytes: "82 06 00 01 00 01 61 04", reasonCode: 0x81 },
  { name: "[MQTT-3.8.3-5] reserved subscription options", versions: NEW, bytes: "82 07 00 01 00 00 01 61 40", reasonCode: 0x81 },
  { name: "Retain Handling 3", versions: NEW, bytes: "82 07 00 01 00 00 01 61 30", reasonCode: 0x82 },
  { name: "two Subscription Identifiers", versions: NEW, bytes: "82 0b 00 01 04 0b 01 0b 02 00 01 61 00", reasonCode: 0x82 },
  {
    name: "[MQTT-3.8.3-4] No Local on a shared subscription",
    versions: NEW,
    bytes: "82 10 00 01 00 00 0a 24 73 68 61 72 65 2f 67 2f 61 04",
    reasonCode: 0x82,
  },
  { name: "SUBSCRIBE without options", versions: OLD, bytes: "82 05 00 01 00 01 61", reasonCode: 0x81 },
  { name: "SUBACK without codes", versions: OLD, bytes: "90 02 00 01", reasonCode: 0x82 },
  { name: "[MQTT-3.9.3-2] SUBACK with another code", versions: NEW, bytes: "90 04 00 01 00 03", reasonCode: 0x82 },
  { name: "[v3 MQTT-3.9.3-2] SUBACK with another code", versions: OLD, bytes: "90 03 00 01 81", reasonCode: 0x82 },
  { name: "[MQTT-3.10.1-1] UNSUBSCRIBE with bad flags", versions: [4, 5], bytes: "a0 06 00 01 00 00 01 61", reasonCode: 0x81 },
  { name: "[MQTT-3.10.3-2] UNSUBSCRIBE without a filter", versions: OLD, bytes: "a2 02 00 01", reasonCode: 0x82 },
  { name: "UNSUBACK with a payload before 5.0", versions: OLD, bytes: "b0 03 00 01 00", reasonCode: 0x81 },
  { name: "UNSUBACK without codes", versions: NEW, bytes: "b0 03 00 01 00", reasonCode: 0x82 },
  { name: "[MQTT-3.11.3-2] UNSUBACK with another code", versions: NEW, bytes: "b0 04 00 01 00 01", reasonCode: 0x82 },
  { name: "PINGREQ with a body", versions: ALL, bytes: "c0 01 00", reasonCode: 0x81 },
  { name: "PINGRESP with bad flags", versions: [4, 5], bytes: "d1 00", reasonCode: 0x81 },
  { name: "[MQTT-3.14.1-1] DISCONNECT with bad flags", versions: [4, 5], bytes: "e1 00", reasonCode: 0x81 },
  { name: "DISCONNECT with a body before 5.0", versions: OLD, bytes: "e0 01 00", reasonCode: 0x81 },
  { name: "DISCONNECT with a Reason Code of SUBACK", versions: NEW, bytes: "e0 01 01", reasonCode: 0x82 },
  { name: "AUTH before 5.0", versions: OLD, bytes: "f0 00", reasonCode: 0x81 },
  { name: "[MQTT-3.15.1-1] AUTH with bad flags", versions: NEW, bytes: "f1 00", reasonCode: 0x81 },
  { name: "AUTH with a Reason Code of CONNACK", versions: NEW, bytes: "f0 02 87 00", reasonCode: 0x82 },
  { name: "a string property that is cut", versions: NEW, bytes: "e0 07 80 05 1f 00 05 61 62", reasonCode: 0x81 },
];

/** The one packet in the bytes, found as a connection finds it. */
function decode(packetBytes: Uint8Array, version: ProtocolVersion): Packet {
  const packets: Packet[] = [];
  const decoder = new FrameDecoder(
    {
      frame(chunk, start, bodyStart, end) {
        packets.push(decodePacket(chunk, start, bodyStart, end, version));
        return true;
      },
      malformed(reasonCode, detail) {
        throw new Error(`0x${reasonCode.toString(16)} ${detail}`);
      },
    },
    1_000_000,
  );
  decoder.push(packetBytes);
  if (packets.length !== 1) throw new Error(`${packets.length} packets`);
  return packets[0]!;
}

const cases = vectors.flatMap(({ versions, ...vector }) => versions.map((version) => ({ ...vector, version })));

describe("is decoded:", () => {
  test.each(cases)("$name (version $version)", ({ bytes, packet, version }) => {
    expect(decode(bytesOf(bytes), version)).toEqual(packet);
  });
});

describe("is encoded:", () => {
  test.each(cases.filter(({ decodeOnly }) => decodeOnly !== true))("$name (version $version)", ({ bytes, packet, version }) => {
    expect(encodeToBytes(packet, version)).toEqual(bytesOf(bytes));
  });
});

describe("is refused:", () => {
  const refused = bad.flatMap(({ versions, ...vector }) => versions.map((version) => ({ ...vector, version })));
  test.each(refused)("$name (version $version)", ({ bytes, version, reasonCode }) => {
    let error: unknown;
    try {
      decode(bytesOf(bytes), version);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(MqttError);
    expect(error).toMatchObject({ reasonCode, source: "peer" });
  });
});
