import { valueOf, valuesOf, type WirePacket } from "../../wire/parse.ts";
import { BOTH, clientCase, type ClientCase, EVERY, V5 } from "../client-case.ts";
import type { MessageToSend } from "../client-driver.ts";
import { check, type Kit } from "../kit.ts";
import { Recommendation } from "../recommendation.ts";

/* Section 3.3, as a client sends it: the PUBLISH itself, and its Packet Identifier (2.2.1). */

/** The first PUBLISH of a message that the case announces, so that programs can play it too. */
async function published(kit: Kit, { payload, ...announced }: MessageToSend): Promise<WirePacket> {
  const connection = await kit.connected({ announced });
  kit.client.publish({ ...announced, ...(payload !== undefined && { payload }) }).catch(() => undefined);
  return await connection.peer.expect("PUBLISH");
}

/** These are asked to be sent, then a good one: only that may come, and the connection goes on. */
async function expectNeverSent(kit: Kit, ...messages: readonly MessageToSend[]): Promise<void> {
  const connection = await kit.connected();
  for (const message of messages) {
    try {
      kit.client.publish(message).catch(() => undefined);
    } catch {
      // Refused at once: so be it.
    }
  }
  kit.client.publish({ topicName: "good" }).catch(() => undefined);
  await connection.peer.expect("PUBLISH", { topic: "good" });
}

function lengthCases(): ClientCase[] {
  return [0, 1, 120, 127, 128, 16_000, 16_384, 200_000, 2_097_152].map((size) =>
    clientCase(
      `[MQTT-1.5.5-1] [MQTT-3.3.2-1] [v3 MQTT-3.3.2-1] a payload of ${size} bytes arrives as it is, its length in the fewest bytes`,
      size === 200_000 ? EVERY : BOTH,
      ["publish"],
      async (kit) => {
        const payload = Buffer.alloc(size, "0123456789");
        const one = await published(kit, { topicName: "size/topic", payload });
        check(one.topic === "size/topic", "the topic", one.topic);
        check(one.payload?.equals(payload) === true, "the payload as it was given", `${one.payload?.length} bytes`);
      },
    ),
  );
}

