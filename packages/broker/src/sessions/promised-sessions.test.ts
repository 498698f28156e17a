import { expect, test } from "vitest";
import { type Packet, PacketType } from "@bowline/protocol";
import { BrokerWorld, connectOf } from "@bowline/testkit/broker";

const short = { clientIdentifier: "c", cleanStart: false, properties: { sessionExpiryInterval: 1 } };

function typesOf(packets: readonly Packet[]): Packet["type"][] {
  return packets.map(({ type }) => type);
}

test("[MQTT-3.1.2-23] a Session that is resumed shortly before its end, and then a crash: it is there after its earlier end", async () => {
  const world = await BrokerWorld.start();
  await (await world.client(5, short)).disconnect();
  await world.clock.advance(800);
  world.store.holdsCommits = true;
  const resumed = world.dial(5);
  resumed.send(connectOf(5, short));
  expect(await resumed.take()).toEqual([]);
  world.store.commit();
  expect(typesOf(await resumed.take())).toEqual([PacketType.CONNACK]);
  await world.clock.advance(300);
  await world.crash();
  world.store.holdsCommits = false;
  expect(await world.dial(5).connect(short)).toMatchObject({ sessionPresent: true });
});

test("a Session that is taken over before it is kept: neither connection is told of it before", async () => {
  const world = await BrokerWorld.start();
  const never = { clientIdentifier: "c", cleanStart: false };
  world.store.holdsCommits = true;
  const first = world.dial(4);
  first.send(connectOf(4, never));
  await world.settle();
  const second = world.dial(4);
  second.send(connectOf(4, never));
  expect([await first.take(), await second.take()]).toEqual([[], []]);
  world.store.commit();
  expect(typesOf(await second.take())).toEqual([PacketType.CONNACK]);
});

test("[MQTT-3.1.2-4] a Session that Clean Start ended does not come back after a crash", async () => {
  const world = await BrokerWorld.start();
  await (await world.client(5, short)).disconnect();
  world.store.holdsCommits = true;
  const clean = world.dial(5);
  clean.send(connectOf(5, { clientIdentifier: "c" }));
  expect(await clean.take()).toEqual([]);
  world.store.commit();
  expect(typesOf(await clean.take())).toEqual([PacketType.CONNACK]);
  await world.crash();
  world.store.holdsCommits = false;
  expect(await world.dial(5).connect(short)).toMatchObject({ sessionPresent: false });
});
