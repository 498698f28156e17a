import { reasonCodes } from "../../wire/build.ts";
import { valueOf } from "../../wire/parse.ts";
import { property } from "../../wire/properties.ts";
import { BOTH, clientCase, type ClientCase, EVERY, V4, V5 } from "../client-case.ts";
import type { SubscribeSettings } from "../client-driver.ts";
import { check, type Kit } from "../kit.ts";
import { recommended } from "../recommendation.ts";

/* Sections 3.8 to 3.11. */

/** These are asked to be subscribed, then a good message is sent: only that may come. */
async function expectNeverSubscribed(kit: Kit, ...all: readonly SubscribeSettings[]): Promise<void> {
  const connection = await kit.connected();
  for (const one of all) {
    try {
      kit.client.subscribe(one).catch(() => undefined);
    } catch {
      // Refused at once: so be it.
    }
  }
  kit.client.publish({ topicName: "good" }).catch(() => undefined);
  await connection.peer.expect("PUBLISH", { topic: "good" });
}

export const subscribeCases: readonly ClientCase[] = [
  clientCase(
    "[MQTT-3.8.1-1] [MQTT-3.8.3-1] [MQTT-3.8.3-2] [MQTT-2.2.1-3] [v3 MQTT-3.8.1-1] [v3 MQTT-3.8.3-1] [v3 MQTT-3.8.3-3] [v3 MQTT-2.3.1-1] SUBSCRIBE has flags 0010, an identifier, and filters with their QoS",
    EVERY,
    ["subscribe"],
    async (kit) => {
      const connection = await kit.connected();
      for (const qos of [0, 1, 2] as const) {
        const outcome = kit.client.subscribe({ topicFilters: [`f/${qos}/+/#`, `größe/${qos}`], qos });
        const one = await connection.peer.expect("SUBSCRIBE");
        const filters = one.filters?.map(({ filter, options = 0 }) => `${filter} ${options & 3}`);
        check(String(filters) === `f/${qos}/+/# ${qos},größe/${qos} ${qos}`, "two filters in order", filters);
        connection.answer(one);
        check(String(await outcome) === `${qos},${qos}`, "what was granted", await outcome);
      }
    },
  ),
  clientCase(
    "[MQTT-3.8.3-5] [v3 MQTT-3.8.3-4] the reserved bits of each filter's options are 0, Retain Handling is not 3",
    EVERY,
    ["subscribe"],
    async (kit) => {
      const connection = await kit.connected();
      kit.client.subscribe({ topicFilters: ["a", "b"], qos: 2 }).catch(() => undefined);
      for (const { options = 0 } of (await connection.peer.expect("SUBSCRIBE")).filters ?? []) {
        check(kit.version === 5 ? options < 0x30 : options <= 2, "no reserved bit", options);
      }
    },
  ),
  clientCase(
    "[MQTT-3.8.3-3] [section 3.8.3.1] No Local, Retain As Published and Retain Handling are sent as asked",
    V5,
    ["subscribe"],
    async (kit) => {
      const connection = await kit.connected();
      const outcome = kit.client.subscribe({
        topicFilters: ["a"],
        qos: 1,
        noLocal: true,
        retainAsPublished: true,
        retainHandling: 2,
      });
      const one = await connection.peer.expect("SUBSCRIBE");
      check(one.filters?.[0]?.options === (1 | 4 | 8 | 0x20), "0x2d", one.filters);
      connection.answer(one);
      await outcome;
    },
  ),
  clientCase("[section 3.8.2.1.2] a Subscription Identifier, if there is one, is not 0", V5, ["subscribe"], async (kit) => {
    const connection = await kit.connected();
    kit.client.subscribe({ topicFilters: ["a"] }).catch(() => undefined);
    const one = await connection.peer.expect("SUBSCRIBE");
    check(valueOf(one, "subscriptionIdentifier") !== 0, "none, or 1 and more", one.properties);
  }),
  clientCase(
    "[MQTT-3.10.1-1] [MQTT-3.10.3-1] [MQTT-3.10.3-2] [v3 MQTT-3.10.1-1] [v3 MQTT-3.10.3-1] [v3 MQTT-3.10.3-2] UNSUBSCRIBE has flags 0010, an identifier and its filters",
    EVERY,
    ["subscribe", "unsubscribe"],
    async (kit) => {
      const connection = await kit.connected();
      const filters = ["a/+/ü", "b/#"];
      const subscribed = kit.client.subscribe({ topicFilters: filters });
      connection.answer(await connection.peer.expect("SUBSCRIBE"));
      await subscribed;
      const outcome = kit.client.unsubscribe(filters);
      const one = await connection.peer.expect("UNSUBSCRIBE");
      check(String(one.filters?.map(({ filter }) => filter)) === String(filters), String(filters), one.filters);
      connection.answer(one);
      await outcome;
      await connection.expectNothing();
    },
  ),
  clientCase(
    "[MQTT-4.7.1-1] [MQTT-4.7.1-2] [v3 MQTT-4.7.1-2] [v3 MQTT-4.7.1-3] a filter with a wildcard in the wrong place is never sent",
    BOTH,
    ["publish", "subscribe"],
    (kit) => expectNeverSubscribed(kit, ...["a/#/b", "a#", "a/b+", "+a/b", "##", "#/"].map((one) => ({ topicFilters: [one] }))),
  ),
  clientCase(
    "[MQTT-4.7.3-1] [MQTT-4.7.3-2] [v3 MQTT-4.7.3-1] [v3 MQTT-4.7.3-2] an empty filter and one with U+0000 are never sent",
    BOTH,
    ["publish", "subscribe"],
    (kit) => expectNeverSubscribed(kit, { topicFilters: [""] }, { topicFilters: ["a\0b"] }),
  ),
  clientCase(
    "[MQTT-4.7.3-3] [v3 MQTT-4.7.3-3] a filter above 65,535 bytes is never sent",
    BOTH,
    ["oversized topics", "publish", "subscribe"],
    (kit) => expectNeverSubscribed(kit, { topicFilters: ["x".repeat(65_536)] }),
  ),
  clientCase("[MQTT-3.8.3-2] [v3 MQTT-3.8.3-3] a SUBSCRIBE without a filter is never sent", BOTH, ["publish", "subscribe"], (kit) =>
    expectNeverSubscribed(kit, { topicFilters: [] }),
  ),
  clientCase(
    "[MQTT-4.8.2-1] [MQTT-4.8.2-2] a shared filter without a name or a filter, or with a wildcard in its name, is never sent",
    V5,
    ["publish", "subscribe"],
    (kit) =>
      expectNeverSubscribed(
        kit,
        ...["$share/", "$share/g", "$share/g/", "$share//a", "$share/g+/a", "$share/#/a"].map((one) => ({ topicFilters: [one] })),
      ),
  ),
  clientCase("[MQTT-3.8.3-4] No Local on a shared filter is never sent", V5, ["publish", "subscribe"], (kit) =>
    expectNeverSubscribed(kit, { topicFilters: ["$share/g/a"], noLocal: true }),
  ),
  clientCase("[section 4.8.2] messages of a shared subscription are delivered", V5, ["subscribe", "receive"], async (kit) => {
    const connection = await kit.connected();
    const outcome = kit.client.subscribe({ topicFilters: ["$share/group/a/+"], qos: 1 });
    const one = await connection.peer.expect("SUBSCRIBE");
    check(one.filters?.[0]?.filter === "$share/group/a/+", "$share/group/a/+", one.filters);
    connection.answer(one);
    await outcome;
    connection.publish({ topic: "a/b", payload: "shared", qos: 1, packetIdentifier: 2 });
    await connection.peer.expect("PUBACK", { packetIdentifier: 2 });
    check(String(await kit.payloads(1)) === "shared", "shared", kit.received);
  }),
  clientCase(
    "[MQTT-3.9.3-2] [v3 MQTT-3.9.3-2] a filter that the server refuses is reported as refused",
    BOTH,
    ["subscribe"],
    async (kit) => {
      const codes = kit.version === 5 ? [0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2] : [0x80];
      const connection = await kit.connected();
      for (const code of codes) {
        const outcome = kit.client.subscribe({ topicFilters: [`refused/${code}`] }).then(
          (granted) => granted.every((one) => one < 0x80),
          () => false,
        );
        // A client may give up a filter that it was not granted.
        const { packetIdentifier = 0 } = await connection.peer.expectPast("UNSUBSCRIBE", "SUBSCRIBE");
        connection.peer.send(reasonCodes("SUBACK", { version: kit.version, packetIdentifier, reasonCodes: [code] }));
        check(!(await outcome), "a refusal", "a success");
      }
      await connection.settle();
    },
  ),
  clientCase("[section 3.8.4] a message that comes before the SUBACK is delivered", BOTH, ["subscribe", "receive"], async (kit) => {
    const connection = await kit.connected();
    const outcome = kit.client.subscribe({ topicFilters: ["a"], qos: 1 });
    const one = await connection.peer.expect("SUBSCRIBE");
    connection.publish({ topic: "a", payload: "early", qos: 1, packetIdentifier: 5 });
    connection.answer(one);
    await outcome;
    await connection.peer.expect("PUBACK", { packetIdentifier: 5 });
    check(String(await kit.payloads(1)) === "early", "early", kit.received);
  }),
  clientCase(
    "[MQTT-3.9.3-1] [MQTT-3.8.4-6] a SUBACK with fewer codes than filters: closes with 0x82",
    V5,
    ["subscribe"],
    async (kit) => {
      const connection = await kit.connected();
      kit.client.subscribe({ topicFilters: ["a", "b"] }).catch(() => undefined);
      const { packetIdentifier = 0 } = await connection.peer.expect("SUBSCRIBE");
      await connection.expectRejected([reasonCodes("SUBACK", { version: 5, packetIdentifier, reasonCodes: [0] })], 0x82, 0x81);
    },
  ),
  clientCase(
    "[v3 MQTT-3.8.4-5] [v3 MQTT-4.8.0-1] a SUBACK with more codes than filters: closes",
    V4,
    ["subscribe"],
    async (kit) => {
      const connection = await kit.connected();
      kit.client.subscribe({ topicFilters: ["a"] }).catch(() => undefined);
      const { packetIdentifier = 0 } = await connection.peer.expect("SUBSCRIBE");
      await connection.expectRejected([reasonCodes("SUBACK", { version: 4, packetIdentifier, reasonCodes: [0, 0] })]);
    },
  ),
  clientCase(
    "[MQTT-3.11.3-1] an UNSUBACK with the wrong number of codes: closes with 0x82",
    V5,
    ["subscribe", "unsubscribe"],
    async (kit) => {
      const connection = await kit.connected();
      const subscribed = kit.client.subscribe({ topicFilters: ["a"] });
      connection.answer(await connection.peer.expect("SUBSCRIBE"));
      await subscribed;
      kit.client.unsubscribe(["a"]).catch(() => undefined);
      const { packetIdentifier = 0 } = await connection.peer.expect("UNSUBSCRIBE");
      await connection.expectRejected([reasonCodes("UNSUBACK", { version: 5, packetIdentifier, reasonCodes: [0, 0] })], 0x82, 0x81);
    },
  ),
  clientCase("[MQTT-3.8.4-2] [v3 MQTT-3.8.4-2] a SUBACK that answers nothing: closes, with 0x82 on 5.0", BOTH, [], async (kit) => {
    const connection = await kit.connected();
    const bytes = reasonCodes("SUBACK", { version: kit.version, packetIdentifier: 99, reasonCodes: [0] });
    await recommended(connection.expectRejected([bytes], 0x82));
  }),
  ...(
    [
      ["[MQTT-3.9.3-2] a SUBACK with a Reason Code that does not exist: closes", 5, 0x42],
      ["[v3 MQTT-3.9.3-2] a SUBACK with a return code that is reserved: closes", 4, 0x03],
    ] as const
  ).map(([title, version, code]) =>
    clientCase(title, [version], ["subscribe"], async (kit) => {
      const connection = await kit.connected();
      kit.client.subscribe({ topicFilters: ["a"] }).catch(() => undefined);
      const { packetIdentifier = 0 } = await connection.peer.expect("SUBSCRIBE");
      await connection.expectRejected([reasonCodes("SUBACK", { version, packetIdentifier, reasonCodes: [code] })], 0x81, 0x82);
    }),
  ),
  clientCase("[section 3.9.2.1] properties of SUBACK and UNSUBACK are taken", V5, ["subscribe", "unsubscribe"], async (kit) => {
    const connection = await kit.connected();
    const properties = [property("reasonString", "well"), property("userProperty", ["", ""]), property("userProperty", ["a", "b"])];
    const subscribed = kit.client.subscribe({ topicFilters: ["a"] });
    const one = (await connection.peer.expect("SUBSCRIBE")).packetIdentifier ?? 0;
    connection.peer.send(reasonCodes("SUBACK", { version: 5, packetIdentifier: one, reasonCodes: [0], properties }));
    await subscribed;
    const unsubscribed = kit.client.unsubscribe(["a"]);
    const two = (await connection.peer.expect("UNSUBSCRIBE")).packetIdentifier ?? 0;
    connection.peer.send(reasonCodes("UNSUBACK", { version: 5, packetIdentifier: two, reasonCodes: [0x11], properties }));
    await unsubscribed;
  }),
];
