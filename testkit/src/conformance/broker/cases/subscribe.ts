import { CaseList } from "../../case.ts";
import { subscribe, unsubscribe } from "../../wire/build.ts";
import { packet, twoByteInteger, utf8String } from "../../wire/bytes.ts";
import { valuesOf } from "../../wire/parse.ts";
import { property, propertyNames, propertyRow } from "../../wire/properties.ts";
import type { BrokerContext } from "../broker-context.ts";
import { ReasonCode } from "../reason-code.ts";
import { sampleValue } from "./connect-properties.ts";
import { refusesFilter } from "./refuses-filter.ts";
import { lasting } from "./session.ts";

/** SUBSCRIBE, SUBACK, UNSUBSCRIBE and UNSUBACK. */
export const subscribeCases: CaseList<BrokerContext> = new CaseList("subscribe");

const { MALFORMED, PROTOCOL_ERROR, INVALID_FILTER } = ReasonCode;

/** Bits of the Subscription Options. */
const NO_LOCAL = 0x04;
const RETAIN_AS_PUBLISHED = 0x08;

subscribeCases.both(
  "suback",
  "[MQTT-3.8.4-1] [MQTT-3.8.4-2] [MQTT-2.2.1-6] [v3 MQTT-3.8.4-1] [v3 MQTT-3.8.4-2] [v3 MQTT-2.3.1-7] SUBSCRIBE is answered by SUBACK with its Packet Identifier",
  async (t) => {
    const client = await t.connect();
    for (const packetIdentifier of [1, 0xffff, 0x0100, 2]) {
      client.send(subscribe({ version: t.version, packetIdentifier, filters: [[t.topic(), 0]] }));
      await client.expect("SUBACK", { packetIdentifier, reasonCodes: [0] });
    }
  },
);

subscribeCases.both(
  "reason-codes-in-order",
  "[MQTT-3.8.4-5] [MQTT-3.8.4-6] [MQTT-3.8.4-7] [MQTT-3.9.3-1] [MQTT-3.9.3-2] [v3 MQTT-3.8.4-4] [v3 MQTT-3.8.4-5] [v3 MQTT-3.9.3-1] [v3 MQTT-3.9.3-2] SUBACK has a code for each Topic Filter, in their order",
  async (t) => {
    const client = await t.connect();
    await client.subscribe(
      [
        [t.topic("2"), 2],
        [t.topic("0"), 0],
        [t.topic("1"), 1],
        [t.topic("0b"), 0],
        [t.topic("2b"), 2],
      ],
      [],
      { reasonCodes: [2, 0, 1, 0, 2] },
    );
  },
);

subscribeCases.both(
  "many-filters",
  "[MQTT-3.8.4-6] [v3 MQTT-3.8.4-5] a SUBSCRIBE of 300 Topic Filters gets 300 codes",
  async (t) => {
    const client = await t.connect();
    await client.subscribe(Array.from({ length: 300 }, (_, i) => [t.topic(`m/${i}`), i % 3] as const));
  },
);

subscribeCases.both(
  "same-filter-twice-in-one",
  "[MQTT-3.8.4-5] [MQTT-3.8.4-3] [v3 MQTT-3.8.4-4] [v3 MQTT-3.8.4-3] a Topic Filter twice in one SUBSCRIBE: the later one counts, and the message comes once",
  async (t) => {
    const client = await t.connect();
    await client.subscribe(
      [
        [t.topic(), 2],
        [t.topic(), 0],
      ],
      [],
      { reasonCodes: [2, 0] },
    );
    const publisher = await t.connect();
    await publisher.publish({ topic: t.topic(), qos: 2 });
    await client.expect("PUBLISH", { qos: 0 });
    await client.expectQuiet();
  },
);

subscribeCases.both(
  "replaced-qos",
  "[MQTT-3.8.4-3] [v3 MQTT-3.8.4-3] a SUBSCRIBE with a Topic Filter that is there replaces the subscription",
  async (t) => {
    const client = await t.subscriber(t.topic(), 2);
    const publisher = await t.connect();
    for (const qos of [0, 1, 2]) {
      await client.subscribe([[t.topic(), qos]]);
      await publisher.publish({ topic: t.topic(), payload: `${qos}`, qos: 2 });
      await client.receive({ payload: `${qos}`, qos });
    }
    await client.expectQuiet();
  },
);

