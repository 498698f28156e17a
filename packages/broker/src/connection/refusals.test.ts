import { PacketType } from "@bowline/protocol";
import { BrokerWorld, connectOf, publishOf, recordingLogger, type TestClient } from "@bowline/testkit/broker";
import { describe, expect, test } from "vitest";
import { openAccess } from "../acl/access-functions.ts";
import type { Authenticator } from "../auth/authenticator.ts";

/** Refuses everybody, with that Reason Code. */
function refusing(reasonCode: number): Authenticator {
  const refused = { allowed: false, reasonCode, reason: "by the test" } as const;
  return { authenticateNow: () => refused, authenticate: async () => refused };
}

/** What a refused client gets: the CONNACK, then the close, and nothing for what it sent behind its CONNECT. */
async function refusalOf(client: TestClient): Promise<unknown[]> {
  const { version } = client;
  client.send(
    connectOf(version, { clientIdentifier: "name" }),
    { type: PacketType.PINGREQ },
    publishOf("t", "x", 1, { packetIdentifier: 1 }),
  );
  const packets = await client.take();
  expect(client.isClosed).toBe(true);
  return packets;
}

describe("a CONNECT that is refused", () => {
  // covers: [MQTT-3.2.2-6] [MQTT-3.2.2-7] [MQTT-3.1.4-6] [v3 MQTT-3.2.2-4] [v3 MQTT-3.2.2-5] [v3 MQTT-3.1.4-5]
  test.each([
    ["[MQTT-3.1.3-8] its Client Identifier, with 0x85", 5, 0x85, 0x85],
    ["[v3 MQTT-3.1.3-9] its Client Identifier, with return code 2", 4, 0x85, 2],
    ["[MQTT-3.1.4-2] its user name or password, with 0x86", 5, 0x86, 0x86],
    ["its user name or password, with return code 4", 4, 0x86, 4],
    ["its rights, with 0x87", 5, 0x87, 0x87],
    ["its rights, with return code 5", 4, 0x87, 5],
  ] as const)(
    "%s (version %i): CONNACK, close, and nothing that follows is looked at",
    async (_title, version, reasonCode, code) => {
      const world = await BrokerWorld.start({ authenticator: refusing(reasonCode) });
      const client = world.dial(version);
      const answers = await refusalOf(client);
      expect(answers).toHaveLength(1);
      expect(answers).toMatchObject([{ type: PacketType.CONNACK, sessionPresent: false, reasonCode }]);
      // The code as it stands on the wire.
      const raw = world.dial(version);
      const chunks: number[] = [];
      raw.channel.handler = { ...silent, data: (chunk) => void chunks.push(...chunk) };
      raw.send(connectOf(version));
      await world.settle();
      expect(chunks.slice(2, 4)).toEqual([0, code]);
      expect(world.broker.sessionCount).toBe(0);
    },
  );
});

test("the log says which client was refused", async () => {
  const { logger, lines } = recordingLogger();
  const world = await BrokerWorld.start({ authenticator: refusing(0x87), logger });
  await refusalOf(world.dial());
  expect(lines("client refused")).toMatchObject([{ clientId: "name", error: { code: "NOT_AUTHORIZED" } }]);
});

const silent = { data() {}, drained() {}, closed() {} };

describe("a PUBLISH that is not allowed", () => {
  const access = { ...openAccess, mayPublish: (_who: unknown, topicName: string) => topicName !== "denied" };

  test.each([
    [3, 1],
    [3, 2],
    [4, 1],
    [4, 2],
  ] as const)(
    "[v3 MQTT-3.3.5-2] version %i, QoS %i: is not acknowledged, and closes the connection (O-3)",
    async (version, qos) => {
      const world = await BrokerWorld.start({ access });
      const watcher = await world.client(5);
      await watcher.subscribe("#", 2);
      const client = await world.client(version);
      client.publish("allowed", "1", qos);
      expect(await client.take()).toHaveLength(1);
      client.publish("denied", "2", qos);
      expect(await client.take()).toEqual([]);
      expect(client.isClosed).toBe(true);
      expect(await watcher.takeTexts()).toEqual(["allowed=1"]);
    },
  );

  test.each([
    [1, PacketType.PUBACK],
    [2, PacketType.PUBREC],
  ] as const)("5.0, QoS %i: 0x87 says so, and the connection stays (O-3)", async (qos, type) => {
    const world = await BrokerWorld.start({ access });
    const client = await world.client(5);
    const packetIdentifier = client.publish("denied", "2", qos);
    expect(await client.take()).toMatchObject([{ type, packetIdentifier, reasonCode: 0x87 }]);
    client.send({ type: PacketType.PINGREQ });
    expect(await client.take()).toEqual([{ type: PacketType.PINGRESP }]);
  });

  test.each([3, 4, 5] as const)("version %i, QoS 0: it is dropped and counted", async (version) => {
    const world = await BrokerWorld.start({ access });
    const watcher = await world.client(5);
    await watcher.subscribe("#", 2);
    const client = await world.client(version);
    client.publish("denied", "2", 0);
    client.publish("allowed", "1", 0);
    expect(await watcher.takeTexts()).toEqual(["allowed=1"]);
    expect(client.isClosed).toBe(false);
    expect(world.broker.counters.publishesDenied).toBe(1);
  });
});

describe("a Server without wildcards", () => {
  const limits = { wildcardSubscriptionAvailable: false };

  test.each([3, 4] as const)(
    "[v3 MQTT-3.8.3-2] version %i: refuses the Subscription that has one, and takes others",
    async (version) => {
      const world = await BrokerWorld.start({ limits });
      const client = await world.client(version);
      expect(await client.subscribe([{ topicFilter: "a/#" }, { topicFilter: "a/b" }, { topicFilter: "+" }], 1)).toEqual([
        0x80, 1, 0x80,
      ]);
      client.publish("a/b", "1", 0);
      client.publish("a/c", "2", 0);
      expect(await client.takeTexts()).toEqual(["a/b=1"]);
    },
  );

  test("5.0: says so in CONNACK, and ends the connection of who asks all the same with 0xA2 (section 3.2.2.3.11)", async () => {
    const world = await BrokerWorld.start({ limits });
    const client = world.dial(5);
    expect(await client.connect()).toMatchObject({ properties: { wildcardSubscriptionAvailable: 0 } });
    const subscription = { topicFilter: "a/#", qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
    client.send({ type: PacketType.SUBSCRIBE, packetIdentifier: 1, subscriptions: [subscription] });
    expect(await client.take()).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: 0xa2 }]);
    expect(client.isClosed).toBe(true);
  });
});
