import { acknowledgement, auth, connect, disconnect, publish, reasonCodes, subscribe, unsubscribe } from "../../wire/build.ts";
import { packet, variableByteInteger } from "../../wire/bytes.ts";
import { property, type PropertyName, type PropertyValue } from "../../wire/properties.ts";
import { BOTH, clientCase, type ClientCase, EVERY, V4, V5 } from "../client-case.ts";
import type { Version } from "../client-driver.ts";
import { check } from "../kit.ts";
import { Recommendation } from "../recommendation.ts";

/* Section 4.13 (4.8 of 3.1.1): what a server must not send. The client closes; on 5.0 it says why before. */

type Row = readonly [title: string, versions: readonly Version[], bytes: (version: Version) => Uint8Array, ...codes: number[]];

const MALFORMED = 0x81;
const PROTOCOL_ERROR = 0x82;
const RECEIVE_MAXIMUM = 0x93;
const TOPIC_ALIAS = 0x94;
const TOO_LARGE = 0x95;

/** A PUBLISH on 5.0 with one property more than none. */
function withProperty(name: PropertyName, ...values: readonly PropertyValue[]): Row[2] {
  return (version) => publish({ version, topic: "a", payload: "x", properties: values.map((value) => property(name, value)) });
}

function withTopic(...bytes: readonly number[]): Row[2] {
  return (version) => publish({ version, topic: Buffer.from(bytes), payload: "x" });
}

const raw =
  (...bytes: readonly number[]): Row[2] =>
  () =>
    Buffer.from(bytes);

