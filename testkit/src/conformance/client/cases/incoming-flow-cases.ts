import { publish } from "../../wire/build.ts";
import { property, type PropertyName, type PropertyValue } from "../../wire/properties.ts";
import { BOTH, clientCase, type ClientCase, EVERY, V5 } from "../client-case.ts";
import { check, PERSISTENT } from "../kit.ts";
import { Recommendation } from "../recommendation.ts";

/* Sections 3.3 and 4.3, as the receiver of messages. */

/** A Message Expiry Interval of 1 s is over: nothing but time shows that. */
const EXPIRED_MS = 1_200;

export const incomingFlowCases: readonly ClientCase[] = [
  clientCase("[MQTT-3.3.4-1] [v3 MQTT-3.3.4-1] QoS 0 is delivered and answered by nothing", EVERY, ["receive"], async (kit) => {
    const connection = await kit.connected();
    connection.publish({ topic: "a/b", payload: "zero" });
    const message = await kit.message();
    check(message.topicName === "a/b" && Buffer.from(message.payload).toString() === "zero", "the message", message);
    await connection.expectNothing();
  }),
  clientCase(
    "[MQTT-4.3.2-4] [MQTT-3.3.4-1] [MQTT-3.4.2-1] [MQTT-2.2.1-5] [v3 MQTT-4.3.2-2] [v3 MQTT-2.3.1-6] QoS 1 is delivered and answered by PUBACK with its identifier",
    EVERY,
    ["receive"],
    async (kit) => {
      const connection = await kit.connected();
      connection.publish({ topic: "a", payload: "one", qos: 1, packetIdentifier: 0x1234 });
      await connection.peer.expect("PUBACK", { packetIdentifier: 0x1234, reasonCode: 0 });
      check(String(await kit.payloads(1)) === "one", "one", kit.received);
    },
  ),
  clientCase(
    "[MQTT-4.3.3-8] [MQTT-4.3.3-11] [MQTT-3.5.2-1] [MQTT-3.7.2-1] [v3 MQTT-4.3.3-2] QoS 2 is answered by PUBREC, its PUBREL by PUBCOMP, and it is delivered once",
    EVERY,
    ["receive"],
    async (kit) => {
      const connection = await kit.connected();
      connection.publish({ topic: "a", payload: "two", qos: 2, packetIdentifier: 40_000 });
      await connection.peer.expect("PUBREC", { packetIdentifier: 40_000, reasonCode: 0 });
      connection.acknowledge("PUBREL", 40_000);
      await connection.peer.expect("PUBCOMP", { packetIdentifier: 40_000, reasonCode: 0 });
      check(String(await kit.payloads(1)) === "two", "two", kit.received);
    },
  ),
  clientCase(
    "[MQTT-4.3.3-10] [v3 MQTT-4.3.3-2] a QoS 2 PUBLISH that comes again before its PUBREL is answered again and not delivered again",
    EVERY,
    ["receive"],
    async (kit) => {
      const connection = await kit.connected();
      connection.publish({ topic: "a", payload: "once", qos: 2, packetIdentifier: 9 });
      await connection.peer.expect("PUBREC", { packetIdentifier: 9 });
      connection.publish({ topic: "a", payload: "once", qos: 2, packetIdentifier: 9, dup: true });
      await connection.peer.expect("PUBREC", { packetIdentifier: 9 });
      connection.acknowledge("PUBREL", 9);
      await connection.peer.expect("PUBCOMP", { packetIdentifier: 9 });
      connection.publish({ topic: "a", payload: "end" });
      check(String(await kit.payloads(2)) === "once,end", "once and end", kit.received);
    },
  ),
  clientCase(
    "[MQTT-4.3.3-12] [v3 MQTT-4.3.3-2] after PUBCOMP the same identifier is a new message",
    EVERY,
    ["receive"],
    async (kit) => {
      const connection = await kit.connected();
      for (const payload of ["first", "second"]) {
        connection.publish({ topic: "a", payload, qos: 2, packetIdentifier: 9 });
        await connection.peer.expect("PUBREC", { packetIdentifier: 9 });
        connection.acknowledge("PUBREL", 9);
        await connection.peer.expect("PUBCOMP", { packetIdentifier: 9 });
      }
      check(String(await kit.payloads(2)) === "first,second", "both", kit.received);
    },
  ),
  clientCase(
    "[MQTT-4.3.2-5] [v3 MQTT-4.3.2-2] after PUBACK the same identifier is a new message, whatever its DUP flag",
    EVERY,
    ["receive"],
    async (kit) => {
      const connection = await kit.connected();
      for (const dup of [false, true]) {
        connection.publish({ topic: "a", payload: String(dup), qos: 1, packetIdentifier: 9, dup });
        await connection.peer.expect("PUBACK", { packetIdentifier: 9 });
      }
      check(String(await kit.payloads(2)) === "false,true", "both", kit.received);
    },
  ),
  clientCase(
    "[section 3.6.2.1] [MQTT-4.3.3-11] a PUBREL for an unknown identifier is answered by PUBCOMP",
    BOTH,
    [],
    async (kit) => {
      const connection = await kit.connected();
      connection.acknowledge("PUBREL", 123);
      const answer = await connection.peer.expect("PUBCOMP", { packetIdentifier: 123 });
      if (kit.version === 5 && answer.reasonCode !== 0x92) throw new Recommendation("Reason Code 0x92", String(answer.reasonCode));
    },
  ),
  ...([1, 2] as const).map((qos) =>
    clientCase(
      qos === 1
        ? "[MQTT-4.6.0-2] [v3 MQTT-4.6.0-2] PUBACKs leave in the order of the messages"
        : "[MQTT-4.6.0-3] [v3 MQTT-4.6.0-3] PUBRECs leave in the order of the messages",
      EVERY,
      ["receive"],
      async (kit) => {
        const connection = await kit.connected();
        const identifiers = Array.from({ length: 20 }, (_, i) => ((i * 7) % 20) + 100);
        const bytes = identifiers.map((packetIdentifier) =>
          publish({ version: kit.version, topic: "a", payload: String(packetIdentifier), qos, packetIdentifier }),
        );
        connection.peer.send(Buffer.concat(bytes));
        const answers = await connection.peer.expectAll(qos === 1 ? "PUBACK" : "PUBREC", 20);
        const seen = answers.map(({ packetIdentifier }) => packetIdentifier);
        check(String(seen) === String(identifiers), String(identifiers), String(seen));
        // A client may deliver a QoS 2 message at its PUBLISH or at its PUBREL.
        if (qos === 2) for (const id of identifiers) connection.acknowledge("PUBREL", id);
        check(String(await kit.payloads(20)) === String(identifiers), "delivered in order", kit.received);
      },
    ),
  ),
  clientCase("[section 4.6] messages are delivered in the order they come, whatever their QoS", BOTH, ["receive"], async (kit) => {
    const connection = await kit.connected();
    const numbers = Array.from({ length: 30 }, (_, i) => i);
    const bytes = numbers.map((i) =>
      publish({
        version: kit.version,
        topic: `t/${i % 2}`,
        payload: String(i),
        qos: i % 3,
        ...(i % 3 > 0 && { packetIdentifier: i + 1 }),
      }),
    );
    connection.peer.send(Buffer.concat(bytes));
    // Three quarters of a QoS 2 message are not needed to deliver it, but a client may wait for its PUBREL.
    for (const { name, packetIdentifier } of await connection.take(20)) {
      if (name === "PUBREC") connection.acknowledge("PUBREL", packetIdentifier);
    }
    const seen = await kit.payloads(30);
    check(new Set(seen).size === 30, "each once", seen);
    if (String(seen) !== String(numbers)) throw new Recommendation("0 to 29 in order", String(seen));
  }),
  clientCase(
    "[MQTT-4.5.0-2] [v3 MQTT-4.5.0-2] a message nobody subscribed to is acknowledged all the same",
    BOTH,
    [],
    async (kit) => {
      const connection = await kit.connected();
      connection.publish({ topic: "unasked", qos: 1, packetIdentifier: 3 });
      await connection.peer.expect("PUBACK", { packetIdentifier: 3 });
      connection.publish({ topic: "unasked", qos: 2, packetIdentifier: 4 });
      await connection.peer.expect("PUBREC", { packetIdentifier: 4 });
      connection.acknowledge("PUBREL", 4);
      await connection.peer.expect("PUBCOMP", { packetIdentifier: 4 });
    },
  ),
  clientCase("[section 4.2] a message that comes byte by byte is one", BOTH, ["receive"], async (kit) => {
    const connection = await kit.connected();
    for (const byte of publish({ version: kit.version, topic: "a/b", payload: "slow", qos: 1, packetIdentifier: 7 })) {
      connection.peer.sendRaw(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await connection.peer.expect("PUBACK", { packetIdentifier: 7 });
    check(String(await kit.payloads(1)) === "slow", "slow", kit.received);
  }),
  clientCase(
    "[MQTT-4.2.0-1] [v3 MQTT-7.1.2-1] messages of 0 bytes and of 3 MB arrive as they are",
    BOTH,
    ["receive"],
    async (kit) => {
      const connection = await kit.connected();
      const large = Buffer.alloc(3_000_000, "0123456789abcdef");
      for (const payload of [Buffer.alloc(0), large]) {
        connection.publish({ topic: "a", payload, qos: 1, packetIdentifier: 7 });
        await connection.peer.expect("PUBACK");
        check(Buffer.from((await kit.message()).payload).equals(payload), `${payload.length} bytes`, "others");
      }
    },
  ),
  clientCase(
    "[MQTT-1.5.4-3] [v3 MQTT-1.5.3-3] U+FEFF at the start of a Topic Name is handed over, and nothing is normalized",
    EVERY,
    ["receive"],
    async (kit) => {
      const topic = "\ufeffa/e\u0301/\u00e9/ /😀";
      const connection = await kit.connected();
      connection.publish({ topic, qos: 1, packetIdentifier: 1 });
      await connection.peer.expect("PUBACK");
      const { topicName } = await kit.message();
      check(topicName === topic, JSON.stringify(topic), JSON.stringify(topicName));
    },
  ),
  clientCase("[section 3.3.1.3] RETAIN and QoS are shown as they come", BOTH, ["receive"], async (kit) => {
    const connection = await kit.connected();
    connection.publish({ topic: "a", payload: "x", retain: true, qos: 1, packetIdentifier: 1 });
    const { retain, qos } = await kit.message();
    check(retain && qos === 1, "RETAIN 1 and QoS 1", { retain, qos });
  }),
  clientCase(
    "[MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-17] [MQTT-3.3.2-18] [MQTT-3.3.2-20] properties of a message are handed over, the User Properties in order",
    V5,
    ["receive", "message properties"],
    async (kit) => {
      const list: readonly (readonly [PropertyName, PropertyValue])[] = [
        ["payloadFormatIndicator", 1],
        ["messageExpiryInterval", 0xfffffffe],
        ["contentType", "größe"],
        ["responseTopic", "answers/ü"],
        ["correlationData", Buffer.from([0, 1, 255])],
        ["userProperty", ["a", "1"]],
        ["userProperty", ["a", "2"]],
        ["userProperty", ["", ""]],
      ];
      const connection = await kit.connected();
      connection.publish({ topic: "a", payload: "x", properties: list.map(([name, value]) => property(name, value)) });
      const seen = (await kit.message()).properties;
      check(seen !== undefined, "properties", "none");
      check(seen.payloadFormatIndicator === 1 && seen.messageExpiryInterval === 0xfffffffe, "format and expiry", seen);
      check(seen.contentType === "größe" && seen.responseTopic === "answers/ü", "Content Type and Response Topic", seen);
      check(Buffer.from(seen.correlationData ?? []).equals(Buffer.from([0, 1, 255])), "Correlation Data", seen);
      check(
        JSON.stringify(seen.userProperties) === '[["a","1"],["a","2"],["",""]]',
        "User Properties in order",
        seen.userProperties,
      );
    },
  ),
  clientCase(
    "[MQTT-3.3.4-4] [MQTT-3.3.4-3] several Subscription Identifiers on one message are taken, the largest too",
    V5,
    ["receive"],
    async (kit) => {
      const connection = await kit.connected();
      const identifiers = [1, 300, 268_435_455];
      connection.publish({
        topic: "a",
        payload: "x",
        qos: 1,
        packetIdentifier: 1,
        properties: identifiers.map((one) => property("subscriptionIdentifier", one)),
      });
      await connection.peer.expect("PUBACK");
      const { properties } = await kit.message();
      if (kit.driver.capabilities.has("message properties")) {
        check(String(properties?.subscriptionIdentifiers) === String(identifiers), String(identifiers), properties);
      }
    },
  ),
  clientCase(
    "[MQTT-3.3.2-10] every Topic Alias up to the maximum is taken, may be set anew, and stands for its topic",
    V5,
    ["receive", "connect limits"],
    async (kit) => {
      const connection = await kit.connected({ topicAliasMaximum: 3 });
      const send = (topic: string, alias: number): void =>
        connection.publish({ topic, payload: "x", properties: [property("topicAlias", alias)] });
      send("one", 1);
      send("three", 3);
      send("", 1);
      send("", 3);
      send("new", 3);
      send("", 3);
      send("", 1);
      const topics: string[] = [];
      while (topics.length < 7) topics.push((await kit.message()).topicName);
      check(String(topics) === "one,three,one,three,new,new,one", "one three one three new new one", String(topics));
    },
  ),
  clientCase(
    "[MQTT-3.3.2-7] Topic Aliases of a server do not outlive the connection: using an old one closes with 0x82 or 0x94",
    V5,
    ["receive", "connect limits", "reconnect", "session"],
    async (kit) => {
      const first = await kit.connected({ ...PERSISTENT, topicAliasMaximum: 3 });
      first.publish({ topic: "old", payload: "x", properties: [property("topicAlias", 1)] });
      await kit.message();
      first.peer.cut();
      const second = await kit.accepted({ sessionPresent: true });
      const bytes = publish({ version: 5, topic: "", payload: "x", properties: [property("topicAlias", 1)] });
      await second.expectRejected([bytes], 0x82, 0x94);
      check(kit.received.length === 0, "no message", kit.received.length);
    },
  ),
  clientCase(
    "[MQTT-3.3.4-9] takes as many messages as its Receive Maximum, while PUBRELs are open",
    V5,
    ["receive", "connect limits"],
    async (kit) => {
      const connection = await kit.connected({ receiveMaximum: 4 });
      for (let id = 1; id <= 4; id++) connection.publish({ topic: "a", payload: String(id), qos: 2, packetIdentifier: id });
      await connection.peer.expectAll("PUBREC", 4);
      connection.acknowledge("PUBREL", 2);
      await connection.peer.expect("PUBCOMP", { packetIdentifier: 2 });
      connection.publish({ topic: "a", payload: "5", qos: 2, packetIdentifier: 5 });
      await connection.peer.expect("PUBREC", { packetIdentifier: 5 });
    },
  ),
  clientCase(
    "[MQTT-3.3.1-3] [v3 MQTT-3.3.1-3] DUP of a message that came is not carried over to one that is sent",
    BOTH,
    ["receive", "publish"],
    async (kit) => {
      const connection = await kit.connected();
      connection.publish({ topic: "a", payload: "x", qos: 1, packetIdentifier: 1, dup: true });
      await connection.peer.expect("PUBACK");
      const { topicName, payload } = await kit.message();
      kit.client.publish({ topicName, payload, qos: 1 }).catch(() => undefined);
      await connection.peer.expect("PUBLISH", { topic: "a", payload: "x", dup: false });
    },
  ),
  clientCase("[MQTT-4.3.3-13] a QoS 2 message that expires before its PUBREL is carried to its end", V5, [], async (kit) => {
    const connection = await kit.connected();
    connection.publish({
      topic: "a",
      payload: "x",
      qos: 2,
      packetIdentifier: 1,
      properties: [property("messageExpiryInterval", 1)],
    });
    await connection.peer.expect("PUBREC");
    await new Promise((resolve) => setTimeout(resolve, EXPIRED_MS));
    connection.acknowledge("PUBREL", 1);
    await connection.peer.expect("PUBCOMP", { packetIdentifier: 1, reasonCode: 0 });
  }),
];
