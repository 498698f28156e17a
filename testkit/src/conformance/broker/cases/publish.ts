import { CaseList } from "../../case.ts";
import { publish } from "../../wire/build.ts";
import { packet, twoByteInteger, utf8String, variableByteInteger } from "../../wire/bytes.ts";
import { valueOf, valuesOf } from "../../wire/parse.ts";
import { property, propertyNames, propertyRow } from "../../wire/properties.ts";
import type { BrokerContext } from "../broker-context.ts";
import { ReasonCode } from "../reason-code.ts";
import { sampleValue } from "./connect-properties.ts";

/** PUBLISH: its topic, flags, properties and sizes. */
export const publishCases: CaseList<BrokerContext> = new CaseList("publish");

const { MALFORMED, PROTOCOL_ERROR, INVALID_TOPIC, INVALID_ALIAS, TOO_LARGE } = ReasonCode;

for (const [id, topic] of [
  ["plus", "a/+/b"],
  ["hash", "a/#"],
  ["plus-inside", "a/b+"],
  ["hash-alone", "#"],
] as const) {
  for (const qos of [0, 1]) {
    publishCases.both(
      `wildcard-${id}-qos-${qos}`,
      `[MQTT-3.3.2-2] [MQTT-4.7.0-1] [v3 MQTT-3.3.2-2] [v3 MQTT-4.7.1-1] a PUBLISH of QoS ${qos} to ${topic} closes`,
      async (t) => {
        const client = await t.connect();
        client.sendPublish({ topic, qos });
        await client.expectError(INVALID_TOPIC, MALFORMED, PROTOCOL_ERROR);
      },
    );
  }
}

publishCases.both(
  "empty-topic",
  "[MQTT-4.7.3-1] [v3 MQTT-4.7.3-1] a PUBLISH with an empty Topic Name (and no alias) closes",
  async (t) => {
    const client = await t.connect();
    client.sendPublish({ topic: "" });
    await client.expectError(PROTOCOL_ERROR, MALFORMED, INVALID_TOPIC);
  },
);

publishCases.both("no-topic", "[MQTT-3.3.2-1] [v3 MQTT-3.3.2-1] a PUBLISH of no bytes closes", async (t) => {
  const client = await t.connect();
  client.send(packet(0x30));
  await client.expectError(MALFORMED);
});

publishCases.both(
  "no-identifier",
  "[MQTT-2.2.1-2] [v3 MQTT-2.3.1-1] a PUBLISH of QoS 1 that ends after its topic closes",
  async (t) => {
    const client = await t.connect();
    client.send(packet(0x32, utf8String(t.topic())));
    await client.expectError(MALFORMED);
  },
);

publishCases.both(
  "qos-0-identifier",
  "[MQTT-2.2.1-2] [MQTT-4.3.1-1] [v3 MQTT-2.3.1-5] [v3 MQTT-4.3.1-1] a message of QoS 0 is forwarded without DUP and a Packet Identifier",
  async (t) => {
    const client = await t.subscriber(t.topic(), 2);
    const publisher = await t.connect();
    await publisher.publish({ topic: t.topic(), payload: "abc" });
    await client.expect("PUBLISH", { topic: t.topic(), payload: "abc", qos: 0, dup: false });
  },
);

for (const subscribed of [0, 1, 2]) {
  publishCases.both(
    `qos-granted-${subscribed}`,
    `[MQTT-3.8.4-8] [MQTT-3.3.4-1] [v3 MQTT-3.8.4-6] [v3 MQTT-3.3.4-1] messages to a subscription of QoS ${subscribed} have at most that QoS`,
    async (t) => {
      const client = await t.subscriber(t.topic(), subscribed);
      const publisher = await t.connect();
      for (const published of [0, 1, 2]) {
        await publisher.publish({ topic: t.topic(), payload: `${published}`, qos: published });
        await client.receive({ topic: t.topic(), payload: `${published}`, qos: Math.min(subscribed, published), dup: false });
      }
    },
  );
}