const publishRows: readonly Row[] = [
  [
    "[MQTT-3.3.1-4] [v3 MQTT-3.3.1-4] PUBLISH at QoS 3",
    EVERY,
    (version) => publish({ version, topic: "a", qos: 3, packetIdentifier: 1 }),
    MALFORMED,
  ],
  [
    "[MQTT-3.3.2-2] [v3 MQTT-3.3.2-2] PUBLISH to a Topic Name with +",
    BOTH,
    withTopic(0x61, 0x2f, 0x2b),
    MALFORMED,
    PROTOCOL_ERROR,
    0x90,
  ],
  ["[MQTT-3.3.2-2] [v3 MQTT-3.3.2-2] PUBLISH to a Topic Name with #", BOTH, withTopic(0x23), MALFORMED, PROTOCOL_ERROR, 0x90],
  ["[MQTT-1.5.4-1] [v3 MQTT-1.5.3-1] PUBLISH to a Topic Name that is not UTF-8", BOTH, withTopic(0x61, 0xc3), MALFORMED],
  [
    "[MQTT-1.5.4-1] [v3 MQTT-1.5.3-1] PUBLISH to a Topic Name with an encoded surrogate",
    BOTH,
    withTopic(0xed, 0xa0, 0x80),
    MALFORMED,
  ],
  ["[MQTT-1.5.4-1] [v3 MQTT-1.5.3-1] PUBLISH to a Topic Name with an overlong encoding", BOTH, withTopic(0xc0, 0xaf), MALFORMED],
  ["[MQTT-1.5.4-2] [v3 MQTT-1.5.3-2] PUBLISH to a Topic Name with U+0000", BOTH, withTopic(0x61, 0, 0x62), MALFORMED],
  ["[MQTT-4.7.3-1] [section 3.3.2.1] PUBLISH to an empty Topic Name without an alias", V5, withTopic(), PROTOCOL_ERROR],
  ["[v3 MQTT-4.7.3-1] PUBLISH to an empty Topic Name", V4, withTopic()],
  [
    "[MQTT-2.2.1-4] [v3 MQTT-2.3.1-4] PUBLISH at QoS 1 with Packet Identifier 0",
    BOTH,
    (version) => publish({ version, topic: "a", qos: 1, packetIdentifier: 0 }),
    MALFORMED,
    PROTOCOL_ERROR,
  ],
  [
    "[MQTT-2.2.1-4] [v3 MQTT-2.3.1-4] PUBLISH at QoS 2 with Packet Identifier 0",
    BOTH,
    (version) => publish({ version, topic: "a", qos: 2, packetIdentifier: 0 }),
    MALFORMED,
    PROTOCOL_ERROR,
  ],
  ["[MQTT-3.3.2-1] [v3 MQTT-3.3.2-1] PUBLISH that ends inside its topic", BOTH, raw(0x30, 3, 0, 9, 0x61), MALFORMED],
  ["[section 3.3.2.2] PUBLISH at QoS 1 that ends before its Packet Identifier", BOTH, raw(0x32, 4, 0, 1, 0x61, 0), MALFORMED],
  ["[section 3.3.2.3.1] PUBLISH whose Property Length goes beyond its end", V5, raw(0x30, 4, 0, 1, 0x61, 9), MALFORMED],
  [
    "[MQTT-1.5.5-1] PUBLISH whose Property Length has more bytes than it needs",
    V5,
    raw(0x30, 6, 0, 1, 0x61, 0x80, 0x00, 0x78),
    MALFORMED,
  ],
  [
    "[section 2.2.2.2] PUBLISH with a property that does not exist",
    V5,
    () => packet(0x30, 0, 1, 0x61, 2, 0x7f, 0),
    MALFORMED,
    PROTOCOL_ERROR,
  ],
  ["[section 2.2.2.2] PUBLISH with a property of other packets", V5, withProperty("serverKeepAlive", 5), MALFORMED, PROTOCOL_ERROR],
  [
    "[section 3.3.2.3.2] PUBLISH with two Payload Format Indicators",
    V5,
    withProperty("payloadFormatIndicator", 1, 1),
    PROTOCOL_ERROR,
  ],
  [
    "[section 3.3.2.3.3] PUBLISH with two Message Expiry Intervals",
    V5,
    withProperty("messageExpiryInterval", 1, 2),
    PROTOCOL_ERROR,
  ],
  ["[section 3.3.2.3.9] PUBLISH with two Content Types", V5, withProperty("contentType", "a", "b"), PROTOCOL_ERROR],
  ["[section 3.3.2.3.5] PUBLISH with two Response Topics", V5, withProperty("responseTopic", "a", "b"), PROTOCOL_ERROR],
  ["[section 3.3.2.3.6] PUBLISH with Correlation Data twice", V5, withProperty("correlationData", "a", "b"), PROTOCOL_ERROR],
  [
    "[MQTT-3.3.2-14] PUBLISH with a Response Topic that has a wildcard",
    V5,
    withProperty("responseTopic", "a/#"),
    PROTOCOL_ERROR,
    MALFORMED,
    0x90,
  ],
  [
    "[MQTT-3.3.2-13] PUBLISH with a Response Topic that is not UTF-8",
    V5,
    withProperty("responseTopic", Buffer.from([0xff])),
    MALFORMED,
  ],
  [
    "[MQTT-3.3.2-19] PUBLISH with a Content Type that is not UTF-8",
    V5,
    withProperty("contentType", Buffer.from([0xff])),
    MALFORMED,
  ],
  [
    "[MQTT-1.5.7-1] PUBLISH with a User Property that is not UTF-8",
    V5,
    () => packet(0x30, 0, 1, 0x61, 6, 0x26, 0, 1, 0xff, 0, 0),
    MALFORMED,
  ],
  [
    "[section 3.3.2.3.2] PUBLISH with Payload Format Indicator 2",
    V5,
    withProperty("payloadFormatIndicator", 2),
    PROTOCOL_ERROR,
    MALFORMED,
  ],
  ["[section 3.3.2.3.8] PUBLISH with Subscription Identifier 0", V5, withProperty("subscriptionIdentifier", 0), PROTOCOL_ERROR],
  ["[MQTT-3.3.2-8] PUBLISH with Topic Alias 0", V5, withProperty("topicAlias", 0), TOPIC_ALIAS],
  ["[section 3.3.2.3.4] PUBLISH with two Topic Aliases", V5, withProperty("topicAlias", 1, 1), PROTOCOL_ERROR],
];