subscribeCases.both("no-payload", "[MQTT-3.8.3-2] [v3 MQTT-3.8.3-3] a SUBSCRIBE without a Topic Filter closes", async (t) => {
  const client = await t.connect();
  client.send(subscribe({ version: t.version, packetIdentifier: 1, filters: [] }));
  await client.expectError(PROTOCOL_ERROR, MALFORMED);
});

subscribeCases.both(
  "unsubscribe-no-payload",
  "[MQTT-3.10.3-2] [v3 MQTT-3.10.3-2] an UNSUBSCRIBE without a Topic Filter closes",
  async (t) => {
    const client = await t.connect();
    client.send(unsubscribe({ version: t.version, packetIdentifier: 1, filters: [] }));
    await client.expectError(PROTOCOL_ERROR, MALFORMED);
  },
);

subscribeCases.both(
  "no-options",
  "[MQTT-3.8.3-2] [v3 MQTT-3.8.3-3] a SUBSCRIBE that ends after its Topic Filter closes",
  async (t) => {
    const client = await t.connect();
    const properties = t.version === 5 ? [0] : [];
    client.send(packet(0x82, twoByteInteger(1), ...properties, utf8String(t.topic())));
    await client.expectError(MALFORMED, PROTOCOL_ERROR);
  },
);

subscribeCases.both("qos-3", "[MQTT-4.13.1-1] [v3 MQTT-3.8.3-4] a requested QoS of 3 closes", async (t) => {
  const client = await t.connect();
  client.send(subscribe({ version: t.version, packetIdentifier: 1, filters: [[t.topic(), 3]] }));
  await client.expectError(PROTOCOL_ERROR, MALFORMED);
});

for (const bits of [0x04, 0x08, 0x10, 0x20, 0x40, 0x80]) {
  subscribeCases.inVersion(
    4,
    `reserved-bits-${bits.toString(16)}`,
    `[v3 MQTT-3.8.3-4] the reserved bit 0x${bits.toString(16)} beside the QoS closes`,
    async (t) => {
      const client = await t.connect();
      client.send(subscribe({ version: 4, packetIdentifier: 1, filters: [[t.topic(), bits]] }));
      await client.expectError();
    },
  );
}

for (const bits of [0x40, 0x80]) {
  subscribeCases.inVersion(
    5,
    `reserved-bits-${bits.toString(16)}`,
    `[MQTT-3.8.3-5] the reserved bit 0x${bits.toString(16)} of the Subscription Options closes`,
    async (t) => {
      const client = await t.connect();
      client.send(subscribe({ version: 5, packetIdentifier: 1, filters: [[t.topic(), bits]] }));
      await client.expectError(MALFORMED, PROTOCOL_ERROR);
    },
  );
}

subscribeCases.inVersion(5, "retain-handling-3", "[MQTT-4.13.1-1] a Retain Handling of 3 closes", async (t) => {
  const client = await t.connect();
  client.send(subscribe({ version: 5, packetIdentifier: 1, filters: [[t.topic(), 0x30]] }));
  await client.expectError(PROTOCOL_ERROR, MALFORMED);
});

// covers: [MQTT-4.7.3-1] [v3 MQTT-4.7.3-1] [MQTT-4.7.1-1] [v3 MQTT-4.7.1-2] [MQTT-4.7.1-2] [v3 MQTT-4.7.1-3]
for (const [id, filter, clauses] of [
  ["empty", "", "[MQTT-4.7.3-1] [v3 MQTT-4.7.3-1]"],
  ["hash-inside", "a/#/b", "[MQTT-4.7.1-1] [v3 MQTT-4.7.1-2]"],
  ["hash-after-letters", "a/b#", "[MQTT-4.7.1-1] [v3 MQTT-4.7.1-2]"],
  ["hash-before-letters", "#a", "[MQTT-4.7.1-1] [v3 MQTT-4.7.1-2]"],
  ["plus-after-letters", "a+/b", "[MQTT-4.7.1-2] [v3 MQTT-4.7.1-3]"],
  ["plus-before-letters", "a/+b", "[MQTT-4.7.1-2] [v3 MQTT-4.7.1-3]"],
  ["two-plus", "a/++", "[MQTT-4.7.1-2] [v3 MQTT-4.7.1-3]"],
] as const) {
  subscribeCases.both(
    `filter-${id}`,
    `${clauses} the Topic Filter ${JSON.stringify(filter)} is refused by its code or a close`,
    async (t) => {
      await refusesFilter(t, filter);
    },
  );

  subscribeCases.both(
    `unsubscribe-filter-${id}`,
    `${clauses} UNSUBSCRIBE of ${JSON.stringify(filter)} is refused, closes, or finds nothing`,
    async (t) => {
      const client = await t.connect();
      client.send(unsubscribe({ version: t.version, packetIdentifier: 1, filters: [filter] }));
      const event = await client.next("UNSUBACK, or a close");
      if (event === "the connection is closed" || event.name === "DISCONNECT") return;
      const codes = [0x11, 0x80, INVALID_FILTER];
      t.check(
        event.name === "UNSUBACK" && (t.version < 5 || codes.includes(event.reasonCodes?.[0] ?? 0)),
        "UNSUBACK with 0x11, 0x80 or 0x8f",
        event.reasonCodes ?? event.name,
      );
    },
  );
}

