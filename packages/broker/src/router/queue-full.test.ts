import { PacketType } from "@bowline/protocol";
import { BrokerWorld, connectOf, type TestClient } from "@bowline/testkit/broker";
import { expect, test } from "vitest";
import type { QueuePolicy } from "./delivery.ts";

const LASTING = { clientIdentifier: "sleeper", cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };

/** A subscriber whose queue takes two messages. */
async function worldWith(
  queueFull: QueuePolicy,
  sleeps = true,
): Promise<{ world: BrokerWorld; publisher: TestClient; receiver: TestClient }> {
  const world = await BrokerWorld.start({ limits: { queueFull, maximumQueuedMessages: 2 } });
  const properties = { sessionExpiryInterval: 1_000, receiveMaximum: 1 };
  const receiver = await world.client(5, sleeps ? LASTING : { ...LASTING, properties });
  await receiver.subscribe("t", 1);
  if (sleeps) await receiver.cut();
  return { world, publisher: await world.client(), receiver };
}

async function publishAll(publisher: TestClient, count: number): Promise<number[]> {
  for (let number = 1; number <= count; number++) publisher.publish("t", String(number), 1, { packetIdentifier: number });
  return (await publisher.take()).map((packet) => (packet as { reasonCode: number }).reasonCode);
}

async function wakeUp(world: BrokerWorld): Promise<string[]> {
  const client = world.dial();
  client.send(connectOf(5, LASTING));
  const messages = (await client.take()).filter((packet) => packet.type === PacketType.PUBLISH);
  client.send(
    ...messages.map(({ packetIdentifier = 0 }) => ({ type: PacketType.PUBACK, packetIdentifier, reasonCode: 0 }) as const),
  );
  await world.settle();
  return messages.map(({ topicName, payload }) => `${topicName}=${Buffer.from(payload).toString()}`);
}

test("dropNew: the queue keeps what came first, and the rest is counted", async () => {
  const { world, publisher } = await worldWith("dropNew");
  expect(await publishAll(publisher, 4)).toEqual([0, 0, 0, 0]);
  expect(world.broker.counters.droppedQueueFull).toBe(2);
  expect(await wakeUp(world)).toEqual(["t=1", "t=2"]);
});

test("dropOldest: the queue keeps what came last, also after a crash, and the rest is counted", async () => {
  const { world, publisher } = await worldWith("dropOldest");
  expect(await publishAll(publisher, 4)).toEqual([0, 0, 0, 0]);
  expect(world.broker.counters.droppedQueueFull).toBe(2);
  await world.crash();
  expect(await wakeUp(world)).toEqual(["t=3", "t=4"]);
});

test("disconnect: the receiver is told 0x97, and gets what waits when it is back", async () => {
  const { world, publisher, receiver } = await worldWith("disconnect", false);
  expect(await publishAll(publisher, 5)).toEqual([0, 0, 0, 0, 0]);
  await world.settle();
  const got = await receiver.take();
  expect(got.at(-1)).toMatchObject({ type: PacketType.DISCONNECT, reasonCode: 0x97 });
  expect(receiver.isClosed).toBe(true);
  expect(world.broker.counters.droppedQueueFull).toBe(2);
  expect(await wakeUp(world)).toEqual(["t=1", "t=2", "t=3"]);
});

test("reliable: the publisher is told 0x97 and nobody gets the message, and who waits frees its place", async () => {
  const { world, publisher } = await worldWith("reliable");
  const other = await world.client();
  await other.subscribe("t", 1);
  expect(await publishAll(publisher, 3)).toEqual([0, 0, 0x97]);
  expect(await other.takeTexts()).toEqual(["t=1", "t=2"]);
  expect(world.broker.counters).toMatchObject({ droppedQueueFull: 0, publishesDenied: 1 });
  expect(await wakeUp(world)).toEqual(["t=1", "t=2"]);
  expect(await publishAll(publisher, 1)).toEqual([0]);
});

test("reliable, before 5.0: the connection ends, and the message is not acknowledged", async () => {
  const { world, publisher } = await worldWith("reliable");
  await publishAll(publisher, 2);
  const older = await world.client(4);
  older.publish("t", "x", 2, { packetIdentifier: 1 });
  expect(await older.take()).toEqual([]);
  expect(older.isClosed).toBe(true);
  expect(await wakeUp(world)).toEqual(["t=1", "t=2"]);
});

test("reliable: a full member of a shared subscription refuses it, and QoS 0 goes on", async () => {
  const world = await BrokerWorld.start({ limits: { queueFull: "reliable", maximumQueuedMessages: 1 } });
  const member = await world.client(5, LASTING);
  await member.subscribe("$share/g/t", 1);
  await member.cut();
  const watcher = await world.client();
  await watcher.subscribe("t", 0);
  const publisher = await world.client();
  expect(await publishAll(publisher, 2)).toEqual([0, 0x97]);
  publisher.publish("t", "0");
  await world.settle();
  expect(await watcher.takeTexts()).toEqual(["t=1", "t=0"]);
});
