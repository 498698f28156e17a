import { CaseList } from "../../case.ts";
import { property } from "../../wire/properties.ts";
import type { BrokerContext } from "../broker-context.ts";
import { ReasonCode } from "../reason-code.ts";
import { refusesFilter } from "./refuses-filter.ts";
import { lasting } from "./session.ts";

/** Flow control, order of messages, Shared Subscriptions. */
export const flowCases: CaseList<BrokerContext> = new CaseList("flow");

for (const qos of [1, 2]) {
  for (const maximum of [1, 3]) {
    flowCases.inVersion(
      5,
      `receive-maximum-${maximum}-qos-${qos}`,
      `[MQTT-3.3.4-9] [MQTT-4.9.0-1] [MQTT-4.9.0-2] [MQTT-3.3.4-10] [MQTT-4.9.0-3] a client with a Receive Maximum of ${maximum} has at most so many messages of QoS ${qos} unacknowledged`,
      async (t) => {
        const client = await t.connect({ properties: [property("receiveMaximum", maximum)] });
        await client.subscribe([[t.topic(), qos]]);
        const publisher = await t.connect();
        const count = maximum * 3;
        for (let i = 0; i < count; i++) await publisher.publish({ topic: t.topic(), payload: `${i}`, qos });
        const held = await client.expectAll("PUBLISH", maximum, { qos });
        // Other packets are answered, and messages of QoS 0 come.
        await client.expectQuiet();
        await client.subscribe([[t.topic("other"), 0]]);
        await publisher.publish({ topic: t.topic("other"), payload: "QoS 0" });
        await client.expect("PUBLISH", { payload: "QoS 0", qos: 0 });
        for (let i = 0; i < count; i++) {
          const message = held.shift();
          t.check(message?.payload?.toString() === `${i}`, `message ${i}`, message?.payload?.toString() ?? "none");
          if (message === undefined) return;
          if (qos === 1) client.acknowledge("PUBACK", message);
          else {
            client.acknowledge("PUBREC", message);
            await client.expect("PUBREL", { packetIdentifier: message.packetIdentifier ?? 0 });
            // PUBREC alone frees nothing.
            await client.expectQuiet();
            client.acknowledge("PUBCOMP", message);
          }
          if (i + maximum < count) held.push(await client.expect("PUBLISH", { payload: `${i + maximum}`, qos }));
          await client.expectQuiet();
        }
      },
    );
  }
}

flowCases.inVersion(
  5,
  "receive-maximum-on-resume",
  "[MQTT-3.3.4-9] [MQTT-4.9.0-2] what is sent again on resume counts against the new connection's Receive Maximum",
  async (t) => {
    const clientId = t.clientId();
    const first = await t.connect({ clientId, ...lasting() });
    await first.subscribe([[t.topic(), 1]]);
    const publisher = await t.connect();
    for (let i = 0; i < 4; i++) await publisher.publish({ topic: t.topic(), payload: `${i}`, qos: 1 });
    await first.expectAll("PUBLISH", 4);
    first.cut();
    const properties = [property("sessionExpiryInterval", 60), property("receiveMaximum", 2)];
    const second = await t.connect({ clientId, cleanStart: false, properties }, { sessionPresent: true });
    const held = await second.expectAll("PUBLISH", 2, { dup: true });
    await second.expectQuiet();
    for (const message of held) second.acknowledge("PUBACK", message);
    await second.receive({ payload: "2" });
    await second.receive({ payload: "3" });
  },
);

flowCases.inVersion(
  5,
  "receive-maximum-exceeded",
  "[MQTT-3.3.4-7] [MQTT-4.13.1-1] a client with more QoS 2 messages unreleased than the server's Receive Maximum is closed with 0x93",
  async (t) => {
    const maximum = t.server.receiveMaximum;
    t.requires(maximum <= 5_000, "Receive Maximum that a test reaches soon");
    const client = await t.connect();
    for (let i = 1; i <= maximum + 1; i++) client.sendPublish({ topic: t.topic(), qos: 2, packetIdentifier: i });
    for (;;) {
      const event = await client.next("DISCONNECT 0x93");
      if (event === "the connection is closed") return;
      if (event.name === "PUBREC") continue;
      t.check(
        event.name === "DISCONNECT" && event.reasonCode === ReasonCode.RECEIVE_MAXIMUM,
        "DISCONNECT 0x93",
        `${event.name} ${event.reasonCode}`,
      );
      return;
    }
  },
);

