import { describe, expect, test } from "vitest";
import { PacketType } from "@bowline/protocol";
import { BrokerWorld, connectOf, type TestClient } from "@bowline/testkit/broker";

const open = (world: BrokerWorld): number => [...world.broker.connections()].length;

/** Something that ends a client's connection from our side, and its Reason Code. */
const ends: readonly (readonly [string, number, (world: BrokerWorld, client: TestClient) => void])[] = [
  ["the operator's will", 0x98, (world) => void world.broker.disconnectClients(() => true)],
  ["a shutdown", 0x8b, (world) => void world.broker.close()],
  ["a protocol error", 0x82, (_world, client) => client.send(connectOf(5))],
  ["a malformed packet", 0x81, (_world, client) => void client.channel.write(Uint8Array.of(0x36, 0x02, 0, 0))],
  ["a packet that is too large", 0x95, (_world, client) => void client.channel.write(Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0x7f))],
];

describe.each(ends)("a connection ended by %s", (_what, reasonCode, end) => {
  test("[MQTT-3.14.4-2] [MQTT-4.13.2-1] says why to a 5.0 client that reads, and closes", async () => {
    const world = await BrokerWorld.start();
    const client = await world.client();
    end(world, client);
    expect(await client.take()).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode }]);
    expect(client.isClosed).toBe(true);
    expect(open(world)).toBe(0);
  });

  test("is cut after 100 ms when the client does not take what it is told", async () => {
    const world = await BrokerWorld.start();
    const client = await world.client();
    await client.subscribe("t", 0);
    client.channel.pause();
    const publisher = await world.client();
    publisher.publish("t", "x".repeat(200_000));
    await world.settle();
    const before = open(world);
    end(world, client);
    await world.settle();
    await world.clock.advance(99);
    expect(client.channel.link.server.isClosed).toBe(false);
    await world.clock.advance(1);
    expect(client.channel.link.server.isClosed).toBe(true);
    expect(open(world)).toBeLessThan(before);
  });
});

test("[MQTT-3.14.2-3] [MQTT-3.2.2-19] a client of 5.0 is told in words too, where they fit, and never the details", async () => {
  const world = await BrokerWorld.start();
  const client = await world.client();
  const small = await world.client(5, { properties: { maximumPacketSize: 30 } });
  world.broker.disconnectClients(() => true);
  const [packet] = await client.takeOfType(PacketType.DISCONNECT);
  expect(packet!.properties?.reasonString).toMatch(/^ADMIN: /);
  expect(await small.take()).toMatchObject([{ reasonCode: 0x98 }]);
  const refused = await world.dial().connect({ username: "x", password: Buffer.from("y") });
  expect(refused.properties?.reasonString).toMatch(/^NOT_AUTHORIZED: [^:]+$/);
  const first = await world.client(5, { clientIdentifier: "same" });
  await world.client(5, { clientIdentifier: "same" });
  expect((await first.takeOfType(PacketType.DISCONNECT))[0]!.properties?.reasonString).toMatch(/^TAKEOVER: /);
});

test("a peer that has our last packet and does not close gets a second", async () => {
  const world = await BrokerWorld.start();
  const client = await world.client();
  client.channel.link.stall();
  world.broker.disconnectClients(() => true);
  await world.settle();
  await world.clock.advance(999);
  expect(open(world)).toBe(1);
  await world.clock.advance(1);
  expect(open(world)).toBe(0);
});

test("[v3 MQTT-4.8.0-1] before 5.0 there is nothing to say, and the connection is closed", async () => {
  const world = await BrokerWorld.start();
  for (const version of [3, 4] as const) {
    const client = await world.client(version);
    client.send(connectOf(version));
    expect(await client.take()).toEqual([]);
    expect(client.isClosed).toBe(true);
  }
});

test("[MQTT-3.14.0-1] before the CONNACK a client gets no DISCONNECT", async () => {
  const world = await BrokerWorld.start();
  world.store.holdsCommits = true;
  const client = world.dial();
  client.send(connectOf(5, { properties: { sessionExpiryInterval: 10 } }));
  await world.settle();
  void world.broker.close();
  expect(await client.take()).toEqual([]);
  expect(client.isClosed).toBe(true);
});

test("[MQTT-3.14.4-1] [MQTT-3.14.4-2] nothing follows the client's own DISCONNECT, and what it sends behind it is not read", async () => {
  const world = await BrokerWorld.start();
  const watcher = await world.client();
  await watcher.subscribe("#", 0);
  const client = await world.client();
  client.send({ type: PacketType.DISCONNECT, reasonCode: 0 }, { type: PacketType.PINGREQ });
  client.publish("t", "x");
  expect(await client.take()).toEqual([]);
  expect(client.isClosed).toBe(true);
  expect(await watcher.takeTexts()).toEqual([]);
});