publishCases.both(
  "dup-is-not-forwarded",
  "[MQTT-3.3.1-3] [v3 MQTT-3.3.1-3] DUP of what a client sends is not forwarded",
  async (t) => {
    const client = await t.subscriber(t.topic(), 1);
    const publisher = await t.connect();
    publisher.send(publish({ version: t.version, topic: t.topic(), payload: "dup", qos: 1, packetIdentifier: 7, dup: true }));
    await publisher.expectSuccess("PUBACK", 7);
    await client.receive({ payload: "dup", dup: false });
  },
);

publishCases.both("empty-payload", "[MQTT-3.3.4-1] [v3 MQTT-3.3.4-1] a message without payload is forwarded", async (t) => {
  const client = await t.subscriber(t.topic(), 1);
  const publisher = await t.connect();
  await publisher.publish({ topic: t.topic(), qos: 1 });
  await client.receive({ topic: t.topic(), payload: "" });
});

publishCases.both(
  "to-itself",
  "[MQTT-3.3.2-3] [v3 MQTT-3.3.2-3] a client gets its own message where it subscribes to it",
  async (t) => {
    const client = await t.subscriber(t.topic());
    client.sendPublish({ topic: t.topic(), payload: "mine" });
    await client.expect("PUBLISH", { topic: t.topic(), payload: "mine" });
  },
);

publishCases.both("large-payload", "[MQTT-3.3.4-1] [v3 MQTT-3.3.4-1] a payload of 1 MiB comes through whole", async (t) => {
  t.requires((t.server.maximumPacketSize ?? Number.POSITIVE_INFINITY) > 1_100_000, "room for packets of 1 MiB");
  const client = await t.subscriber(t.topic(), 1);
  const publisher = await t.connect();
  const payload = Buffer.alloc(1 << 20, "0123456789");
  await publisher.publish({ topic: t.topic(), payload, qos: 1 });
  const message = await client.receive({ topic: t.topic() });
  t.check(message.payload?.equals(payload) === true, "the same MiB", `${message.payload?.length} bytes`);
});

for (const other of ["4", "5"] as const) {
  publishCases.both(
    `to-version-${other}`,
    `[MQTT-3.3.4-1] [v3 MQTT-3.3.4-1] a message goes to a client of ${other === "5" ? "5.0" : "3.1.1"}`,
    async (t) => {
      const client = await t.open();
      client.version = other === "5" ? 5 : 4;
      await client.connect({ clientId: t.clientId() });
      await client.subscribe([[t.topic(), 2]]);
      const publisher = await t.connect();
      for (const qos of [0, 1, 2]) {
        const properties = t.version === 5 ? [property("contentType", "text")] : [];
        await publisher.publish({ topic: t.topic(), payload: `${qos}`, qos, properties });
        const contentType = t.version === 5 && other === "5" ? ["text"] : undefined;
        await client.receive({ topic: t.topic(), payload: `${qos}`, qos, properties: { contentType } });
      }
    },
  );
}

const content = [
  property("payloadFormatIndicator", 1),
  property("contentType", "text/plain; \u00e9"),
  property("responseTopic", "answer/to"),
  property("correlationData", Buffer.from([0, 1, 0xff])),
];

for (const qos of [0, 1, 2]) {
  publishCases.inVersion(
    5,
    `content-properties-qos-${qos}`,
    `[MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-20] what a message of QoS ${qos} says of its content is forwarded unaltered`,
    async (t) => {
      const client = await t.subscriber(t.topic(), 2);
      const publisher = await t.connect();
      await publisher.publish({ topic: t.topic(), payload: "text", qos, properties: content });
      await client.receive({
        qos,
        properties: {
          payloadFormatIndicator: [1],
          contentType: ["text/plain; \u00e9"],
          responseTopic: ["answer/to"],
          correlationData: [Buffer.from([0, 1, 0xff])],
        },
      });
    },
  );
}