export const publishCases: readonly ClientCase[] = [
  clientCase(
    "[MQTT-3.3.1-2] [MQTT-4.3.1-1] [MQTT-2.2.1-2] [v3 MQTT-3.3.1-2] [v3 MQTT-4.3.1-1] [v3 MQTT-2.3.1-5] QoS 0: DUP 0 and no Packet Identifier",
    EVERY,
    ["announced publish"],
    async (kit) => {
      const one = await published(kit, { topicName: "a/b", payload: "zero", qos: 0 });
      check(one.qos === 0 && one.dup === false && !one.retain, "QoS 0, DUP 0, RETAIN 0", one.flags);
      check(one.payload?.toString() === "zero", "the payload right behind topic and properties", one.payload?.toString("latin1"));
    },
  ),
  ...([1, 2] as const).map((qos) =>
    clientCase(
      qos === 1
        ? "[MQTT-4.3.2-2] [MQTT-4.3.2-1] [MQTT-2.2.1-3] [v3 MQTT-4.3.2-1] [v3 MQTT-2.3.1-1] QoS 1: DUP 0 at first, and a Packet Identifier that is not 0"
        : "[MQTT-4.3.3-2] [MQTT-4.3.3-1] [MQTT-2.2.1-3] [v3 MQTT-4.3.3-1] [v3 MQTT-2.3.1-1] QoS 2: DUP 0 at first, and a Packet Identifier that is not 0",
      EVERY,
      ["announced publish"],
      async (kit) => {
        const one = await published(kit, { topicName: "a/b", payload: "x", qos });
        check(one.qos === qos && one.dup === false, `QoS ${qos}, DUP 0`, one.flags);
      },
    ),
  ),
  clientCase("[section 2.2.1] the first Packet Identifier of a session is 1", EVERY, ["announced publish"], async (kit) => {
    const one = await published(kit, { topicName: "a/b", payload: "x", qos: 1 });
    if (one.packetIdentifier !== 1) throw new Recommendation("Packet Identifier 1", String(one.packetIdentifier));
  }),
  clientCase(
    "[MQTT-2.2.1-3] [v3 MQTT-2.3.1-2] Packet Identifiers in use are not given to another PUBLISH, SUBSCRIBE or UNSUBSCRIBE",
    EVERY,
    ["publish", "subscribe", "unsubscribe"],
    async (kit) => {
      const connection = await kit.connected();
      const subscribed = kit.client.subscribe({ topicFilters: ["f"] });
      connection.answer(await connection.peer.expect("SUBSCRIBE"));
      await subscribed;
      for (let i = 0; i < 200; i++) kit.client.publish({ topicName: "a", qos: i % 2 === 0 ? 1 : 2 }).catch(() => undefined);
      kit.client.subscribe({ topicFilters: ["b"] }).catch(() => undefined);
      kit.client.unsubscribe(["f"]).catch(() => undefined);
      const identifiers = (await connection.take(202)).map(({ packetIdentifier }) => packetIdentifier);
      check(new Set(identifiers).size === 202, "202 different Packet Identifiers", identifiers);
    },
  ),
  clientCase(
    "[MQTT-2.2.1-3] [v3 MQTT-2.3.1-2] a Packet Identifier that stays in use is not given away when the numbers begin anew",
    [5],
    ["publish", "publish outcome"],
    async (kit) => {
      const connection = await kit.connected();
      kit.client.publish({ topicName: "held", qos: 1 }).catch(() => undefined);
      const held = (await connection.peer.expect("PUBLISH")).packetIdentifier;
      for (let round = 0; round < 68; round++) {
        const all = Promise.all(Array.from({ length: 1_000 }, () => kit.client.publish({ topicName: "a", qos: 1 })));
        all.catch(() => undefined);
        for (const { packetIdentifier } of await connection.peer.expectAll("PUBLISH", 1_000)) {
          check(packetIdentifier !== held, `any but ${held}`, packetIdentifier);
          connection.acknowledge("PUBACK", packetIdentifier);
        }
        await all;
      }
    },
  ),
  ...lengthCases(),
  clientCase("[section 3.3.3] a payload is bytes, all of them", BOTH, ["publish"], async (kit) => {
    const payload = Uint8Array.from({ length: 256 }, (_, i) => i);
    const one = await published(kit, { topicName: "bytes", payload, qos: 1 });
    check(one.payload?.equals(payload) === true, "the payload as it was given", one.payload?.toString("hex"));
  }),
  clientCase("[section 3.3.1.3] RETAIN is 1 when asked for", EVERY, ["announced publish"], async (kit) => {
    const one = await published(kit, { topicName: "kept", payload: "x", qos: 1, retain: true });
    check(one.retain === true, "RETAIN 1", one.flags);
  }),
  clientCase(
    "[MQTT-3.3.2-13] [MQTT-3.3.2-19] Content Type, Response Topic, Correlation Data, expiry, format and User Properties are sent as given",
    V5,
    ["publish", "message properties"],
    async (kit) => {
      const correlationData = Buffer.from([0, 1, 255]);
      const properties = {
        payloadFormatIndicator: 1,
        messageExpiryInterval: 90_000,
        contentType: "größe",
        responseTopic: "answers/ü",
        correlationData,
        userProperties: [
          ["b", "1"],
          ["b", "2"],
          ["", ""],
        ],
      } as const;
      const one = await published(kit, { topicName: "t", payload: "x", qos: 1, properties });
      check(valueOf(one, "payloadFormatIndicator") === 1, "Payload Format Indicator 1", one.properties);
      // A second may have gone by.
      check(Number(valueOf(one, "messageExpiryInterval")) >= 89_999, "Message Expiry Interval 90,000", one.properties);
      check(valueOf(one, "contentType") === "größe", "Content Type", one.properties);
      check(valueOf(one, "responseTopic") === "answers/ü", "Response Topic", one.properties);
      check(correlationData.equals(valueOf(one, "correlationData") as Uint8Array), "Correlation Data", one.properties);
      check(JSON.stringify(valuesOf(one, "userProperty")) === '[["b","1"],["b","2"],["",""]]', "User Properties", one.properties);
    },
  ),
  clientCase("[MQTT-2.2.2-1] a PUBLISH without properties says so with a length of 0", V5, ["announced publish"], async (kit) => {
    const one = await published(kit, { topicName: "t", payload: "x" });
    check(one.properties.length === 0 && one.bytes.length === 2 + 2 + 1 + 1 + 1, "7 bytes", one.bytes.toString("hex"));
  }),
  clientCase("[MQTT-3.3.4-6] a PUBLISH has no Subscription Identifier", V5, ["publish", "message properties"], async (kit) => {
    const one = await published(kit, { topicName: "t", properties: { userProperties: [["a", "b"]] } });
    check(valueOf(one, "subscriptionIdentifier") === undefined, "no Subscription Identifier", one.properties);
  }),
  clientCase(
    "[MQTT-3.3.2-2] [MQTT-4.7.0-1] [v3 MQTT-3.3.2-2] [v3 MQTT-4.7.1-1] a Topic Name with a wildcard is never sent",
    BOTH,
    ["publish"],
    (kit) => expectNeverSent(kit, { topicName: "a/+" }, { topicName: "#" }, { topicName: "a/#/b", qos: 1 }, { topicName: "a+" }),
  ),
  clientCase("[MQTT-4.7.3-1] [v3 MQTT-4.7.3-1] an empty Topic Name is never sent", BOTH, ["publish"], (kit) =>
    expectNeverSent(kit, { topicName: "" }, { topicName: "", qos: 1 }),
  ),
  clientCase(
    "[MQTT-4.7.3-2] [MQTT-1.5.4-2] [v3 MQTT-4.7.3-2] [v3 MQTT-1.5.3-2] a Topic Name with U+0000 is never sent",
    BOTH,
    ["publish"],
    (kit) => expectNeverSent(kit, { topicName: "a\0b" }),
  ),
  clientCase(
    "[MQTT-1.5.4-1] [v3 MQTT-1.5.3-1] a Topic Name with half a surrogate pair is never sent as another topic or as bad UTF-8",
    BOTH,
    ["publish"],
    (kit) => expectNeverSent(kit, { topicName: "a/\ud800" }, { topicName: "\udc00" }),
  ),
  clientCase(
    "[MQTT-4.7.3-3] [v3 MQTT-4.7.3-3] a Topic Name above 65,535 bytes is never sent",
    BOTH,
    ["oversized topics", "publish"],
    (kit) => expectNeverSent(kit, { topicName: "x".repeat(65_536) }, { topicName: "ü".repeat(32_768) }),
  ),
  clientCase("[MQTT-4.7.3-3] [v3 MQTT-4.7.3-3] a Topic Name of 65,535 bytes is sent", BOTH, ["publish"], async (kit) => {
    const topicName = "x".repeat(65_535);
    const one = await published(kit, { topicName });
    check(one.topic === topicName, "the topic", `${one.topic?.length} characters`);
  }),
  clientCase(
    "[MQTT-1.5.4-3] [v3 MQTT-1.5.3-3] U+FEFF in a Topic Name is a character like any other, and none is normalized [MQTT-4.7.3-4]",
    BOTH,
    ["announced publish"],
    async (kit) => {
      const topicName = "\ufeffa/\ufeff/e\u0301/\u00e9/ /😀";
      const one = await published(kit, { topicName, payload: "x" });
      check(one.topic === topicName, JSON.stringify(topicName), JSON.stringify(one.topic));
    },
  ),
  clientCase(
    "[MQTT-3.3.2-14] a Response Topic with a wildcard is never sent",
    V5,
    ["publish", "message properties"],
    async (kit) => {
      const connection = await kit.connected();
      kit.client.publish({ topicName: "bad", properties: { responseTopic: "a/#" } }).catch(() => undefined);
      kit.client.publish({ topicName: "good" }).catch(() => undefined);
      await connection.peer.expect("PUBLISH", { topic: "good" });
    },
  ),
];
