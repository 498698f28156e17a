import { CaseList } from "../../case.ts";
import { property } from "../../wire/properties.ts";
import type { BrokerContext } from "../broker-context.ts";
import type { CaseClient } from "../case-client.ts";

/** Retained messages. */
export const retainCases: CaseList<BrokerContext> = new CaseList("retain");

/** Retained at the topic of the case; `end` takes it away again. */
async function retained(
  t: BrokerContext,
  body: (publisher: CaseClient) => Promise<void>,
  ...names: readonly string[]
): Promise<void> {
  t.requires(t.server.isRetainAvailable, "retained messages");
  const publisher = await t.connect();
  await body(publisher);
  for (const name of ["t", ...names]) await publisher.publish({ topic: t.topic(name), retain: true, qos: 1 });
}

for (const qos of [0, 1, 2]) {
  retainCases.both(
    `qos-${qos}`,
    `[MQTT-3.3.1-5] [MQTT-3.3.1-9] [v3 MQTT-3.3.1-5] [v3 MQTT-3.3.1-6] [v3 MQTT-3.3.1-7] [v3 MQTT-3.3.1-8] a retained message of QoS ${qos} goes to later subscribers with RETAIN, at the lower QoS`,
    (t) =>
      retained(t, async (publisher) => {
        await publisher.publish({ topic: t.topic(), payload: "kept", qos, retain: true });
        for (const granted of [0, 1, 2]) {
          const client = await t.subscriber(t.topic(), granted);
          await client.receive({ topic: t.topic(), payload: "kept", qos: Math.min(qos, granted), retain: true, dup: false });
          await client.expectQuiet();
        }
      }),
  );
}

retainCases.both("established", "[MQTT-3.3.1-12] [v3 MQTT-3.3.1-9] RETAIN is 0 towards an established subscription", (t) =>
  retained(t, async (publisher) => {
    const client = await t.subscriber(t.topic());
    await publisher.publish({ topic: t.topic(), payload: "now", retain: true });
    await client.expect("PUBLISH", { payload: "now", retain: false });
  }),
);

retainCases.both("replaced", "[MQTT-3.3.1-5] [v3 MQTT-3.3.1-5] a newer retained message replaces the older one", (t) =>
  retained(t, async (publisher) => {
    for (const payload of ["1", "2", "3"]) await publisher.publish({ topic: t.topic(), payload, retain: true, qos: 1 });
    const client = await t.subscriber(t.topic());
    await client.expect("PUBLISH", { payload: "3", retain: true });
    await client.expectQuiet();
  }),
);

retainCases.both("replaced-by-qos-0", "[MQTT-3.3.1-5] [v3 MQTT-3.3.1-7] a retained message of QoS 0 discards the older one", (t) =>
  retained(t, async (publisher) => {
    await publisher.publish({ topic: t.topic(), payload: "old", retain: true, qos: 1 });
    await publisher.publish({ topic: t.topic(), payload: "new", retain: true });
    const client = await t.subscriber(t.topic());
    await client.expect("PUBLISH", { payload: "new", retain: true });
  }),
);

retainCases.both(
  "removed",
  "[MQTT-3.3.1-6] [MQTT-3.3.1-7] [v3 MQTT-3.3.1-10] [v3 MQTT-3.3.1-11] a retained message without payload removes the one that is there, is forwarded and not kept",
  (t) =>
    retained(t, async (publisher) => {
      await publisher.publish({ topic: t.topic(), payload: "kept", retain: true, qos: 1 });
      const client = await t.subscriber(t.topic());
      await client.expect("PUBLISH", { payload: "kept", retain: true });
      await publisher.publish({ topic: t.topic(), retain: true, qos: 1 });
      await client.expect("PUBLISH", { payload: "", retain: false });
      const late = await t.subscriber(t.topic());
      await late.expectQuiet();
    }),
);

retainCases.both(
  "not-retained",
  "[MQTT-3.3.1-8] [v3 MQTT-3.3.1-12] a message with RETAIN 0 is not kept and leaves the retained one",
  (t) =>
    retained(t, async (publisher) => {
      await publisher.publish({ topic: t.topic(), payload: "kept", retain: true, qos: 1 });
      await publisher.publish({ topic: t.topic(), payload: "passing", qos: 1 });
      await publisher.publish({ topic: t.topic(), payload: "", qos: 1 });
      const client = await t.subscriber(t.topic());
      await client.expect("PUBLISH", { payload: "kept", retain: true });
      await client.expectQuiet();
    }),
);

retainCases.both(
  "each-topic",
  "[MQTT-3.3.1-9] [v3 MQTT-3.3.1-6] a wildcard brings the retained message of each topic that matches",
  (t) =>
    retained(
      t,
      async (publisher) => {
        for (const name of ["r/a", "r/b", "r/b/c", "s/a"])
          await publisher.publish({ topic: t.topic(name), payload: name, retain: true, qos: 1 });
        const client = await t.subscriber(t.topic("r/#"));
        const messages = await client.expectAll("PUBLISH", 3, { retain: true });
        const seen = messages.map(({ payload }) => payload?.toString() ?? "").sort((a, b) => (a < b ? -1 : 1));
        t.check(JSON.stringify(seen) === '["r/a","r/b","r/b/c"]', "r/a, r/b and r/b/c", seen);
        await client.expectQuiet();
      },
      "r/a",
      "r/b",
      "r/b/c",
      "s/a",
    ),
);