const otherRows: readonly Row[] = [
  ["[section 2.1.4] a Remaining Length of five bytes", BOTH, raw(0x30, 0xff, 0xff, 0xff, 0xff, 0x01), MALFORMED],
  ["[section 2.1.2] packet type 0", BOTH, raw(0x00, 0), MALFORMED, PROTOCOL_ERROR],
  ["[section 3.15] packet type 15", V4, raw(0xf0, 0)],
  ["[section 3.1] CONNECT from a server", BOTH, (version) => connect({ version, clientId: "x" }), PROTOCOL_ERROR],
  [
    "[section 3.8] SUBSCRIBE from a server",
    BOTH,
    (version) => subscribe({ version, packetIdentifier: 1, filters: [["a", 0]] }),
    PROTOCOL_ERROR,
  ],
  [
    "[section 3.10] UNSUBSCRIBE from a server",
    BOTH,
    (version) => unsubscribe({ version, packetIdentifier: 1, filters: ["a"] }),
    PROTOCOL_ERROR,
  ],
  ["[section 3.12] PINGREQ from a server", BOTH, raw(0xc0, 0), PROTOCOL_ERROR],
  ["[section 3.14] DISCONNECT from a server, which 3.1.1 does not know", V4, raw(0xe0, 0)],
  [
    "[MQTT-4.12.0-6] AUTH when no method was named",
    V5,
    () => auth({ reasonCode: 0x18, properties: [property("authenticationMethod", "X")] }),
    PROTOCOL_ERROR,
  ],
  [
    "[MQTT-3.14.2-2] DISCONNECT with a Session Expiry Interval from a server",
    V5,
    () => disconnect({ reasonCode: 0, properties: [property("sessionExpiryInterval", 5)] }),
    PROTOCOL_ERROR,
  ],
  ["[section 3.4] PUBACK that ends inside its identifier", BOTH, raw(0x40, 1, 0), MALFORMED],
  ["[section 3.4.2] PUBACK with Packet Identifier 0", V5, raw(0x40, 2, 0, 0), MALFORMED, PROTOCOL_ERROR],
  [
    "[MQTT-3.4.2-1] PUBACK with a Reason Code that does not exist",
    V5,
    () => acknowledgement("PUBACK", { version: 5, packetIdentifier: 9, reasonCode: 0x42 }),
    MALFORMED,
    PROTOCOL_ERROR,
  ],
  [
    "[MQTT-3.5.2-1] PUBREC with a Reason Code that does not exist",
    V5,
    () => acknowledgement("PUBREC", { version: 5, packetIdentifier: 9, reasonCode: 0x42 }),
    MALFORMED,
    PROTOCOL_ERROR,
  ],
  [
    "[MQTT-3.6.2-1] PUBREL with a Reason Code that does not exist",
    V5,
    () => acknowledgement("PUBREL", { version: 5, packetIdentifier: 9, reasonCode: 0x42 }),
    MALFORMED,
    PROTOCOL_ERROR,
  ],
  [
    "[MQTT-3.7.2-1] PUBCOMP with a Reason Code that does not exist",
    V5,
    () => acknowledgement("PUBCOMP", { version: 5, packetIdentifier: 9, reasonCode: 0x42 }),
    MALFORMED,
    PROTOCOL_ERROR,
  ],
  [
    "[section 3.4.2.2] PUBACK with two Reason Strings",
    V5,
    () =>
      acknowledgement("PUBACK", {
        version: 5,
        packetIdentifier: 9,
        properties: [property("reasonString", "a"), property("reasonString", "b")],
      }),
    PROTOCOL_ERROR,
  ],
  [
    "[section 3.4.2.2] PUBACK with a property of other packets",
    V5,
    () => acknowledgement("PUBACK", { version: 5, packetIdentifier: 9, properties: [property("topicAlias", 1)] }),
    MALFORMED,
    PROTOCOL_ERROR,
  ],
  [
    "[section 3.9] SUBACK without a single code",
    BOTH,
    (version) => reasonCodes("SUBACK", { version, packetIdentifier: 9, reasonCodes: [] }),
    MALFORMED,
    PROTOCOL_ERROR,
  ],
  ["[section 3.13] PINGRESP with a payload", BOTH, raw(0xd0, 1, 0), MALFORMED],
];

