import { describe, expect, test } from "vitest";
import { type Packet, PacketType } from "@bowline/protocol";
import { BrokerWorld, connectOf, type TestClient } from "@bowline/testkit/broker";

const versions = [4, 5] as const;

function lasting(version: 4 | 5, clientIdentifier = "lasting") {
  const properties = { sessionExpiryInterval: 1000 };
  return { clientIdentifier, cleanStart: false, ...(version === 5 ? { properties } : {}) };
}

function typesOf(packets: readonly Packet[]): Packet["type"][] {
  return packets.map((packet) => packet.type);
}

async function resume(world: BrokerWorld, version: 4 | 5, clientIdentifier?: string): Promise<[TestClient, Packet[]]> {
  const client = world.dial(version);
  client.send(connectOf(version, lasting(version, clientIdentifier)));
  const [connack, ...rest] = await client.take();
  expect(connack).toMatchObject({ type: PacketType.CONNACK, sessionPresent: true, reasonCode: 0 });
  return [client, rest];
}

describe.each(versions)("answers wait for the commit, version %i", (version) => {
  test("CONNACK of a new Session that survives, SUBACK and UNSUBACK", async () => {
    const world = await BrokerWorld.start();
    world.store.holdsCommits = true;
    const client = world.dial(version);
    client.send(connectOf(version, lasting(version)));
    expect(await client.take()).toEqual([]);
    world.store.commit();
    expect(typesOf(await client.take())).toEqual([PacketType.CONNACK]);
    const subscriptions = [{ topicFilter: "t", qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 }] as const;
    client.send({ type: PacketType.SUBSCRIBE, packetIdentifier: 1, subscriptions });
    expect(await client.take()).toEqual([]);
    world.store.commit();
    expect(typesOf(await client.take())).toEqual([PacketType.SUBACK]);
    client.send({ type: PacketType.UNSUBSCRIBE, packetIdentifier: 2, topicFilters: ["t"] });
    expect(await client.take()).toEqual([]);
    world.store.commit();
    expect(typesOf(await client.take())).toEqual([PacketType.UNSUBACK]);
  });

  test("PUBACK, PUBREC and PUBCOMP, in the order of what they answer; nothing waits that need not", async () => {
    const world = await BrokerWorld.start();
    const sleeper = await world.client(version, lasting(version));
    await sleeper.subscribe("kept", 2);
    await sleeper.cut();
    const publisher = await world.client(version, lasting(version, "publisher"));
    world.store.holdsCommits = true;
    publisher.publish("nobody", "0", 1, { packetIdentifier: 1 });
    expect(typesOf(await publisher.take())).toEqual([PacketType.PUBACK]);
    publisher.publish("kept", "1", 1, { packetIdentifier: 2 });
    publisher.publish("nobody", "2", 2, { packetIdentifier: 3 });
    publisher.publish("nobody", "3", 1, { packetIdentifier: 4 });
    expect(await publisher.take()).toEqual([]);
    world.store.commit();
    expect(typesOf(await publisher.take())).toEqual([PacketType.PUBACK, PacketType.PUBREC, PacketType.PUBACK]);
    publisher.acknowledge("PUBREL", 3);
    expect(await publisher.take()).toEqual([]);
    world.store.commit();
    expect(typesOf(await publisher.take())).toEqual([PacketType.PUBCOMP]);
  });

  test("a message of QoS 2 goes onward only after its identifier is kept, at any QoS and to any Session", async () => {
    const world = await BrokerWorld.start();
    const publisher = await world.client(version, lasting(version, "publisher"));
    const receivers = [await world.client(version), await world.client(version, lasting(version))];
    for (const receiver of receivers)
      await receiver.subscribe([
        { topicFilter: "low", qos: 0 },
        { topicFilter: "high", qos: 2 },
      ]);
    world.store.holdsCommits = true;
    publisher.publish("low", "1", 2);
    publisher.publish("high", "2", 2);
    for (const receiver of receivers) expect(await receiver.take()).toEqual([]);
    world.store.commit();
    await world.settle();
    // The identifier that the second Session must remember waits for a group of its own.
    world.store.commit();
    for (const receiver of receivers) expect(await receiver.takeTexts()).toEqual(["low=1", "high=2"]);
  });

  test("a message with an identifier that a Session must remember leaves after the commit", async () => {
    const world = await BrokerWorld.start();
    const receiver = await world.client(version, lasting(version));
    const publisher = await world.client(version);
    await receiver.subscribe("t", 1);
    world.store.holdsCommits = true;
    publisher.publish("t", "1", 1);
    expect(await receiver.take()).toEqual([]);
    world.store.commit();
    expect(await receiver.takeTexts()).toEqual(["t=1"]);
  });
});