// Overlapping subscriptions.

subscribeCases.both(
  "overlapping-qos",
  "[MQTT-3.3.4-2] [v3 MQTT-3.3.5-1] overlapping subscriptions: the highest granted QoS is respected",
  async (t) => {
    const client = await t.connect();
    await client.subscribe([
      [t.topic("o/+"), 0],
      [t.topic("o/a"), 2],
      [t.topic("o/#"), 1],
    ]);
    const publisher = await t.connect();
    await publisher.publish({ topic: t.topic("o/a"), payload: "overlap", qos: 2 });
    await publisher.publish({ topic: t.topic("o/a"), payload: "end", qos: 2 });
    const seen: number[] = [];
    for (;;) {
      const message = await client.receive({ topic: t.topic("o/a") });
      if (message.payload?.toString() === "end") break;
      seen.push(message.qos ?? 0);
    }
    t.check(Math.max(...seen) === 2, "a copy of QoS 2", seen);
  },
);

// Subscription Identifiers.

for (const identifier of [1, 127, 128, 268_435_455]) {
  subscribeCases.inVersion(
    5,
    `identifier-${identifier}`,
    `[MQTT-3.3.4-3] the Subscription Identifier ${identifier} comes with each message`,
    async (t) => {
      t.requires(t.server.hasSubscriptionIdentifiers, "Subscription Identifiers");
      const client = await t.connect();
      await client.subscribe([[t.topic(), 2]], [property("subscriptionIdentifier", identifier)]);
      const publisher = await t.connect();
      for (const qos of [0, 1, 2]) {
        await publisher.publish({ topic: t.topic(), qos });
        await client.receive({ qos, properties: { subscriptionIdentifier: [identifier] } });
      }
    },
  );
}

subscribeCases.inVersion(
  5,
  "identifiers-overlapping",
  "[MQTT-3.3.4-3] [MQTT-3.3.4-4] [MQTT-3.3.4-5] of overlapping subscriptions each identifier is told",
  async (t) => {
    t.requires(t.server.hasSubscriptionIdentifiers, "Subscription Identifiers");
    const client = await t.connect();
    await client.subscribe([[t.topic("o/a"), 1]], [property("subscriptionIdentifier", 11)]);
    await client.subscribe([[t.topic("o/+"), 2]], [property("subscriptionIdentifier", 22)]);
    await client.subscribe([[t.topic("o/#"), 0]]);
    const publisher = await t.connect();
    await publisher.publish({ topic: t.topic("o/a"), payload: "overlap", qos: 2 });
    await publisher.publish({ topic: t.topic("o/a"), payload: "end", qos: 0 });
    const seen: unknown[] = [];
    let copies = 0;
    for (;;) {
      const message = await client.receive();
      if (message.payload?.toString() === "end") break;
      copies++;
      seen.push(...valuesOf(message, "subscriptionIdentifier"));
    }
    t.check(seen.length === 2 && seen.includes(11) && seen.includes(22), `the identifiers 11 and 22 on ${copies} copies`, seen);
  },
);

subscribeCases.inVersion(
  5,
  "identifier-of-several-filters",
  "[MQTT-3.3.4-3] one identifier stands for all filters of its SUBSCRIBE",
  async (t) => {
    t.requires(t.server.hasSubscriptionIdentifiers, "Subscription Identifiers");
    const client = await t.connect();
    await client.subscribe(
      [
        [t.topic("a"), 0],
        [t.topic("b"), 0],
      ],
      [property("subscriptionIdentifier", 7)],
    );
    const publisher = await t.connect();
    for (const name of ["b", "a"]) {
      await publisher.publish({ topic: t.topic(name) });
      await client.expect("PUBLISH", { topic: t.topic(name), properties: { subscriptionIdentifier: [7] } });
    }
  },
);