/** First bytes whose reserved flags are wrong, with a body that is right. */
const flagRows: readonly Row[] = (
  [
    ["PUBACK", 0x41],
    ["PUBREC", 0x52],
    ["PUBREL", 0x60],
    ["PUBCOMP", 0x78],
    ["SUBACK", 0x91],
    ["UNSUBACK", 0xb2],
  ] as const
).map(
  ([name, first]): Row => [
    `${name === "PUBREL" ? "[MQTT-3.6.1-1] [v3 MQTT-3.6.1-1]" : "[MQTT-2.1.3-1] [v3 MQTT-2.2.2-2]"} ${name} with reserved flags 0x${(first & 15).toString(16)}`,
    BOTH,
    (version) =>
      name.startsWith("PUB")
        ? Buffer.from([first, 2, 0, 9])
        : reasonCodes(name as "SUBACK", { version, packetIdentifier: 9, reasonCodes: [0], firstByte: first }),
    MALFORMED,
  ],
);
const emptyFlagRows: readonly Row[] = [
  ["[MQTT-2.1.3-1] [v3 MQTT-2.2.2-2] PINGRESP with reserved flags", BOTH, raw(0xd1, 0), MALFORMED],
  ["[MQTT-3.14.1-1] DISCONNECT with reserved flags", V5, raw(0xe1, 0), MALFORMED],
  ["[MQTT-3.15.1-1] AUTH with reserved flags", V5, raw(0xf1, 0), MALFORMED],
];

const simple = [...publishRows, ...otherRows, ...flagRows, ...emptyFlagRows].map(([title, versions, bytes, ...codes]) =>
  clientCase(`${title}: closes`, versions, [], async (kit) => {
    const connection = await kit.connected();
    await connection.expectRejected([bytes(kit.version)], ...codes);
    check(kit.received.length === 0, "nothing for the application", kit.received.length);
  }),
);

