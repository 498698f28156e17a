import { PacketType } from "@bowline/protocol";
import { BrokerWorld, publishOf, type TestClient } from "@bowline/testkit/broker";
import { expect, test } from "vitest";

const RATE = { limits: { publishesPerSecond: 10 } };

/** Sends so many QoS 1 messages in one piece. */
function burst(client: TestClient, count: number, topicName = "t"): void {
  client.send(...Array.from({ length: count }, (_, index) => publishOf(topicName, "x", 1, { packetIdentifier: index + 1 })));
}

async function codes(client: TestClient): Promise<number[]> {
  return (await client.take()).map((packet) => (packet as { reasonCode?: number }).reasonCode ?? 0);
}

test("a second's worth passes at once, and what is over the rate waits its turn", async () => {
  const world = await BrokerWorld.start(RATE);
  const client = await world.client();
  burst(client, 15);
  expect(await codes(client)).toHaveLength(10);
  await world.clock.advance(250);
  expect(await codes(client)).toHaveLength(3);
  await world.clock.advance(250);
  expect(await codes(client)).toEqual([0, 0]);
  expect(world.broker.counters).toMatchObject({ messagesReceived: 15, publishesOverRate: 0 });
  expect(world.broker.counters.publishersSlowed).toBeGreaterThan(0);
});

test("after 1 s over the rate the rest is answered 0x97 and goes to nobody, until the client has paused", async () => {
  const world = await BrokerWorld.start(RATE);
  const watcher = await world.client();
  await watcher.subscribe("t", 0);
  const client = await world.client();
  burst(client, 40);
  await world.clock.advance(1_100);
  const answers = await codes(client);
  expect(answers).toHaveLength(40);
  const accepted = answers.filter((code) => code === 0).length;
  expect(accepted).toBeGreaterThanOrEqual(19);
  expect(accepted).toBeLessThanOrEqual(21);
  expect(answers.filter((code) => code === 0x97)).toHaveLength(40 - accepted);
  expect(await watcher.takeTexts()).toHaveLength(accepted);
  expect(world.broker.counters).toMatchObject({ messagesReceived: accepted, publishesOverRate: 40 - accepted });
  await world.clock.advance(2_000);
  burst(client, 10);
  expect(await codes(client)).toEqual(Array.from({ length: 10 }, () => 0));
});

test("QoS 2 is answered 0x97 in PUBREC, and its Packet Identifier is free again", async () => {
  const world = await BrokerWorld.start(RATE);
  const client = await world.client();
  burst(client, 39);
  client.send(publishOf("t", "x", 2, { packetIdentifier: 40 }));
  await world.clock.advance(1_100);
  expect((await client.take()).at(-1)).toMatchObject({ type: PacketType.PUBREC, packetIdentifier: 40, reasonCode: 0x97 });
  await world.clock.advance(2_000);
  client.send(publishOf("t", "x", 2, { packetIdentifier: 40 }));
  expect(await client.take()).toMatchObject([{ type: PacketType.PUBREC, packetIdentifier: 40, reasonCode: 0 }]);
});

test("before 5.0 the connection ends, and no acknowledgement is sent for what was not taken", async () => {
  const world = await BrokerWorld.start(RATE);
  const client = await world.client(4);
  burst(client, 40);
  await world.clock.advance(1_100);
  expect((await client.take()).length).toBeLessThanOrEqual(21);
  expect(client.isClosed).toBe(true);
});

test("QoS 0 over the rate is dropped and counted, and the connection goes on", async () => {
  const world = await BrokerWorld.start(RATE);
  const watcher = await world.client();
  await watcher.subscribe("+", 0);
  const client = await world.client();
  // Topics that alternate make no run of equal packets.
  client.send(...Array.from({ length: 40 }, (_, index) => publishOf(`t${index % 2}`, "x", 0)), { type: PacketType.PINGREQ });
  await world.clock.advance(1_100);
  expect(await client.take()).toMatchObject([{ type: PacketType.PINGRESP }]);
  const got = (await watcher.takeTexts()).length;
  expect(world.broker.counters.publishesOverRate).toBe(40 - got);
  expect(got).toBeLessThanOrEqual(21);
});

test.each([{ publishesPerSecond: 10 }, { publishBytesPerSecond: 70 }])(
  "a run of equal QoS 0 messages is not taken for one of them: %j",
  async (limits) => {
    const world = await BrokerWorld.start({ limits });
    const watcher = await world.client();
    await watcher.subscribe("+", 0);
    const client = await world.client();
    // Seven bytes each.
    client.send(...Array.from({ length: 40 }, () => publishOf("t", "x", 0)), { type: PacketType.PINGREQ });
    await world.settle();
    expect(await watcher.takeTexts()).toHaveLength(10);
    await world.clock.advance(1_100);
    expect(await client.take()).toMatchObject([{ type: PacketType.PINGRESP }]);
    const later = (await watcher.takeTexts()).length;
    expect(later).toBeGreaterThanOrEqual(9);
    expect(later).toBeLessThanOrEqual(11);
    expect(world.broker.counters).toMatchObject({ messagesReceived: 10 + later, publishesOverRate: 30 - later });
    await world.clock.advance(2_000);
    client.send(publishOf("t", "y", 0));
    await world.settle();
    expect(await watcher.takeTexts()).toEqual(["t=y"]);
  },
);

test("bytes are limited too; a message larger than a second's worth passes, and the next ones pay for it", async () => {
  const world = await BrokerWorld.start({ limits: { publishBytesPerSecond: 1_000 } });
  const client = await world.client();
  client.send(publishOf("t", "x".repeat(2_400), 1, { packetIdentifier: 1 }), publishOf("t", "x", 1, { packetIdentifier: 2 }));
  // 1,400 bytes are owed, which takes longer than 1 s.
  expect(await codes(client)).toEqual([0, 0x97]);
  await world.clock.advance(3_000);
  client.send(publishOf("t", "x".repeat(1_500), 1, { packetIdentifier: 3 }), publishOf("t", "x", 1, { packetIdentifier: 4 }));
  expect(await codes(client)).toEqual([0]);
  await world.clock.advance(600);
  expect(await codes(client)).toEqual([0]);
});

test("Keep Alive is suspended while a client is made to wait, and one client's rate is nobody else's", async () => {
  const world = await BrokerWorld.start({ limits: { publishBytesPerSecond: 1_000 } });
  const client = await world.client(5, { keepAlive: 1 });
  const other = await world.client();
  client.send(publishOf("t", "x".repeat(1_900), 1, { packetIdentifier: 1 }), publishOf("t", "x", 1, { packetIdentifier: 2 }));
  await world.settle();
  burst(other, 5);
  expect(await codes(other)).toHaveLength(5);
  await world.clock.advance(1_000);
  expect(await codes(client)).toEqual([0, 0]);
  // Its silence counts from when it was read again: 1.5 s.
  await world.clock.advance(1_000);
  expect(client.isClosed).toBe(false);
});

test("with both rates, bytes come back while messages are not all there", async () => {
  const world = await BrokerWorld.start({ limits: { publishesPerSecond: 10, publishBytesPerSecond: 1_000 } });
  const client = await world.client();
  client.send(
    publishOf("t", "x".repeat(950), 1, { packetIdentifier: 1 }),
    publishOf("t", "x".repeat(50), 1, { packetIdentifier: 2 }),
  );
  await world.clock.advance(100);
  // 2 of 10 messages were used, 1 came back; of the bytes a tenth did.
  client.send(publishOf("t", "x", 1, { packetIdentifier: 3 }));
  expect(await codes(client)).toEqual([0, 0, 0]);
});