describe.each(versions)("a broker that dies, version %i", (version) => {
  test("Sessions, Subscriptions and queues are there again", async () => {
    const world = await BrokerWorld.start();
    const sleeper = await world.client(version, lasting(version));
    await sleeper.subscribe("t/+", 2, version === 5 ? { subscriptionIdentifiers: [4] } : undefined);
    await sleeper.subscribe("$share/g/s", 1);
    await sleeper.subscribe("gone", 1);
    await sleeper.unsubscribe("gone");
    await sleeper.cut();
    const publisher = await world.client(version);
    publisher.publish("t/1", "1", 1);
    publisher.publish("t/2", "2", 2);
    await world.settle();
    await world.crash();
    const next = await world.client(version);
    next.publish("t/3", "3", 1);
    next.publish("s", "4", 1);
    next.publish("gone", "5", 1);
    await world.settle();
    const [, packets] = await resume(world, version);
    const messages = packets.map((packet) => packet as { topicName: string; qos: number; dup: boolean; properties?: object });
    expect(messages.map((message) => [message.topicName, message.qos, message.dup])).toEqual([
      ["t/1", 1, false],
      ["t/2", 2, false],
      ["t/3", 1, false],
      ["s", 1, false],
    ]);
    if (version === 5) expect(messages[0]!.properties).toMatchObject({ subscriptionIdentifiers: [4] });
  });

  test("what was in flight comes again with DUP and the same identifier, PUBREL where it had come so far", async () => {
    const world = await BrokerWorld.start();
    const receiver = await world.client(version, lasting(version));
    const publisher = await world.client(version);
    await receiver.subscribe("t", 2);
    publisher.publish("t", "1", 1);
    publisher.publish("t", "2", 2);
    publisher.publish("t", "3", 2);
    publisher.publish("t", "4", 1);
    const sent = await receiver.takeMessages();
    const ids = sent.map((message) => message.packetIdentifier!);
    receiver.acknowledge("PUBREC", ids[2]!);
    receiver.acknowledge("PUBACK", ids[3]!);
    await world.settle();
    await world.crash();
    const [again, packets] = await resume(world, version);
    expect(packets).toMatchObject([
      { type: PacketType.PUBLISH, dup: true, packetIdentifier: ids[0], qos: 1 },
      { type: PacketType.PUBLISH, dup: true, packetIdentifier: ids[1], qos: 2 },
      { type: PacketType.PUBREL, packetIdentifier: ids[2] },
    ]);
    again.acknowledge("PUBACK", ids[0]!);
    again.acknowledge("PUBREC", ids[1]!);
    again.acknowledge("PUBCOMP", ids[2]!);
    expect(await again.take()).toMatchObject([{ type: PacketType.PUBREL, packetIdentifier: ids[1] }]);
    again.acknowledge("PUBCOMP", ids[1]!);
    await world.settle();
    expect(world.store.rows.messages.size).toBe(0);
    await world.crash();
    expect((await resume(world, version))[1]).toEqual([]);
  });

  test("an inbound QoS 2 identifier is known: the message is not routed twice, and free after PUBREL", async () => {
    const world = await BrokerWorld.start();
    const publisher = await world.client(version, lasting(version));
    publisher.publish("t", "1", 2, { packetIdentifier: 5 });
    expect(typesOf(await publisher.take())).toEqual([PacketType.PUBREC]);
    await world.crash();
    const watcher = await world.client(version);
    await watcher.subscribe("t", 0);
    const [again] = await resume(world, version);
    again.publish("t", "1", 2, { packetIdentifier: 5, dup: true });
    expect(typesOf(await again.take())).toEqual([PacketType.PUBREC]);
    again.acknowledge("PUBREL", 5);
    expect(typesOf(await again.take())).toEqual([PacketType.PUBCOMP]);
    expect(await watcher.takeTexts()).toEqual([]);
    await world.crash();
    const [last] = await resume(world, version);
    const other = await world.client(version);
    await other.subscribe("t", 0);
    last.publish("t", "2", 2, { packetIdentifier: 5 });
    await last.take();
    expect(await other.takeTexts()).toEqual(["t=2"]);
  });

  test("what was not committed was not acknowledged, and is new when it comes again", async () => {
    const world = await BrokerWorld.start();
    const sleeper = await world.client(version, lasting(version));
    await sleeper.subscribe("t", 2);
    await sleeper.cut();
    const publisher = await world.client(version, lasting(version, "publisher"));
    world.store.holdsCommits = true;
    publisher.publish("t", "1", 2, { packetIdentifier: 1 });
    expect(await publisher.take()).toEqual([]);
    await world.crash();
    world.store.holdsCommits = false;
    const [again] = await resume(world, version, "publisher");
    again.publish("t", "1", 2, { packetIdentifier: 1, dup: true });
    expect(typesOf(await again.take())).toEqual([PacketType.PUBREC]);
    expect((await resume(world, version))[1]).toHaveLength(1);
  });

  test("a proper stop loses nothing either, and tells 5.0 clients 0x8B", async () => {
    const world = await BrokerWorld.start();
    const receiver = await world.client(version, lasting(version));
    await receiver.subscribe("t", 1);
    receiver.publish("t", "1", 1);
    await receiver.take();
    await world.restart();
    const last = version === 5 ? [{ type: PacketType.DISCONNECT, reasonCode: 0x8b }] : [];
    expect(receiver.packets).toMatchObject(last);
    expect((await resume(world, version))[1]).toMatchObject([{ type: PacketType.PUBLISH, dup: true }]);
  });
});