flowCases.inVersion(
  5,
  "receive-maximum-reached",
  "[MQTT-3.3.4-7] [MQTT-4.9.0-3] a client may have as many QoS 2 messages unreleased as the server's Receive Maximum, and be answered",
  async (t) => {
    const count = Math.min(t.server.receiveMaximum, 1_000);
    const client = await t.connect();
    for (let i = 1; i <= count; i++) client.sendPublish({ topic: t.topic(), qos: 2, packetIdentifier: i });
    for (let i = 1; i <= count; i++) await client.expect("PUBREC", { packetIdentifier: i });
    await client.expectQuiet();
    await client.subscribe([[t.topic("other"), 0]]);
    for (let i = 1; i <= count; i++) client.acknowledge("PUBREL", i);
    for (let i = 1; i <= count; i++) await client.expect("PUBCOMP", { packetIdentifier: i, reasonCode: 0 });
  },
);

// Order.

for (const qos of [0, 1, 2]) {
  flowCases.both(
    `order-qos-${qos}`,
    `[MQTT-4.6.0-5] [MQTT-4.6.0-6] [v3 MQTT-4.6.0-5] [v3 MQTT-4.6.0-6] 100 messages of QoS ${qos} on a topic come in the order they were sent`,
    async (t) => {
      const client = await t.subscriber(t.topic(), qos);
      const publisher = await t.connect();
      for (let i = 0; i < 100; i++) await publisher.publish({ topic: t.topic(), payload: `${i}`, qos });
      let next = 0;
      while (next < 100) {
        const packet = await client.next(`message ${next}`);
        t.check(packet !== "the connection is closed", `message ${next}`, "a close");
        if (packet === "the connection is closed") return;
        if (packet.name === "PUBREL") client.acknowledge("PUBCOMP", packet);
        else {
          t.check(packet.payload?.toString() === `${next}`, `message ${next}`, packet.payload?.toString() ?? packet.name);
          next++;
          if (qos > 0) client.acknowledge(qos === 1 ? "PUBACK" : "PUBREC", packet);
        }
      }
    },
  );
}

flowCases.both(
  "order-two-subscribers",
  "[MQTT-4.6.0-5] [MQTT-4.5.0-1] [v3 MQTT-4.6.0-6] [v3 MQTT-4.5.0-1] every subscriber gets each message, in order",
  async (t) => {
    const clients = [await t.subscriber(t.topic(), 1), await t.subscriber(`${t.topic()}/#`, 1), await t.subscriber(t.topic(), 0)];
    const publisher = await t.connect();
    for (let i = 0; i < 20; i++) await publisher.publish({ topic: t.topic(), payload: `${i}`, qos: 1 });
    for (const client of clients) for (let i = 0; i < 20; i++) await client.receive({ payload: `${i}` });
  },
);

// Shared Subscriptions.

flowCases.inVersion(
  5,
  "shared-once",
  "[section 4.8.2] [MQTT-4.8.2-1] a message goes to one member of a Shared Subscription, and to other subscriptions as usual",
  async (t) => {
    t.requires(t.server.hasSharedSubscriptions, "Shared Subscriptions");
    const filter = `$share/group/${t.topic()}`;
    const members = [await t.subscriber(filter, 1), await t.subscriber(filter, 1), await t.subscriber(filter, 1)];
    const other = await t.subscriber(`$share/other/${t.topic()}`, 1);
    const plain = await t.subscriber(t.topic(), 1);
    const publisher = await t.connect();
    for (let i = 0; i < 30; i++) {
      await publisher.publish({ topic: t.topic(), payload: `${i}`, qos: 1 });
      await plain.receive({ payload: `${i}` });
      await other.receive({ payload: `${i}` });
    }
    const seen: string[] = [];
    for (const member of members) {
      member.send(Buffer.from([0xc0, 0]));
      for (;;) {
        const packet = await member.next("a message or PINGRESP");
        if (packet === "the connection is closed" || packet.name === "PINGRESP") break;
        member.acknowledge("PUBACK", packet);
        seen.push(packet.payload?.toString() ?? "");
      }
    }
    // A member that acknowledges late may get more after its PINGRESP; what was sent to no member at all is lost.
    t.check(new Set(seen).size === seen.length && seen.length <= 30, "no message twice", seen);
    t.check(seen.length === 30, "each of 30 messages", `${seen.length}`);
  },
);

for (const [id, filter] of [
  ["no-share-name", "$share//a"],
  ["plus-in-share-name", "$share/a+/b"],
  ["hash-in-share-name", "$share/#/b"],
  ["no-filter", "$share/group"],
  ["empty-filter", "$share/group/"],
] as const) {
  flowCases.inVersion(
    5,
    `shared-${id}`,
    `[MQTT-4.8.2-1] [MQTT-4.8.2-2] the Shared Subscription ${filter} is refused by its code or a close`,
    async (t) => {
      t.requires(t.server.hasSharedSubscriptions, "Shared Subscriptions");
      await refusesFilter(t, filter);
    },
  );
}

flowCases.inVersion(5, "shared-granted-qos", "[MQTT-4.8.2-3] a member gets messages at most at its granted QoS", async (t) => {
  t.requires(t.server.hasSharedSubscriptions, "Shared Subscriptions");
  const publisher = await t.connect();
  for (const granted of [0, 1, 2]) {
    const topic = t.topic(`${granted}`);
    const member = await t.subscriber(`$share/group/${topic}`, granted);
    await publisher.publish({ topic, payload: "x", qos: 2 });
    await member.receive({ topic, qos: granted });
  }
});