retainCases.both(
  "resubscribe",
  "[MQTT-3.8.4-4] [MQTT-3.3.1-9] [v3 MQTT-3.8.4-3] subscribing again brings the retained message again",
  (t) =>
    retained(t, async (publisher) => {
      await publisher.publish({ topic: t.topic(), payload: "kept", retain: true, qos: 1 });
      const client = await t.subscriber(t.topic(), 1);
      await client.receive({ payload: "kept", retain: true });
      await client.subscribe([[t.topic(), 1]]);
      await client.receive({ payload: "kept", retain: true });
    }),
);

// covers: [MQTT-3.3.1-9] [MQTT-3.3.1-10] [MQTT-3.3.1-11]
for (const handling of [0, 1, 2]) {
  const clause = ["[MQTT-3.3.1-9]", "[MQTT-3.3.1-10]", "[MQTT-3.3.1-11]"][handling] ?? "";
  const what = ["each time", "for a new subscription only", "never"][handling] ?? "";
  retainCases.inVersion(
    5,
    `handling-${handling}`,
    `${clause} Retain Handling ${handling}: retained messages are sent ${what}`,
    (t) =>
      retained(t, async (publisher) => {
        await publisher.publish({ topic: t.topic(), payload: "kept", retain: true, qos: 1 });
        const client = await t.connect();
        await client.subscribe([[t.topic(), (handling << 4) | 1]]);
        if (handling < 2) await client.receive({ payload: "kept", retain: true });
        await client.expectQuiet();
        await client.subscribe([[t.topic(), handling << 4]]);
        if (handling === 0) await client.receive({ payload: "kept", retain: true });
        await client.expectQuiet();
        await client.unsubscribe([t.topic()]);
        await client.subscribe([[t.topic(), handling << 4]]);
        if (handling < 2) await client.receive({ payload: "kept", retain: true });
        await client.expectQuiet();
      }),
  );
}

retainCases.inVersion(
  5,
  "handling-1-resumed",
  "[MQTT-3.3.1-10] Retain Handling 1: the subscription of a resumed session is not new",
  (t) =>
    retained(t, async (publisher) => {
      const fields = { clientId: t.clientId(), cleanStart: false, properties: [property("sessionExpiryInterval", 60)] };
      const client = await t.connect(fields);
      await client.subscribe([[t.topic(), 1]]);
      await client.disconnect();
      const again = await t.connect(fields, { sessionPresent: true });
      await publisher.publish({ topic: t.topic(), payload: "kept", retain: true, qos: 1 });
      await again.receive({ payload: "kept", retain: false });
      await again.subscribe([[t.topic(), 0x11]]);
      await again.expectQuiet();
    }),
);

retainCases.inVersion(
  5,
  "properties",
  "[MQTT-3.3.2-17] [MQTT-3.3.2-18] [MQTT-3.3.2-20] [MQTT-3.3.2-4] a retained message keeps its properties",
  (t) =>
    retained(t, async (publisher) => {
      await publisher.publish({
        topic: t.topic(),
        payload: "kept",
        retain: true,
        qos: 1,
        properties: [
          property("contentType", "x"),
          property("userProperty", ["b", "1"]),
          property("payloadFormatIndicator", 1),
          property("userProperty", ["a", "2"]),
          property("messageExpiryInterval", 100),
        ],
      });
      const client = await t.subscriber(t.topic());
      await client.expect("PUBLISH", {
        retain: true,
        properties: {
          contentType: ["x"],
          payloadFormatIndicator: [1],
          userProperty: [
            ["b", "1"],
            ["a", "2"],
          ],
        },
      });
    }),
);

retainCases.inVersion(
  5,
  "subscription-identifier",
  "[MQTT-3.3.4-3] a retained message comes with the identifier of the subscription that asked for it",
  (t) =>
    retained(t, async (publisher) => {
      t.requires(t.server.hasSubscriptionIdentifiers, "Subscription Identifiers");
      await publisher.publish({ topic: t.topic(), payload: "kept", retain: true, qos: 1 });
      const client = await t.connect();
      await client.subscribe([[t.topic(), 0]], [property("subscriptionIdentifier", 5)]);
      await client.expect("PUBLISH", { retain: true, properties: { subscriptionIdentifier: [5] } });
    }),
);

retainCases.inVersion(
  5,
  "alias",
  "[MQTT-3.3.2-12] [MQTT-3.3.1-5] a retained message that was sent by its Topic Alias is kept under its topic",
  (t) =>
    retained(t, async (publisher) => {
      t.requires(t.server.topicAliasMaximum > 0, "Topic Aliases");
      await publisher.publish({ topic: t.topic(), payload: "first", qos: 1, properties: [property("topicAlias", 1)] });
      await publisher.publish({ topic: "", payload: "by alias", qos: 1, retain: true, properties: [property("topicAlias", 1)] });
      const client = await t.subscriber(t.topic());
      await client.expect("PUBLISH", {
        topic: t.topic(),
        payload: "by alias",
        retain: true,
        properties: { topicAlias: undefined },
      });
    }),
);

retainCases.inVersion(5, "shared", "[section 4.8.2] a Shared Subscription gets no retained messages", (t) =>
  retained(t, async (publisher) => {
    t.requires(t.server.hasSharedSubscriptions, "Shared Subscriptions");
    await publisher.publish({ topic: t.topic(), payload: "kept", retain: true, qos: 1 });
    const client = await t.connect();
    await client.subscribe([[`$share/g/${t.topic()}`, 0]]);
    await client.expectQuiet();
  }),
);