subscribeCases.inVersion(
  5,
  "identifier-replaced",
  "[MQTT-3.8.4-3] a replaced subscription has the identifier of the newer SUBSCRIBE, or none",
  async (t) => {
    t.requires(t.server.hasSubscriptionIdentifiers, "Subscription Identifiers");
    const client = await t.connect();
    const publisher = await t.connect();
    for (const identifiers of [[1], [2], []]) {
      await client.subscribe(
        [[t.topic(), 0]],
        identifiers.map((one) => property("subscriptionIdentifier", one)),
      );
      await publisher.publish({ topic: t.topic() });
      await client.expect("PUBLISH", { properties: { subscriptionIdentifier: identifiers } });
    }
  },
);

subscribeCases.inVersion(
  5,
  "identifier-kept-with-session",
  "[MQTT-3.3.4-3] [MQTT-3.1.2-5] a Subscription Identifier is part of the session",
  async (t) => {
    t.requires(t.server.hasSubscriptionIdentifiers, "Subscription Identifiers");
    const fields = { clientId: t.clientId(), ...lasting() };
    const client = await t.connect(fields);
    await client.subscribe([[t.topic(), 1]], [property("subscriptionIdentifier", 9)]);
    await client.disconnect();
    const publisher = await t.connect();
    await publisher.publish({ topic: t.topic(), payload: "away", qos: 1 });
    const again = await t.connect(fields, { sessionPresent: true });
    await again.receive({ payload: "away", properties: { subscriptionIdentifier: [9] } });
    await publisher.publish({ topic: t.topic(), payload: "back", qos: 1 });
    await again.receive({ payload: "back", properties: { subscriptionIdentifier: [9] } });
  },
);

subscribeCases.inVersion(5, "identifier-0", "[MQTT-4.13.1-1] a Subscription Identifier of 0 closes", async (t) => {
  const client = await t.connect();
  client.send(
    subscribe({ version: 5, packetIdentifier: 1, filters: [[t.topic(), 0]], properties: [property("subscriptionIdentifier", 0)] }),
  );
  await client.expectError(PROTOCOL_ERROR, MALFORMED);
});

subscribeCases.inVersion(5, "identifier-twice", "[MQTT-4.13.1-1] two Subscription Identifiers in a SUBSCRIBE close", async (t) => {
  const client = await t.connect();
  const properties = [property("subscriptionIdentifier", 1), property("subscriptionIdentifier", 2)];
  client.send(subscribe({ version: 5, packetIdentifier: 1, filters: [[t.topic(), 0]], properties }));
  await client.expectError(PROTOCOL_ERROR, MALFORMED);
});

for (const name of propertyNames.filter((one) => !propertyRow(one).in.split(" ").includes("SUBSCRIBE"))) {
  subscribeCases.inVersion(5, `foreign-${name}`, `[MQTT-4.13.1-1] a SUBSCRIBE with the property ${name} closes`, async (t) => {
    const client = await t.connect();
    client.send(
      subscribe({ version: 5, packetIdentifier: 1, filters: [[t.topic(), 0]], properties: [property(name, sampleValue(name))] }),
    );
    await client.expectError(PROTOCOL_ERROR, MALFORMED);
  });
}

for (const name of ["subscriptionIdentifier", "reasonString", "topicAlias"] as const) {
  subscribeCases.inVersion(
    5,
    `unsubscribe-foreign-${name}`,
    `[MQTT-4.13.1-1] an UNSUBSCRIBE with the property ${name} closes`,
    async (t) => {
      const client = await t.connect();
      client.send(
        unsubscribe({ version: 5, packetIdentifier: 1, filters: [t.topic()], properties: [property(name, sampleValue(name))] }),
      );
      await client.expectError(PROTOCOL_ERROR, MALFORMED);
    },
  );
}

subscribeCases.inVersion(
  5,
  "user-properties",
  "[MQTT-3.8.4-1] [MQTT-3.10.4-4] SUBSCRIBE and UNSUBSCRIBE may have User Properties",
  async (t) => {
    const client = await t.connect();
    const properties = [property("userProperty", ["a", "b"]), property("userProperty", ["a", "b"])];
    await client.subscribe([[t.topic(), 0]], properties);
    client.send(unsubscribe({ version: 5, packetIdentifier: 9, filters: [t.topic()], properties }));
    await client.expect("UNSUBACK", { packetIdentifier: 9, reasonCodes: [0] });
  },
);

