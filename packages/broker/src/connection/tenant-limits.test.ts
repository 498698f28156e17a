import { PacketType } from "@bowline/protocol";
import { BrokerWorld, connectOf, publishOf, type TestClient } from "@bowline/testkit/broker";
import { expect, test } from "vitest";
import { defaultLimits } from "./broker-limits.ts";
import { limitsOf, type TenantLimits } from "./tenant-limits.ts";

/* What one tenant may have of its own. The broker's world has the tenant `default` alone. */

async function worldWith(own: TenantLimits): Promise<BrokerWorld> {
  const world = await BrokerWorld.start();
  world.broker.setTenantLimits("default", own);
  return world;
}

async function connack(world: BrokerWorld, changes: Parameters<typeof connectOf>[1], version: 4 | 5 = 5): Promise<unknown> {
  const client = world.dial(version);
  client.send(connectOf(version, changes));
  const [packet] = await client.take();
  return packet;
}

function burst(client: TestClient, count: number): void {
  client.send(...Array.from({ length: count }, (_, index) => publishOf("t", "x", 1, { packetIdentifier: index + 1 })));
}

async function codes(client: TestClient): Promise<number[]> {
  return (await client.take()).map((packet) => (packet as { reasonCode?: number }).reasonCode ?? 0);
}

test("a tenant's own limits stand over the broker's, what it does not name is as before, and what is no limit of a tenant is ignored", () => {
  const own = { maximumSubscriptions: 3, maximumInFlight: undefined, maximumLagMs: 7 } as unknown as TenantLimits;
  expect(limitsOf(defaultLimits, own)).toEqual({ ...defaultLimits, maximumSubscriptions: 3 });
  expect(limitsOf(defaultLimits, undefined)).toBe(defaultLimits);
});

test("maximumTenantConnections: one more is refused with 0x97 and the limit named, on 3.1.1 with Server unavailable; a takeover makes room", async () => {
  const world = await worldWith({ maximumTenantConnections: 1 });
  expect(await connack(world, { clientIdentifier: "one" })).toMatchObject({ reasonCode: 0 });
  const refused = await connack(world, { clientIdentifier: "two" });
  expect(refused).toMatchObject({
    type: PacketType.CONNACK,
    reasonCode: 0x97,
    properties: { reasonString: "QUOTA: the tenant has as many connections as it may (maximumTenantConnections)" },
  });
  expect(await connack(world, { clientIdentifier: "two" }, 4)).toMatchObject({ reasonCode: 0x88 });
  expect(await connack(world, { clientIdentifier: "one" })).toMatchObject({ reasonCode: 0 });
  expect(world.broker.counters.refusedConnections).toBe(2);
});

test("maximumSessions counts those of clients that are away; who has one comes back, and one that ends makes room", async () => {
  const world = await worldWith({ maximumSessions: 1 });
  const lasting = { clientIdentifier: "one", cleanStart: false, properties: { sessionExpiryInterval: 5 } };
  const one = await world.client(5, lasting);
  await one.cut();
  expect(await connack(world, { clientIdentifier: "two" })).toMatchObject({ reasonCode: 0x97 });
  expect(world.broker.counters.refusedSessions).toBe(1);
  const again = await world.client(5, lasting);
  await again.cut();
  await world.clock.advance(6_000);
  expect(await connack(world, { clientIdentifier: "two" })).toMatchObject({ reasonCode: 0 });
});

test("maximumTenantSubscriptions counts those of all Sessions; a Subscription may be replaced at the limit", async () => {
  const world = await worldWith({ maximumTenantSubscriptions: 2 });
  const [one, two] = [await world.client(), await world.client()];
  await one.subscribe("a", 0);
  await two.subscribe("a", 0);
  const suback = async (topicFilter: string): Promise<unknown> => {
    two.send({
      type: PacketType.SUBSCRIBE,
      packetIdentifier: 9,
      subscriptions: [{ topicFilter, qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 }],
    });
    return (await two.take())[0];
  };
  expect(await suback("b")).toMatchObject({
    reasonCodes: [0x97],
    properties: { reasonString: "QUOTA: no more than 2 of the tenant (maximumTenantSubscriptions)" },
  });
  expect(await suback("a")).toMatchObject({ reasonCodes: [1] });
  expect(world.broker.counters.subscriptionsRefused).toBe(1);
});

test("tenantPublishesPerSecond is shared: who has waited 1 s for its turn is refused, and gets in again when there is room", async () => {
  const world = await worldWith({ tenantPublishesPerSecond: 10 });
  const [one, two] = [await world.client(), await world.client()];
  burst(one, 10);
  expect(await codes(one)).toHaveLength(10);
  burst(two, 30);
  await world.clock.advance(3_000);
  const answers = await codes(two);
  expect(answers).toHaveLength(30);
  const accepted = answers.filter((code) => code === 0).length;
  expect(accepted).toBeGreaterThanOrEqual(10);
  expect(accepted).toBeLessThanOrEqual(30);
  await world.clock.advance(1_000);
  burst(one, 1);
  expect(await codes(one)).toEqual([0]);
});

test("limits of a tenant hold at once: rates for those who are connected, and they go when they are taken away", async () => {
  const world = await BrokerWorld.start();
  const client = await world.client();
  world.broker.setTenantLimits("default", { publishesPerSecond: 2, maximumTopicLevels: 2 });
  burst(client, 3);
  expect(await codes(client)).toEqual([0, 0]);
  world.broker.setTenantLimits("default", undefined);
  await world.clock.advance(1_000);
  expect(await codes(client)).toEqual([0]);
  burst(client, 30);
  expect(await codes(client)).toHaveLength(30);
  client.send(publishOf("a/b/c", "x", 1, { packetIdentifier: 77 }));
  expect(await codes(client)).toEqual([0]);
});