publishCases.inVersion(
  5,
  "no-properties-of-its-own",
  "[MQTT-2.2.2-1] [MQTT-3.3.2-4] a message without properties is forwarded without",
  async (t) => {
    const client = await t.subscriber(t.topic());
    const publisher = await t.connect();
    await publisher.publish({ topic: t.topic() });
    const message = await client.expect("PUBLISH");
    t.check(message.properties.length === 0, "no properties", message.properties);
  },
);

publishCases.inVersion(5, "payload-format-0", "[MQTT-3.3.2-4] a Payload Format Indicator of 0 is forwarded", async (t) => {
  const client = await t.subscriber(t.topic());
  const publisher = await t.connect();
  await publisher.publish({ topic: t.topic(), properties: [property("payloadFormatIndicator", 0)] });
  await client.expect("PUBLISH", { properties: { payloadFormatIndicator: [0] } });
});

publishCases.inVersion(
  5,
  "user-properties",
  "[MQTT-3.3.2-17] [MQTT-3.3.2-18] [MQTT-1.5.7-1] User Properties are forwarded unaltered in their order, equal ones and empty ones too",
  async (t) => {
    const pairs = [
      ["z", "1"],
      ["a", ""],
      ["z", "1"],
      ["", "x"],
      ["\u00e9", "\u{1f600}"],
      ["a", "2"],
    ] as const;
    const client = await t.subscriber(t.topic(), 1);
    const publisher = await t.connect();
    await publisher.publish({ topic: t.topic(), qos: 1, properties: pairs.map((pair) => property("userProperty", pair)) });
    await client.receive({ properties: { userProperty: pairs } });
  },
);

publishCases.inVersion(
  5,
  "many-user-properties",
  "[MQTT-3.3.2-17] [MQTT-3.3.2-18] 500 User Properties are forwarded in order",
  async (t) => {
    const pairs = Array.from({ length: 500 }, (_, i) => [`n${i}`, `v${500 - i}`] as const);
    const client = await t.subscriber(t.topic());
    const publisher = await t.connect();
    await publisher.publish({ topic: t.topic(), properties: pairs.map((pair) => property("userProperty", pair)) });
    const message = await client.expect("PUBLISH");
    t.check(
      JSON.stringify(valuesOf(message, "userProperty")) === JSON.stringify(pairs),
      "the same 500 pairs",
      `${message.properties.length}`,
    );
  },
);

publishCases.inVersion(
  5,
  "content-properties-kept",
  "[MQTT-3.3.2-15] [MQTT-3.3.2-17] properties of a message that waited for its receiver are unaltered",
  async (t) => {
    const clientId = t.clientId();
    const expiry = [property("sessionExpiryInterval", 60)];
    const client = await t.connect({ clientId, cleanStart: false, properties: expiry });
    await client.subscribe([[t.topic(), 1]]);
    await client.disconnect();
    const publisher = await t.connect();
    await publisher.publish({ topic: t.topic(), qos: 1, properties: [...content, property("userProperty", ["a", "b"])] });
    const again = await t.connect({ clientId, cleanStart: false, properties: expiry });
    await again.receive({ properties: { responseTopic: ["answer/to"], userProperty: [["a", "b"]], payloadFormatIndicator: [1] } });
  },
);

publishCases.inVersion(
  5,
  "expiry-forwarded",
  "[MQTT-3.3.2-6] a Message Expiry Interval is forwarded, less the time that was waited",
  async (t) => {
    const clientId = t.clientId();
    const expiry = [property("sessionExpiryInterval", 60)];
    const client = await t.connect({ clientId, cleanStart: false, properties: expiry });
    await client.subscribe([[t.topic(), 1]]);
    await client.disconnect();
    const publisher = await t.connect();
    await publisher.publish({ topic: t.topic(), qos: 1, properties: [property("messageExpiryInterval", 100)] });
    await t.elapse(2_100);
    const again = await t.connect({ clientId, cleanStart: false, properties: expiry });
    const left = valueOf(await again.receive(), "messageExpiryInterval");
    t.check(typeof left === "number" && left >= 95 && left <= 98, "a Message Expiry Interval of 97 or 98", left ?? "none");
  },
);

