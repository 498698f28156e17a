import { PacketType } from "@bowline/protocol";
import { BrokerWorld, type TestClient } from "@bowline/testkit/broker";
import { expect, test } from "vitest";

/* A disk that is slower than the publishers: what it has not kept is in memory, so they wait for it. */

const LASTING = { clientIdentifier: "sleeper", cleanStart: false, properties: { sessionExpiryInterval: 1_000 } };

/** A store that keeps nothing until it is told to, one subscriber who is away, and one who is not kept for. */
async function behind(): Promise<{ world: BrokerWorld; publisher: TestClient; watcher: TestClient }> {
  const world = await BrokerWorld.start({ limits: { maximumUnkeptBytes: 1_000 } });
  const sleeper = await world.client(5, LASTING);
  await sleeper.subscribe("kept", 1);
  await sleeper.cut();
  const watcher = await world.client();
  await watcher.subscribe("#", 0);
  const publisher = await world.client(5, { keepAlive: 1 });
  world.store.holdsCommits = true;
  for (let number = 1; number <= 5; number++) publisher.publish("kept", "x".repeat(400), 1, { packetIdentifier: number });
  await world.settle();
  return { world, publisher, watcher };
}

test("over maximumUnkeptBytes a publisher is not read from until some are kept; nothing is lost, and its Keep Alive is suspended", async () => {
  const { world, publisher, watcher } = await behind();
  publisher.publish("free", "behind it");
  expect(await watcher.takeTexts()).toHaveLength(3);
  await world.clock.advance(10_000);
  expect(publisher.isClosed).toBe(false);
  expect(await publisher.take()).toEqual([]);
  expect(world.broker.counters).toMatchObject({ messagesReceived: 3, publishersHeld: 1 });
  world.store.commit();
  expect((await watcher.takeTexts()).at(-1)).toBe("free=behind it");
  world.store.commit();
  expect(await publisher.takeOfType(PacketType.PUBACK)).toHaveLength(5);
  expect(world.broker.counters).toMatchObject({ messagesReceived: 6, publishersHeld: 1 });
});

test("publishers of what nobody keeps do not wait, retained messages do", async () => {
  const { world } = await behind();
  const other = await world.client();
  other.publish("elsewhere", "x", 1, { packetIdentifier: 1 });
  expect(await other.takeOfType(PacketType.PUBACK)).toHaveLength(1);
  other.publish("elsewhere", "x", 1, { packetIdentifier: 2, retain: true });
  expect(await other.take()).toEqual([]);
  expect(world.broker.counters.publishersHeld).toBe(2);
});

test("a disk that is full meanwhile refuses what waits", async () => {
  const { world, publisher } = await behind();
  world.store.become("full");
  world.store.commit();
  const codes = (await publisher.takeOfType(PacketType.PUBACK)).map(({ reasonCode }) => reasonCode);
  expect(codes).toEqual([0, 0, 0, 0x97, 0x97]);
});

test("a QoS 2 message that waits is taken once, and a client that leaves meanwhile is let go", async () => {
  const { world, publisher, watcher } = await behind();
  const other = await world.client();
  other.publish("kept", "twice?", 2, { packetIdentifier: 7 });
  await world.settle();
  await publisher.cut();
  await watcher.take();
  world.store.commit();
  expect(await watcher.takeTexts()).toEqual(["kept=twice?"]);
  world.store.commit();
  expect(await other.takeOfType(PacketType.PUBREC)).toMatchObject([{ packetIdentifier: 7, reasonCode: 0 }]);
});
