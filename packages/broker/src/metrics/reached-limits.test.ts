import { PacketType } from "@bowline/protocol";
import { BrokerWorld, connectOf, publishOf, type TestClient } from "@bowline/testkit/broker";
import { expect, test } from "vitest";
import type { BrokerLimits } from "../connection/broker-limits.ts";
import { REACHED_LIMITS } from "./reached-limits.ts";

const filterOf = (topicFilter: string) =>
  ({ topicFilter, qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 }) as const;

/** What reaches each limit, and how often it is counted. */
const ways: readonly {
  limit: string;
  limits: Partial<BrokerLimits>;
  times: number;
  reach: (world: BrokerWorld) => Promise<unknown>;
}[] = [
  {
    limit: "connectTimeoutMs",
    limits: { connectTimeoutMs: 1_000 },
    times: 1,
    reach: async (world) => {
      world.dial();
      await world.clock.advance(1_500);
    },
  },
  {
    limit: "maximumConnectSize",
    limits: { maximumConnectSize: 100 },
    times: 1,
    reach: async (world) => world.dial().send(connectOf(5, { clientIdentifier: "x".repeat(100) })),
  },
  {
    limit: "maximumPacketSize",
    limits: { maximumPacketSize: 100 },
    times: 1,
    reach: async (world) => (await world.client()).publish("t", "x".repeat(100)),
  },
  {
    limit: "receiveMaximum",
    limits: { receiveMaximum: 1 },
    times: 1,
    reach: async (world) => {
      const client = await world.client();
      for (const packetIdentifier of [1, 2]) client.publish("t", "x", 2, { packetIdentifier });
    },
  },
  {
    limit: "maximumTopicLevels",
    limits: { maximumTopicLevels: 2, maximumTopicBytes: 10 },
    times: 6,
    reach: async (world) => {
      const client: TestClient = await world.client();
      for (const [index, topic] of ["a/b/c", "x".repeat(11)].entries()) {
        client.send(publishOf(topic, "", 1, { packetIdentifier: index + 1 }));
        client.send({ type: PacketType.SUBSCRIBE, packetIdentifier: index + 3, subscriptions: [filterOf(topic), filterOf("a/b")] });
        const will = { topicName: topic, payload: new Uint8Array(), qos: 0, retain: false } as const;
        world.dial().send(connectOf(5, { clientIdentifier: `will-${index}`, will }));
      }
    },
  },
  {
    limit: "maximumSessionExpiryInterval",
    limits: { maximumSessionExpiryInterval: 10 },
    times: 2,
    reach: async (world) => {
      await world.client(5, { properties: { sessionExpiryInterval: 11 } });
      await world.client(4, { cleanStart: false });
      await world.client(5, { properties: { sessionExpiryInterval: 10 } });
    },
  },
];

test("there is a way to reach each", () => {
  expect(ways.map(({ limit }) => limit)).toEqual(REACHED_LIMITS.map(([limit]) => limit));
});

test.each(ways)("$limit is counted when it is reached, and no other is", async ({ limit, limits, times, reach }) => {
  const world = await BrokerWorld.start({ limits });
  await reach(world);
  await world.settle();
  const { counters } = world.broker;
  const counted = REACHED_LIMITS.filter(([, name]) => counters[name] > 0).map(([name, key]) => [name, counters[key]]);
  expect(counted).toEqual([[limit, times]]);
});