publishCases.inVersion(
  5,
  "expiry-at-once",
  "[MQTT-3.3.2-6] the Message Expiry Interval of a message that did not wait is the publisher's",
  async (t) => {
    const client = await t.subscriber(t.topic());
    const publisher = await t.connect();
    await publisher.publish({ topic: t.topic(), properties: [property("messageExpiryInterval", 1_000)] });
    const left = valueOf(await client.expect("PUBLISH"), "messageExpiryInterval");
    t.check(left === 1_000 || left === 999, "1000, or 999", left ?? "none");
  },
);

publishCases.inVersion(5, "expired-while-away", "[MQTT-3.3.2-5] a message whose expiry is over is not delivered", async (t) => {
  const clientId = t.clientId();
  const expiry = [property("sessionExpiryInterval", 60)];
  const client = await t.connect({ clientId, cleanStart: false, properties: expiry });
  await client.subscribe([[t.topic(), 1]]);
  await client.disconnect();
  const publisher = await t.connect();
  await publisher.publish({ topic: t.topic(), payload: "short", qos: 1, properties: [property("messageExpiryInterval", 1)] });
  await publisher.publish({ topic: t.topic(), payload: "long", qos: 1 });
  await t.elapse(2_200);
  const again = await t.connect({ clientId, cleanStart: false, properties: expiry });
  await again.receive({ payload: "long" });
});

publishCases.inVersion(5, "expired-retained", "[MQTT-3.3.2-5] a retained message whose expiry is over is not sent", async (t) => {
  t.requires(t.server.isRetainAvailable, "retained messages");
  const publisher = await t.connect();
  const properties = [property("messageExpiryInterval", 2)];
  await publisher.publish({ topic: t.topic(), payload: "short", qos: 1, retain: true, properties });
  const early = await t.subscriber(t.topic());
  await early.expect("PUBLISH", { payload: "short", retain: true });
  await t.elapse(3_200);
  const late = await t.subscriber(t.topic());
  await late.expectQuiet();
});

/** Properties that do not belong, or twice, or with values that are not allowed. */
for (const name of propertyNames.filter((one) => !propertyRow(one).in.split(" ").includes("PUBLISH"))) {
  publishCases.inVersion(5, `foreign-${name}`, `[MQTT-4.13.1-1] a PUBLISH with the property ${name} closes`, async (t) => {
    const client = await t.connect();
    client.sendPublish({ topic: t.topic(), properties: [property(name, sampleValue(name))] });
    await client.expectError(PROTOCOL_ERROR, MALFORMED);
  });
}

for (const name of [
  "payloadFormatIndicator",
  "messageExpiryInterval",
  "contentType",
  "responseTopic",
  "correlationData",
] as const) {
  publishCases.inVersion(5, `duplicate-${name}`, `[MQTT-4.13.1-1] a PUBLISH with ${name} twice closes`, async (t) => {
    const client = await t.connect();
    const value = property(name, sampleValue(name));
    client.sendPublish({ topic: t.topic(), properties: [value, value] });
    await client.expectError(PROTOCOL_ERROR, MALFORMED);
  });
}

publishCases.inVersion(
  5,
  "subscription-identifier",
  "[MQTT-3.3.4-6] a PUBLISH of a client with a Subscription Identifier closes",
  async (t) => {
    const client = await t.connect();
    client.sendPublish({ topic: t.topic(), properties: [property("subscriptionIdentifier", 1)] });
    await client.expectError(PROTOCOL_ERROR, MALFORMED);
  },
);