// No Local, Retain As Published.

subscribeCases.inVersion(
  5,
  "no-local",
  "[MQTT-3.8.3-3] with No Local a client does not get its own messages, and others do",
  async (t) => {
    const client = await t.connect();
    await client.subscribe([[t.topic(), NO_LOCAL]]);
    const other = await t.subscriber(t.topic());
    await client.publish({ topic: t.topic(), payload: "mine" });
    await other.expect("PUBLISH", { payload: "mine" });
    await client.expectQuiet();
    await other.publish({ topic: t.topic(), payload: "yours" });
    await client.expect("PUBLISH", { payload: "yours" });
  },
);

subscribeCases.inVersion(
  5,
  "no-local-overlapping",
  "[MQTT-3.8.3-3] No Local of one subscription does not hold for another that overlaps",
  async (t) => {
    const client = await t.connect();
    await client.subscribe([
      [t.topic("o/a"), NO_LOCAL],
      [t.topic("o/+"), 0],
    ]);
    await client.publish({ topic: t.topic("o/a"), payload: "mine" });
    await client.expect("PUBLISH", { payload: "mine" });
    await client.expectQuiet();
  },
);

subscribeCases.inVersion(5, "no-local-shared", "[MQTT-3.8.3-4] No Local on a Shared Subscription closes", async (t) => {
  t.requires(t.server.hasSharedSubscriptions, "Shared Subscriptions");
  const client = await t.connect();
  client.send(subscribe({ version: 5, packetIdentifier: 1, filters: [[`$share/g/${t.topic()}`, NO_LOCAL]] }));
  await client.expectError(PROTOCOL_ERROR);
});

subscribeCases.inVersion(
  5,
  "retain-as-published",
  "[MQTT-3.3.1-12] [MQTT-3.3.1-13] RETAIN is forwarded as it came with Retain As Published, and as 0 without",
  async (t) => {
    t.requires(t.server.isRetainAvailable, "retained messages");
    const with1 = await t.connect();
    await with1.subscribe([[t.topic(), RETAIN_AS_PUBLISHED]]);
    const without = await t.subscriber(t.topic());
    const publisher = await t.connect();
    for (const retain of [true, false]) {
      await publisher.publish({ topic: t.topic(), payload: `${retain}`, retain });
      await with1.expect("PUBLISH", { payload: `${retain}`, retain });
      await without.expect("PUBLISH", { payload: `${retain}`, retain: false });
    }
    await publisher.publish({ topic: t.topic(), retain: true, qos: 1 });
  },
);

subscribeCases.inVersion(
  5,
  "small-suback",
  "[MQTT-3.9.2-1] [MQTT-3.9.2-2] [MQTT-3.11.2-1] [MQTT-3.11.2-2] [MQTT-3.4.2-2] [MQTT-3.4.2-3] answers fit the client's Maximum Packet Size of 30 bytes",
  async (t) => {
    const client = await t.connect({ properties: [property("maximumPacketSize", 30)] });
    client.send(subscribe({ version: 5, packetIdentifier: 1, filters: [["a/#/b", 0]] }));
    const event = await client.next("SUBACK of at most 30 bytes, or a close");
    if (event === "the connection is closed") return;
    t.check(event.bytes.length <= 30, "at most 30 bytes", `${event.bytes.length} bytes`);
    if (event.name === "DISCONNECT") return;
    client.send(unsubscribe({ version: 5, packetIdentifier: 2, filters: ["nothing"] }));
    const unsuback = await client.expect("UNSUBACK");
    t.check(unsuback.bytes.length <= 30, "at most 30 bytes", `${unsuback.bytes.length} bytes`);
    client.sendPublish({ topic: t.topic(), qos: 1, packetIdentifier: 3 });
    const puback = await client.expect("PUBACK");
    t.check(puback.bytes.length <= 30, "at most 30 bytes", `${puback.bytes.length} bytes`);
  },
);

subscribeCases.both("pingreq", "[MQTT-3.12.4-1] [v3 MQTT-3.12.4-1] PINGREQ is answered by PINGRESP, each by one", async (t) => {
  const client = await t.connect();
  client.send(packet(0xc0), packet(0xc0), packet(0xc0));
  await client.expectAll("PINGRESP", 3);
  await client.expectQuiet();
});
