import { PacketType } from "@bowline/protocol";
import { BrokerWorld, connectOf, type TestClient } from "@bowline/testkit/broker";
import { expect, test } from "vitest";
import type { ClientDrops } from "../metrics/drop-report.ts";
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

test("[G6 broker] disconnect: the receiver is told 0x97, and gets what waits when it is back", async () => {
  const { world, publisher, receiver } = await worldWith("disconnect", false);
  expect(await publishAll(publisher, 5)).toEqual([0, 0, 0, 0, 0]);
  await world.settle();
  const got = await receiver.take();
  expect(got.at(-1)).toMatchObject({ type: PacketType.DISCONNECT, reasonCode: 0x97 });
  expect(receiver.isClosed).toBe(true);
  expect(world.broker.counters.droppedQueueFull).toBe(2);
  expect(await wakeUp(world)).toEqual(["t=1", "t=2", "t=3"]);
});

test("[G7 broker] reliable: the publisher is told 0x97 and nobody gets the message, and who waits frees its place", async () => {
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

/** A subscriber with room for two, to whom QoS 0 copies of a lasting publisher's QoS 2 messages wait in order with the others. */
async function worldWithZero(queueFull: QueuePolicy): Promise<{ world: BrokerWorld; publisher: TestClient; receiver: TestClient }> {
  const world = await BrokerWorld.start({ limits: { queueFull, maximumQueuedMessages: 2 } });
  const receiver = await world.client(5, { properties: { receiveMaximum: 1 } });
  await receiver.subscribe("t", 1);
  await receiver.subscribe("zero", 0);
  const publisher = await world.client(5, { ...LASTING, clientIdentifier: "publisher" });
  expect(await publishAll(publisher, 2)).toEqual([0, 0]);
  publisher.publish("zero", "0", 2, { packetIdentifier: 10 });
  await publisher.take();
  return { world, publisher, receiver };
}

test.each(["dropNew", "dropOldest", "disconnect", "reliable"] as const)(
  "%s: QoS 0 goes first, and costs no other message its place nor the receiver its connection",
  async (queueFull) => {
    const { world, publisher, receiver } = await worldWithZero(queueFull);
    expect(await publishAll(publisher, 1)).toEqual([0]);
    publisher.publish("zero", "1", 2, { packetIdentifier: 11 });
    expect(await publisher.take()).toMatchObject([{ type: PacketType.PUBREC, reasonCode: 0 }]);
    expect(world.broker.counters).toMatchObject({ droppedQueueFull: 2, publishesDenied: 0, slowDisconnected: 0 });
    expect(receiver.isClosed).toBe(false);
    const texts: string[] = [];
    for (let message = (await receiver.takeMessages())[0]; message !== undefined; message = (await receiver.takeMessages())[0]) {
      texts.push(Buffer.from(message.payload).toString());
      receiver.acknowledge("PUBACK", message.packetIdentifier!);
    }
    expect(texts).toEqual(["1", "2", "1"]);
  },
);

test("a client that does not read gets no QoS 0 once its queue is full, though its transport would take more; others get it all", async () => {
  const world = await BrokerWorld.start({ limits: { maximumQueuedMessages: 2 } });
  const [slow, quick, publisher] = [await world.client(5, LASTING), await world.client(), await world.client()];
  for (const client of [slow, quick]) for (const topic of ["one", "zero"]) await client.subscribe(topic, topic === "one" ? 1 : 0);
  slow.channel.pause();
  const large = "x".repeat(400_000);
  // Until the transport holds its megabyte and the queue its two messages.
  for (let number = 1; world.broker.counters.droppedQueueFull === 0; number++) {
    publisher.publish("one", large, 1, { packetIdentifier: number });
    await world.settle();
  }
  await quick.take();
  publisher.publish("zero", "lost");
  expect(await quick.takeTexts()).toEqual(["zero=lost"]);
  expect(world.broker.counters).toMatchObject({ droppedQueueFull: 1, droppedSlow: 1 });
  slow.channel.resume();
  expect((await slow.takeMessages()).map(({ topicName }) => topicName)).not.toContain("zero");
});

test("[G6 broker] what a client lost is counted for it by reason, over its connections, and told of with what waits for it", async () => {
  const { world, publisher } = await worldWith("dropNew");
  const events: (readonly ClientDrops[])[] = [];
  const stop = world.broker.onDrops((drops) => events.push(drops));
  await publishAll(publisher, 5);
  await world.clock.advance(250);
  const drops = { slowClient: 0, queueFull: 3, tooLarge: 0, expired: 0, revoked: 0, blocked: 0 };
  const who = { tenant: "default", owner: "", clientIdentifier: "sleeper", isConnected: false };
  expect(events).toEqual([[{ ...who, drops, queued: 2, queuedBytes: 4, inFlight: 0 }]]);
  await publishAll(publisher, 1);
  await wakeUp(world);
  const session = [...[...world.broker.allTenants()][0]!.sessions.values()].find((each) => each.clientIdentifier === "sleeper")!;
  expect(session.drops?.total).toEqual({ ...drops, queueFull: 4 });
  await world.clock.advance(10_000);
  expect(events[1]).toEqual([
    { ...who, isConnected: true, drops: { ...drops, queueFull: 1 }, queued: 0, queuedBytes: 0, inFlight: 0 },
  ]);
  stop();
  await world.clock.advance(60_000);
  expect(events).toHaveLength(2);
});

test("[G7 broker] reliable: whose queue it was is counted and told of", async () => {
  const { world, publisher } = await worldWith("reliable");
  const events: (readonly ClientDrops[])[] = [];
  world.broker.onDrops((drops) => events.push(drops));
  await publishAll(publisher, 4);
  await world.clock.advance(250);
  expect(world.broker.counters).toMatchObject({ publishesBlocked: 2, publishesDenied: 2, droppedQueueFull: 0 });
  expect(events[0]).toMatchObject([{ clientIdentifier: "sleeper", drops: { blocked: 2, queueFull: 0 } }]);
});