publishCases.inVersion(5, "payload-format-2", "[MQTT-4.13.1-1] a Payload Format Indicator of 2 closes", async (t) => {
  const client = await t.connect();
  client.sendPublish({ topic: t.topic(), properties: [property("payloadFormatIndicator", 2)] });
  await client.expectError(PROTOCOL_ERROR, MALFORMED);
});

for (const responseTopic of ["a/+", "#"]) {
  publishCases.inVersion(
    5,
    `response-topic-${responseTopic === "#" ? "hash" : "plus"}`,
    `[MQTT-3.3.2-14] the Response Topic ${responseTopic} closes`,
    async (t) => {
      const client = await t.connect();
      client.sendPublish({ topic: t.topic(), properties: [property("responseTopic", responseTopic)] });
      await client.expectError(PROTOCOL_ERROR, MALFORMED, INVALID_TOPIC);
    },
  );
}

publishCases.inVersion(
  5,
  "property-length-past-the-end",
  "[MQTT-4.13.1-1] a Property Length beyond the packet closes",
  async (t) => {
    const client = await t.connect();
    client.send(packet(0x30, utf8String(t.topic()), variableByteInteger(100), Buffer.from("x")));
    await client.expectError(MALFORMED, PROTOCOL_ERROR);
  },
);

publishCases.inVersion(5, "truncated-property", "[MQTT-4.13.1-1] a property that the Property Length cuts closes", async (t) => {
  const client = await t.connect();
  client.send(packet(0x30, utf8String(t.topic()), variableByteInteger(3), 0x02, twoByteInteger(1), Buffer.from("more payload")));
  await client.expectError(MALFORMED, PROTOCOL_ERROR);
});

publishCases.inVersion(5, "unknown-property", "[MQTT-4.13.1-1] a PUBLISH with the property identifier 0x05 closes", async (t) => {
  const client = await t.connect();
  client.sendPublish({ topic: t.topic(), properties: [Buffer.from([0x05, 0])] });
  await client.expectError(MALFORMED, PROTOCOL_ERROR);
});

// Topic Aliases of the client.

publishCases.inVersion(5, "alias", "[MQTT-3.3.2-12] a Topic Alias stands for its topic, and can be given to another", async (t) => {
  t.requires(t.server.topicAliasMaximum > 0, "Topic Aliases");
  const client = await t.subscriber(`${t.topic()}/#`);
  const publisher = await t.connect();
  const alias = [property("topicAlias", t.server.topicAliasMaximum)];
  await publisher.publish({ topic: t.topic("t/a"), payload: "1", properties: alias });
  await publisher.publish({ topic: "", payload: "2", properties: alias });
  await publisher.publish({ topic: t.topic("t/b"), payload: "3", properties: alias });
  await publisher.publish({ topic: "", payload: "4", properties: alias, qos: 1 });
  for (const [payload, topic] of [
    ["1", "t/a"],
    ["2", "t/a"],
    ["3", "t/b"],
    ["4", "t/b"],
  ] as const) {
    await client.expect("PUBLISH", { payload, topic: t.topic(topic), properties: { topicAlias: undefined } });
  }
});

publishCases.inVersion(5, "alias-all", "[MQTT-3.3.2-12] every Topic Alias up to the maximum is accepted", async (t) => {
  t.requires(t.server.topicAliasMaximum > 0, "Topic Aliases");
  const count = Math.min(t.server.topicAliasMaximum, 200);
  const client = await t.subscriber(`${t.topic()}/#`, 1, { properties: [property("receiveMaximum", 65_535)] });
  const publisher = await t.connect();
  for (let i = 1; i <= count; i++) publisher.sendPublish({ topic: t.topic(`t/${i}`), properties: [property("topicAlias", i)] });
  for (let i = count; i >= 1; i--) publisher.sendPublish({ topic: "", properties: [property("topicAlias", i)] });
  for (let i = 1; i <= count; i++) await client.expect("PUBLISH", { topic: t.topic(`t/${i}`) });
  for (let i = count; i >= 1; i--) await client.expect("PUBLISH", { topic: t.topic(`t/${i}`) });
});