flowCases.inVersion(5, "shared-identifier", "[MQTT-3.3.4-3] a Shared Subscription has its Subscription Identifier", async (t) => {
  t.requires(t.server.hasSharedSubscriptions && t.server.hasSubscriptionIdentifiers, "Shared Subscriptions with identifiers");
  const member = await t.connect();
  await member.subscribe([[`$share/group/${t.topic()}`, 0]], [property("subscriptionIdentifier", 3)]);
  const publisher = await t.connect();
  await publisher.publish({ topic: t.topic() });
  await member.expect("PUBLISH", { properties: { subscriptionIdentifier: [3] } });
});

flowCases.inVersion(
  5,
  "shared-unsubscribe",
  "[MQTT-3.10.4-1] [section 4.8.2] UNSUBSCRIBE of a Shared Subscription leaves the plain one of the same filter",
  async (t) => {
    t.requires(t.server.hasSharedSubscriptions, "Shared Subscriptions");
    const client = await t.connect();
    await client.subscribe([
      [`$share/group/${t.topic()}`, 0],
      [t.topic("end"), 0],
    ]);
    const plain = await t.subscriber(t.topic());
    await client.unsubscribe([`$share/group/${t.topic()}`], { reasonCodes: [0] });
    const publisher = await t.connect();
    await publisher.publish({ topic: t.topic(), payload: "x" });
    await plain.expect("PUBLISH", { payload: "x" });
    await publisher.publish({ topic: t.topic("end") });
    await client.expect("PUBLISH", { topic: t.topic("end") });
  },
);

flowCases.inVersion(
  5,
  "shared-completed-on-return",
  "[MQTT-4.8.2-4] a QoS 2 message whose delivery to a member had begun is finished with that member when it is back",
  async (t) => {
    t.requires(t.server.hasSharedSubscriptions, "Shared Subscriptions");
    const fields = { clientId: t.clientId(), ...lasting() };
    const filter = `$share/group/${t.topic()}`;
    const member = await t.connect(fields);
    await member.subscribe([[filter, 2]]);
    const publisher = await t.connect();
    await publisher.publish({ topic: t.topic(), payload: "begun", qos: 2 });
    const message = await member.expect("PUBLISH", { payload: "begun", qos: 2 });
    const other = await t.subscriber(filter, 2);
    member.cut();
    const again = await t.connect(fields, { sessionPresent: true });
    await again.receive({ payload: "begun", packetIdentifier: message.packetIdentifier ?? 0, dup: true });
    await other.expectQuiet();
  },
);

flowCases.inVersion(
  5,
  "shared-member-gone",
  "[MQTT-4.8.2-5] a QoS 2 message whose delivery had begun goes to no other member when the session ends",
  async (t) => {
    t.requires(t.server.hasSharedSubscriptions, "Shared Subscriptions");
    const filter = `$share/group/${t.topic()}`;
    const member = await t.subscriber(filter, 2);
    const publisher = await t.connect();
    await publisher.publish({ topic: t.topic(), payload: "begun", qos: 2 });
    await member.expect("PUBLISH", { payload: "begun", qos: 2 });
    const other = await t.subscriber(filter, 2);
    await member.disconnect();
    await publisher.publish({ topic: t.topic(), payload: "next", qos: 2 });
    await other.receive({ payload: "next" });
  },
);

flowCases.inVersion(5, "shared-refused", "[MQTT-4.8.2-6] a message that a member refuses goes to no other member", async (t) => {
  t.requires(t.server.hasSharedSubscriptions, "Shared Subscriptions");
  const filter = `$share/group/${t.topic()}`;
  const member = await t.subscriber(filter, 1);
  const publisher = await t.connect();
  await publisher.publish({ topic: t.topic(), payload: "refused", qos: 1 });
  const message = await member.expect("PUBLISH", { payload: "refused" });
  const other = await t.subscriber(filter, 1);
  member.acknowledge("PUBACK", message, 0x80);
  await member.expectQuiet();
  await other.expectQuiet();
});

flowCases.inVersion(5, "shared-member-left", "[section 4.8.2] when a member goes, the others get all messages", async (t) => {
  t.requires(t.server.hasSharedSubscriptions, "Shared Subscriptions");
  const filter = `$share/group/${t.topic()}`;
  const leaving = await t.subscriber(filter, 1);
  const staying = await t.subscriber(filter, 1);
  await leaving.disconnect();
  const publisher = await t.connect();
  for (let i = 0; i < 10; i++) {
    await publisher.publish({ topic: t.topic(), payload: `${i}`, qos: 1 });
    await staying.receive({ payload: `${i}` });
  }
});