export const violationCases: readonly ClientCase[] = [
  ...simple,
  clientCase("[MQTT-1.5.5-1] a Remaining Length with more bytes than it needs: closes", V5, [], async (kit) => {
    const connection = await kit.connected();
    const body = Buffer.from([0, 1, 0x61, 0, 0x78]);
    try {
      await connection.expectRejected([Buffer.concat([Buffer.from([0x30]), variableByteInteger(5, 2), body])], MALFORMED);
    } catch (error) {
      // The rule is for those who encode; to refuse it is what a careful reader does.
      throw new Recommendation("a close", error instanceof Error ? error.message : "");
    }
  }),
  clientCase(
    "[MQTT-3.1.2-24] a packet above the client's Maximum Packet Size: closes with 0x95",
    V5,
    ["connect limits"],
    async (kit) => {
      const connection = await kit.connected({ maximumPacketSize: 200 });
      connection.publish({ topic: "a", payload: "x".repeat(193) });
      await connection.expectNothing();
      kit.received.length = 0;
      await connection.expectRejected([publish({ version: 5, topic: "a", payload: "x".repeat(194) })], TOO_LARGE);
      check(kit.received.length === 0, "nothing for the application", kit.received.length);
    },
  ),
  clientCase(
    "[MQTT-3.1.2-24] the header of a packet above the client's Maximum Packet Size is enough",
    V5,
    ["connect limits"],
    async (kit) => {
      const connection = await kit.connected({ maximumPacketSize: 200 });
      connection.peer.sendRaw(Buffer.from([0x30, 0xff, 0xff, 0x7f]));
      await connection.expectGoodbye(TOO_LARGE);
    },
  ),
  ...([1, 2] as const).map((qos) =>
    clientCase(
      `[MQTT-3.3.4-9] more messages at QoS ${qos} than the client's Receive Maximum: closes with 0x93`,
      V5,
      ["connect limits"],
      async (kit) => {
        const connection = await kit.connected({ receiveMaximum: 2 });
        if (qos === 2) {
          for (const id of [1, 2]) connection.publish({ topic: "a", qos, packetIdentifier: id });
          await connection.peer.expectAll("PUBREC", 2);
          connection.publish({ topic: "a", qos, packetIdentifier: 3 });
          await connection.expectGoodbye(RECEIVE_MAXIMUM);
        } else {
          // At QoS 1 only a client that takes its time can be overrun: two open QoS 2 messages take its quota.
          for (const id of [1, 2]) connection.publish({ topic: "a", qos: 2, packetIdentifier: id });
          await connection.peer.expectAll("PUBREC", 2);
          connection.publish({ topic: "a", qos, packetIdentifier: 3 });
          await connection.expectGoodbye(RECEIVE_MAXIMUM);
        }
      },
    ),
  ),
  clientCase(
    "[MQTT-3.3.2-11] [MQTT-3.1.2-26] a Topic Alias above the client's maximum: closes with 0x94",
    V5,
    ["connect limits"],
    async (kit) => {
      const connection = await kit.connected({ topicAliasMaximum: 3 });
      await connection.expectRejected([publish({ version: 5, topic: "a", properties: [property("topicAlias", 4)] })], TOPIC_ALIAS);
    },
  ),
  clientCase(
    "[MQTT-3.1.2-27] a Topic Alias for a client that takes none: closes with 0x94",
    V5,
    ["connect limits"],
    async (kit) => {
      const connection = await kit.connected({ topicAliasMaximum: 0 });
      await connection.expectRejected([publish({ version: 5, topic: "a", properties: [property("topicAlias", 1)] })], TOPIC_ALIAS);
    },
  ),
  clientCase("[section 3.3.4] a Topic Alias that was never set: closes with 0x82 or 0x94", V5, ["connect limits"], async (kit) => {
    const connection = await kit.connected({ topicAliasMaximum: 3 });
    await connection.expectRejected(
      [publish({ version: 5, topic: "", properties: [property("topicAlias", 2)] })],
      PROTOCOL_ERROR,
      TOPIC_ALIAS,
    );
  }),
  clientCase(
    "[MQTT-3.1.2-29] problem information that the client did not want: closes with 0x82",
    V5,
    ["problem information", "publish"],
    async (kit) => {
      for (const one of [property("reasonString", "x"), property("userProperty", ["", ""])]) {
        const connection = await kit.connected({ requestProblemInformation: 0 });
        kit.client.publish({ topicName: "a", qos: 1 }).catch(() => undefined);
        const { packetIdentifier = 0 } = await connection.peer.expect("PUBLISH");
        const bytes = acknowledgement("PUBACK", { version: 5, packetIdentifier, reasonCode: 0, properties: [one] });
        await connection.expectRejected([bytes], PROTOCOL_ERROR);
        await kit.client.kill();
      }
    },
  ),
  clientCase(
    "[section 4.3.3] PUBACK does not end a QoS 2 message: closes, or goes on waiting for PUBREC",
    BOTH,
    ["announced publish"],
    async (kit) => {
      const connection = await kit.connected({ announced: { topicName: "a", qos: 2 } });
      kit.client.publish({ topicName: "a", qos: 2 }).catch(() => undefined);
      const { packetIdentifier = 0 } = await connection.peer.expect("PUBLISH");
      connection.acknowledge("PUBACK", packetIdentifier);
      connection.acknowledge("PUBREC", packetIdentifier);
      const [answer] = await connection.answers("PUBREL");
      if (answer !== undefined)
        check(answer.packetIdentifier === packetIdentifier && answer.reasonCode === 0, "PUBREL 0x00", answer.reasonCode);
    },
  ),
  clientCase(
    "[section 4.3.2] PUBREC does not end a QoS 1 message: closes, or goes on waiting for PUBACK",
    BOTH,
    ["announced publish", "publish outcome"],
    async (kit) => {
      const connection = await kit.connected({ announced: { topicName: "a", qos: 1 } });
      const outcome = kit.client.publish({ topicName: "a", qos: 1 }).then(
        () => "done",
        () => "refused",
      );
      const { packetIdentifier = 0 } = await connection.peer.expect("PUBLISH");
      connection.acknowledge("PUBREC", packetIdentifier);
      connection.acknowledge("PUBCOMP", packetIdentifier);
      await connection.answers();
      if (connection.peer.isClosed) return;
      connection.acknowledge("PUBACK", packetIdentifier);
      check((await outcome) === "done", "an end by PUBACK", "another");
    },
  ),
  clientCase("[section 4.13.1] bytes that are no MQTT at all: closes", EVERY, [], async (kit) => {
    const connection = await kit.connected();
    connection.peer.sendRaw(Buffer.from(`HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n${"<html>".repeat(20)}`));
    await connection.expectGoodbye(MALFORMED, PROTOCOL_ERROR, TOO_LARGE);
  }),
];