publishCases.inVersion(
  5,
  "alias-of-another-connection",
  "[MQTT-3.3.2-7] a Topic Alias ends with its connection, though the session goes on",
  async (t) => {
    t.requires(t.server.topicAliasMaximum > 0, "Topic Aliases");
    const fields = { clientId: t.clientId(), cleanStart: false, properties: [property("sessionExpiryInterval", 60)] };
    const first = await t.connect(fields);
    await first.publish({ topic: t.topic(), qos: 1, properties: [property("topicAlias", 1)] });
    await first.disconnect();
    const second = await t.connect(fields, { sessionPresent: true });
    second.sendPublish({ topic: "", properties: [property("topicAlias", 1)] });
    await second.expectError(PROTOCOL_ERROR, INVALID_ALIAS);
  },
);

publishCases.inVersion(
  5,
  "alias-of-another-client",
  "[MQTT-3.3.2-7] Topic Aliases of two clients have nothing to do with each other",
  async (t) => {
    t.requires(t.server.topicAliasMaximum > 0, "Topic Aliases");
    const first = await t.connect();
    await first.publish({ topic: t.topic(), qos: 1, properties: [property("topicAlias", 1)] });
    const second = await t.connect();
    second.sendPublish({ topic: "", properties: [property("topicAlias", 1)] });
    await second.expectError(PROTOCOL_ERROR, INVALID_ALIAS);
  },
);

publishCases.inVersion(5, "alias-0", "[MQTT-3.3.2-8] the Topic Alias 0 closes", async (t) => {
  const client = await t.connect();
  client.sendPublish({ topic: t.topic(), properties: [property("topicAlias", 0)] });
  await client.expectError(INVALID_ALIAS, PROTOCOL_ERROR, MALFORMED);
});

publishCases.inVersion(
  5,
  "alias-above-maximum",
  "[MQTT-3.3.2-9] [MQTT-3.2.2-17] a Topic Alias above the server's maximum closes",
  async (t) => {
    t.requires(t.server.topicAliasMaximum < 65_535, "limit of Topic Aliases");
    const client = await t.connect();
    client.sendPublish({ topic: t.topic(), properties: [property("topicAlias", t.server.topicAliasMaximum + 1)] });
    await client.expectError(INVALID_ALIAS);
  },
);

publishCases.inVersion(5, "alias-twice", "[MQTT-4.13.1-1] a PUBLISH with two Topic Aliases closes", async (t) => {
  const client = await t.connect();
  client.sendPublish({ topic: t.topic(), properties: [property("topicAlias", 1), property("topicAlias", 1)] });
  await client.expectError(PROTOCOL_ERROR, MALFORMED);
});

// Topic Aliases of the server.

publishCases.inVersion(
  5,
  "server-alias-none",
  "[MQTT-3.1.2-27] [MQTT-3.3.2-11] a client without a Topic Alias Maximum gets no Topic Alias",
  async (t) => {
    const client = await t.subscriber(t.topic());
    const publisher = await t.connect();
    for (let i = 0; i < 20; i++) {
      await publisher.publish({ topic: t.topic() });
      await client.expect("PUBLISH", { topic: t.topic(), properties: { topicAlias: undefined } });
    }
  },
);

