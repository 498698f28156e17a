import { afterEach, beforeEach, expect, test } from "vitest";
import { type Packet, PacketType } from "@bowline/protocol";
import { BrokerWorld, connectOf, type TestClient } from "@bowline/testkit/broker";
import { readStore, SmallDisk } from "@bowline/testkit/storage";
import { openLmdbStorage } from "../storage/lmdb/open-lmdb-storage.ts";
import type { Storage, StorageHealth } from "../storage/storage.ts";

let disk: SmallDisk;

beforeEach(() => {
  disk = new SmallDisk();
});

afterEach(() => disk.remove());

const lasting = { clientIdentifier: "sleeper", cleanStart: false, properties: { sessionExpiryInterval: 100_000 } };

test("a broker on a disk that fills stays up, acknowledges only what it keeps, and recovers", async (context) => {
  context.skip(disk.missing !== "", disk.missing);
  disk.fill(3 * 2 ** 20);
  const storage = await openStore(disk.store);
  const world = await BrokerWorld.start({ storage });
  await subscribeAndLeave(world, storage);
  const publisher = await world.client();
  const watcher = await world.client();
  await watcher.subscribe("live", 0);

  const answers = new Map<number, number>();
  const last = await publishUntilFull(publisher, storage, answers);
  const stranger = await world.client();
  stranger.publish("kept", text(last + 2), 1, { packetIdentifier: 1 });
  expect(await stranger.take()).toMatchObject([{ type: PacketType.PUBACK, reasonCode: 0x97 }]);
  const acknowledged = [...answers].filter(([, reasonCode]) => reasonCode === 0).map(([id]) => id);
  expect(acknowledged.length).toBeGreaterThan(10);
  expect(answers.size).toBeLessThan(last);
  expect(await disk.elsewhere(storedOf)).toEqual(expect.arrayContaining(acknowledged));
  publisher.publish("live", "still here");
  expect(await watcher.takeTexts()).toEqual(["live=still here"]);

  const recovers = becomes(storage, "ok");
  disk.clear();
  await recovers;
  await storage.flush();
  note(await publisher.take(), answers);
  expect(answers.size).toBe(last);
  publisher.publish("kept", text(last + 1), 1, { packetIdentifier: last + 1 });
  await world.settle();
  await storage.flush();
  note(await publisher.take(), answers);
  expect(answers.get(last + 1)).toBe(0);
  await stop(world);

  const reopened = await openStore(disk.store);
  const next = await BrokerWorld.start({ storage: reopened });
  const sleeper = next.dial();
  sleeper.send(connectOf(5, lasting));
  // One commit for the Session that is back, which its CONNACK waits for, and one for the identifiers of its messages.
  for (let commits = 0; commits < 2; commits++) {
    await next.settle();
    await reopened.flush();
  }
  const received: number[] = [];
  for (const message of await sleeper.takeMessages()) received.push(Number.parseInt(Buffer.from(message.payload).toString()));
  expect([...answers.values()].filter((reasonCode) => reasonCode === 0x97).length).toBeGreaterThanOrEqual(4);
  expect(received).toEqual([...answers].filter(([, reasonCode]) => reasonCode === 0).map(([id]) => id));
  await stop(next);
  // Commits and copies take the disk's own time, which a busy machine stretches.
}, 60_000);

function openStore(directory: string): Promise<Storage> {
  return openLmdbStorage({
    directory,
    durability: "durable",
    maximumBytes: 2 ** 40,
    onDamage: "refuse",
    onSalvaged() {},
    retryDelayMs: 100,
  });
}

/** A Session that wants everything kept and is not there. */
async function subscribeAndLeave(world: BrokerWorld, storage: Storage): Promise<void> {
  const sleeper = world.dial();
  sleeper.send(connectOf(5, lasting));
  await world.settle();
  await storage.flush();
  const subscriptions = [{ topicFilter: "kept", qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 }] as const;
  sleeper.send({ type: PacketType.SUBSCRIBE, packetIdentifier: 1, subscriptions });
  await world.settle();
  await storage.flush();
  expect((await sleeper.take()).map((packet) => packet.type)).toEqual([PacketType.CONNACK, PacketType.SUBACK]);
  await sleeper.cut();
}

/** Publishes 20 kB a time, some more once the disk is full; answers the last identifier. */
async function publishUntilFull(publisher: TestClient, storage: Storage, answers: Map<number, number>): Promise<number> {
  let beyond = 0;
  for (let id = 1; ; id++) {
    publisher.publish("kept", text(id), 1, { packetIdentifier: id });
    note(await publisher.take(), answers);
    // Commits are made by another thread in real time, which the event loop hears of.
    await new Promise(setImmediate);
    if (storage.health.state === "read-only" && ++beyond === 5) return id;
    if (id > 2000) throw new Error("the disk did not fill");
  }
}

function note(packets: readonly Packet[], answers: Map<number, number>): void {
  for (const packet of packets) {
    if (packet.type === PacketType.PUBACK) answers.set(packet.packetIdentifier, packet.reasonCode);
  }
}

function text(id: number): string {
  return `${id} `.padEnd(20_000, "x");
}

/** The numbers of the messages in a store. */
async function storedOf(directory: string): Promise<number[]> {
  const copy = await openStore(directory);
  const { messages } = await readStore(copy);
  await copy.close();
  return messages.map((message) => Number.parseInt(Buffer.from(message.payload).toString()));
}

function becomes(storage: Storage, state: StorageHealth["state"]): Promise<void> {
  const tellBroker = storage.onHealth;
  return new Promise((resolve) => {
    storage.onHealth = (health) => {
      tellBroker(health);
      if (health.state === state) resolve();
    };
  });
}

async function stop(world: BrokerWorld): Promise<void> {
  const closed = world.broker.close();
  await world.settle();
  await world.clock.advance(2_000);
  await closed;
}
