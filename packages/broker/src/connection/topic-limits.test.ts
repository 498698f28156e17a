import { PacketType } from "@bowline/protocol";
import { BrokerWorld, connectOf, publishOf } from "@bowline/testkit/broker";
import { expect, test } from "vitest";

test("Topic Names and Topic Filters longer than maximumTopicBytes are refused: 0x90, 0x8F, and a Will with its CONNECT", async () => {
  const world = await BrokerWorld.start({ limits: { maximumTopicBytes: 8 } });
  const client = await world.client();
  client.publish("12345678", "", 1, { packetIdentifier: 1 });
  client.publish("123456789", "", 1, { packetIdentifier: 2 });
  expect(await client.take()).toMatchObject([
    { type: PacketType.PUBACK, packetIdentifier: 1, reasonCode: 0 },
    { type: PacketType.PUBACK, packetIdentifier: 2, reasonCode: 0x90 },
  ]);
  client.send({ type: PacketType.SUBSCRIBE, packetIdentifier: 3, subscriptions: [filter("12345678"), filter("1234567/+")] });
  expect(await client.take()).toMatchObject([{ type: PacketType.SUBACK, reasonCodes: [0, 0x8f] }]);
  const willing = world.dial();
  willing.send(connectOf(5, { will: { topicName: "123456789", payload: new Uint8Array(), qos: 0, retain: false } }));
  expect(await willing.take()).toMatchObject([{ type: PacketType.CONNACK, reasonCode: 0x90 }]);
});

test("a Session has maximumSubscriptions: more are refused with 0x97 and counted, one that is there can be changed, one that goes makes room", async () => {
  const world = await BrokerWorld.start({ limits: { maximumSubscriptions: 2 } });
  const client = await world.client();
  client.send({
    type: PacketType.SUBSCRIBE,
    packetIdentifier: 1,
    subscriptions: [filter("a"), filter("b"), filter("c"), filter("a")],
  });
  expect(await client.take()).toMatchObject([{ reasonCodes: [0, 0, 0x97, 0] }]);
  client.send({ type: PacketType.UNSUBSCRIBE, packetIdentifier: 2, topicFilters: ["a"] });
  client.send({ type: PacketType.SUBSCRIBE, packetIdentifier: 3, subscriptions: [filter("c")] });
  expect(await client.take()).toMatchObject([{ type: PacketType.UNSUBACK }, { reasonCodes: [0] }]);
  expect(world.broker.counters.subscriptionsRefused).toBe(1);
  const older = await world.client(4);
  older.send({ type: PacketType.SUBSCRIBE, packetIdentifier: 1, subscriptions: [filter("a"), filter("b"), filter("c")] });
  expect(await older.take()).toMatchObject([{ reasonCodes: [0, 0, 0x80] }]);
});

test("a tenant has maximumRetainedMessages: more are refused with 0x97, before 5.0 by the end of the connection, and never delivered", async () => {
  const world = await BrokerWorld.start({ limits: { maximumRetainedMessages: 1 } });
  const watcher = await world.client();
  await watcher.subscribe("#", 1);
  const client = await world.client();
  client.send(publishOf("a", "1", 1, { packetIdentifier: 1, retain: true }));
  client.send(publishOf("b", "1", 1, { packetIdentifier: 2, retain: true }));
  // In place of the older one, and away with it.
  client.send(publishOf("a", "2", 1, { packetIdentifier: 3, retain: true }));
  expect(await client.take()).toMatchObject([{ reasonCode: 0 }, { reasonCode: 0x97 }, { reasonCode: 0 }]);
  expect(await watcher.takeTexts()).toEqual(["a=1", "a=2"]);
  const older = await world.client(4);
  older.send(publishOf("b", "1", 1, { packetIdentifier: 1, retain: true }));
  expect(await older.take()).toEqual([]);
  expect(older.isClosed).toBe(true);
  expect(world.broker.counters).toMatchObject({ retainedRefused: 2, publishesDenied: 2, messagesReceived: 2 });
  client.send(publishOf("a", "", 0, { retain: true }), publishOf("b", "1", 1, { packetIdentifier: 4, retain: true }));
  expect(await client.take()).toMatchObject([{ reasonCode: 0 }]);
});

test("maximumRetainedBytes counts topic, payload and properties, and what is removed or replaced is given back", async () => {
  const world = await BrokerWorld.start({ limits: { maximumRetainedBytes: 100 } });
  const client = await world.client();
  const put = async (topicName: string, bytes: number): Promise<number> => {
    client.send(publishOf(topicName, "x".repeat(bytes), 1, { packetIdentifier: 1, retain: true }));
    return ((await client.take())[0] as { reasonCode: number }).reasonCode;
  };
  expect(await put("a", 50)).toBe(0);
  expect(await put("b", 80)).toBe(0x97);
  expect(await put("a", 10)).toBe(0);
  expect(await put("b", 80)).toBe(0);
  expect([...world.broker.allTenants()][0]!.router.retainedBytes).toBe(11 + 81);
  expect(await put("a", 0)).toBe(0);
  expect(await put("b", 0)).toBe(0);
  expect([...world.broker.allTenants()][0]!.router.retainedBytes).toBe(0);
});

test("a retained Will over the limit is published all the same, and not retained", async () => {
  const world = await BrokerWorld.start({ limits: { maximumRetainedMessages: 0 } });
  const watcher = await world.client();
  await watcher.subscribe("gone", 0);
  const client = await world.client(5, { will: { topicName: "gone", payload: Buffer.from("1"), qos: 0, retain: true } });
  await client.cut();
  expect(await watcher.takeTexts()).toEqual(["gone=1"]);
  expect(world.broker.retainedCount).toBe(0);
  expect(world.broker.counters.retainedRefused).toBe(1);
});

function filter(topicFilter: string) {
  return { topicFilter, qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
}