publishCases.inVersion(
  5,
  "server-alias-within",
  "[MQTT-3.1.2-26] [MQTT-3.3.2-11] [MQTT-3.3.2-8] the server's Topic Aliases are at most the client's maximum, and stand for the right topics",
  async (t) => {
    const client = await t.subscriber(`${t.topic()}/#`, 0, { properties: [property("topicAliasMaximum", 2)] });
    const publisher = await t.connect();
    const aliases = new Map<unknown, string>();
    const order = [0, 0, 1, 1, 2, 2, 3, 3, 0, 1, 2, 3, 0, 0, 0, 3, 3, 3];
    for (const number of order) publisher.sendPublish({ topic: t.topic(`t/${number}`), payload: `${number}` });
    for (const number of order) {
      const message = await client.expect("PUBLISH", { payload: `${number}` });
      const alias = valueOf(message, "topicAlias");
      t.check(alias === undefined || alias === 1 || alias === 2, "a Topic Alias of 1 or 2", alias ?? "none");
      if (message.topic !== "" && alias !== undefined) aliases.set(alias, message.topic ?? "");
      const topic = message.topic === "" ? aliases.get(alias) : message.topic;
      t.check(topic === t.topic(`t/${number}`), t.topic(`t/${number}`), topic ?? "an alias that stands for nothing");
    }
  },
);

// Maximum Packet Size.

publishCases.inVersion(
  5,
  "too-large-for-client",
  "[MQTT-3.1.2-24] [MQTT-3.1.2-25] a message that is too large for the client is dropped, and the next one comes",
  async (t) => {
    const client = await t.connect({ properties: [property("maximumPacketSize", 100), property("receiveMaximum", 1)] });
    await client.subscribe([[t.topic(), 2]]);
    const publisher = await t.connect();
    for (const qos of [0, 1, 2]) {
      await publisher.publish({ topic: t.topic(), payload: "x".repeat(200), qos });
      await publisher.publish({ topic: t.topic(), payload: `small ${qos}`, qos });
      await client.receive({ payload: `small ${qos}`, qos });
    }
  },
);

publishCases.inVersion(
  5,
  "exactly-maximum",
  "[MQTT-3.1.2-24] a message of exactly the client's Maximum Packet Size is sent, one byte more is not",
  async (t) => {
    const overhead = 2 + 2 + t.topic().length + 1;
    const client = await t.connect({ properties: [property("maximumPacketSize", 100)] });
    await client.subscribe([[t.topic(), 0]]);
    const publisher = await t.connect();
    await publisher.publish({ topic: t.topic(), payload: "y".repeat(101 - overhead) });
    await publisher.publish({ topic: t.topic(), payload: "x".repeat(100 - overhead) });
    const message = await client.expect("PUBLISH");
    t.check(message.bytes.length === 100, "a packet of 100 bytes", `${message.bytes.length} bytes`);
  },
);

publishCases.inVersion(
  5,
  "too-large-for-client-while-away",
  "[MQTT-3.1.2-25] a waiting message that is too large for the client which comes back is dropped",
  async (t) => {
    const clientId = t.clientId();
    const expiry = property("sessionExpiryInterval", 60);
    const client = await t.connect({ clientId, cleanStart: false, properties: [expiry] });
    await client.subscribe([[t.topic(), 1]]);
    await client.disconnect();
    const publisher = await t.connect();
    await publisher.publish({ topic: t.topic(), payload: "x".repeat(200), qos: 1 });
    await publisher.publish({ topic: t.topic(), payload: "small", qos: 1 });
    const again = await t.connect({ clientId, cleanStart: false, properties: [expiry, property("maximumPacketSize", 100)] });
    await again.receive({ payload: "small" });
  },
);

publishCases.inVersion(
  5,
  "too-large-for-server",
  "[section 3.2.2.3.6] a packet above the server's Maximum Packet Size closes",
  async (t) => {
    const maximum = t.server.maximumPacketSize;
    t.requires(maximum !== undefined && maximum < 268_435_455, "Maximum Packet Size");
    const client = await t.connect();
    // The header is enough to say so.
    client.sendRaw(Buffer.concat([Buffer.from([0x30]), variableByteInteger(maximum ?? 0), Buffer.alloc(64)]));
    await client.expectError(TOO_LARGE);
  },
);
