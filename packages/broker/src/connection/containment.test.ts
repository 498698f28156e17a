import { describe, expect, test } from "vitest";
import { type Packet, PacketType } from "@bowline/protocol";
import { BrokerWorld, connectOf, type TestClient } from "@bowline/testkit/broker";
import { MemoryStorage } from "../storage/memory-storage.ts";
import type { Storage } from "../storage/storage.ts";

const lasting = (clientIdentifier: string) => ({
  clientIdentifier,
  cleanStart: false,
  properties: { sessionExpiryInterval: 100 },
});

/** Two clients who have nothing to do with the fault, and whether they still reach each other. */
async function bystanders(world: BrokerWorld): Promise<() => Promise<void>> {
  const from = await world.client();
  const to = await world.client(4);
  await to.subscribe("bystanders", 1);
  return async () => {
    from.publish("bystanders", "hello", 1);
    expect(await from.takeOfType(PacketType.PUBACK)).toHaveLength(1);
    const messages = await to.takeMessages();
    expect(messages).toHaveLength(1);
    to.acknowledge("PUBACK", messages[0]!.packetIdentifier!);
    await world.settle();
  };
}

/** Memory that breaks, in a way nobody foresees, in one kind of operation. */
function breakingStorage(world: () => BrokerWorld): { storage: Storage; breakAt: (operation: string) => void } {
  let broken = "";
  const memory = new MemoryStorage({ atEndOfTurn: (run) => void world().clock.setTimer(run, 0) });
  const storage = new Proxy<Storage>(memory, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (name === broken)
        return () => {
          throw new TypeError("storage has a bug");
        };
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  });
  return { storage, breakAt: (operation) => (broken = operation) };
}

describe("[v3 MQTT-4.8.0-2] a fault in storage ends the connection that met it, and no other", () => {
  const acts: readonly (readonly [string, (client: TestClient, world: BrokerWorld) => Promise<unknown>])[] = [
    ["putSession", (_client, world) => Promise.resolve(world.dial().send(connectOf(5, lasting("new"))))],
    ["putSession", (client) => client.cut()],
    ["putSubscription", (client) => Promise.resolve(client.send(subscribe))],
    ["deleteSubscription", (client) => Promise.resolve(client.send(unsubscribe))],
    ["putMessage", (client) => Promise.resolve(client.publish("kept", "x", 1))],
    ["putQueueEntry", (client) => Promise.resolve(client.publish("kept", "x", 1))],
    ["putRetained", (client) => Promise.resolve(client.publish("other", "x", 0, { retain: true }))],
    ["putInboundIdentifier", (client) => Promise.resolve(client.publish("other", "x", 2))],
    ["deleteSession", (client) => client.disconnect(0, { sessionExpiryInterval: 0 })],
  ];
  test.each(acts)("%s", async (operation, act) => {
    const holder: { world?: BrokerWorld } = {};
    const { storage, breakAt } = breakingStorage(() => holder.world!);
    // Made before the world, which needs it: its clock is asked for only when something is stored.
    holder.world = await BrokerWorld.start({ storage });
    const { world } = holder;
    const check = await bystanders(world);
    const sleeper = await world.client(5, lasting("sleeper"));
    await sleeper.subscribe("kept", 1);
    await sleeper.cut();
    const client = await world.client(5, lasting("faulty"));
    await client.subscribe("own", 1);
    breakAt(operation);
    await act(client, world);
    await world.settle();
    await world.clock.advance(1_000);
    breakAt("");
    await check();
    await world.clock.advance(200_000);
    await check();
  });
});

describe("a fault in the rules", () => {
  test("denies what was asked for, and ends no connection", async () => {
    const rule = (who: { clientIdentifier: string }): boolean => {
      if (who.clientIdentifier === "cursed") throw new Error("the rule broke");
      return true;
    };
    const world = await BrokerWorld.start({ access: { mayPublish: rule, maySubscribe: rule, mayReceive: rule } });
    const check = await bystanders(world);
    const cursed = await world.client(5, { clientIdentifier: "cursed" });
    expect(await cursed.subscribe("bystanders", 1)).toEqual([0x87]);
    cursed.publish("bystanders", "x", 1);
    expect(await cursed.take()).toMatchObject([{ type: PacketType.PUBACK, reasonCode: 0x87 }]);
    await check();
    const will = { topicName: "w", payload: Buffer.from(""), qos: 0, retain: false } as const;
    expect(await world.dial().connect({ clientIdentifier: "cursed", will })).toMatchObject({ reasonCode: 0x87 });
    await check();
  });
});

describe("a channel that throws", () => {
  test("is cut alone: whoever published to it, and whoever is flushed with it, notices nothing", async () => {
    const world = await BrokerWorld.start();
    const check = await bystanders(world);
    const bad = await world.client();
    const good = await world.client();
    for (const client of [bad, good]) await client.subscribe("t", 1);
    const publisher = await world.client();
    const connection = [...world.broker.connections()].find(({ session }) => session!.clientIdentifier === "client-3")!;
    connection.arrival.channel.write = () => {
      throw new Error("the socket broke");
    };
    publisher.publish("t", "small", 1);
    publisher.publish("t", "x".repeat(100_000), 1);
    expect((await publisher.take()).map((packet: Packet) => packet.type)).toEqual([PacketType.PUBACK, PacketType.PUBACK]);
    expect(await good.takeMessages()).toHaveLength(2);
    expect(bad.isClosed).toBe(true);
    await check();
  });
});

const subscribe: Packet = {
  type: PacketType.SUBSCRIBE,
  packetIdentifier: 9,
  subscriptions: [{ topicFilter: "x", qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 }],
};
const unsubscribe: Packet = { type: PacketType.UNSUBSCRIBE, packetIdentifier: 9, topicFilters: ["own"] };
