import { describe, expect, test } from "vitest";
import { PacketType, type PublishPacket } from "@bowline/protocol";
import { BrokerWorld, connectOf, type TestClient, textOf } from "@bowline/testkit/broker";

const lasting = (clientIdentifier: string) => ({
  clientIdentifier,
  cleanStart: false,
  properties: { sessionExpiryInterval: 1000 },
});

async function resume(world: BrokerWorld, clientIdentifier: string): Promise<[TestClient, PublishPacket[]]> {
  const client = world.dial();
  client.send(connectOf(5, lasting(clientIdentifier)));
  return [client, await client.takeMessages()];
}

async function member(world: BrokerWorld, clientIdentifier: string, qos: 0 | 1 | 2, isLasting = true): Promise<TestClient> {
  const client = await world.client(5, isLasting ? lasting(clientIdentifier) : { clientIdentifier });
  await client.subscribe("$share/g/t", qos);
  return client;
}

const texts = (messages: PublishPacket[]): string[] => messages.map((message) => textOf(message).slice(2));

describe("Topic Filters of shared subscriptions", () => {
  test("[MQTT-4.8.2-1] [MQTT-4.8.2-2] need a ShareName without wildcards and a Topic Filter behind it", async () => {
    const world = await BrokerWorld.start();
    const client = await world.client();
    const bad = ["$share", "$share/", "$share/g", "$share/g/", "$share//t", "$share/g+/t", "$share/#/t", "$share/+/t"];
    expect(await client.subscribe(bad.map((topicFilter) => ({ topicFilter })))).toEqual(bad.map(() => 0x8f));
    const good = ["$share/g/t", "$share/g/+/#", "$share/g//", "$share/ g/t"];
    expect(await client.subscribe(good.map((topicFilter) => ({ topicFilter })))).toEqual(good.map(() => 0));
  });

  test("the ShareName parts groups: each gets its copy", async () => {
    const world = await BrokerWorld.start();
    const client = await world.client();
    for (const name of ["a", "b"]) await client.subscribe(`$share/${name}/t`, 0, { subscriptionIdentifiers: [name.length] });
    client.publish("t", "x");
    expect(await client.takeMessages()).toHaveLength(2);
  });
});

describe("who gets a message", () => {
  test("[MQTT-4.8.2-3] each member with the QoS it was granted, by its own options", async () => {
    const world = await BrokerWorld.start();
    const granted = [0, 1, 2] as const;
    const members: TestClient[] = [];
    for (const qos of granted) {
      const client = await world.client();
      const filter = { topicFilter: "$share/g/t", qos, retainAsPublished: qos === 1 };
      await client.subscribe(filter, qos, qos === 2 ? { subscriptionIdentifiers: [7] } : undefined);
      members.push(client);
    }
    const publisher = await world.client();
    for (let i = 0; i < 3; i++) publisher.publish("t", String(i), 2, { retain: true });
    const got: PublishPacket[][] = [];
    for (const client of members) got.push(await client.takeMessages());
    expect(got.flat().map(({ qos, retain }) => [qos, retain])).toEqual([
      [0, false],
      [1, true],
      [2, false],
    ]);
    expect(got[2]![0]!.properties?.subscriptionIdentifiers).toEqual([7]);
    expect(got[0]![0]!.properties?.subscriptionIdentifiers).toBeUndefined();
  });

  test("who has its quota used up is passed over; when all have, the one with the fewest waiting gets it", async () => {
    const world = await BrokerWorld.start();
    const busy = await world.client(5, { properties: { receiveMaximum: 1 } });
    const free = await world.client(5, { properties: { receiveMaximum: 3 } });
    for (const client of [busy, free]) await client.subscribe("$share/g/t", 1);
    const publisher = await world.client();
    for (let i = 0; i < 4; i++) publisher.publish("t", String(i), 1);
    expect(texts(await busy.takeMessages())).toEqual(["0"]);
    const taken = await free.takeMessages();
    expect(texts(taken)).toEqual(["1", "2", "3"]);
    for (let i = 4; i < 10; i++) publisher.publish("t", String(i), 1);
    await world.settle();
    const queued = [...world.broker.connections()].map(({ session }) => session!.state.queue.length);
    expect(queued.sort()).toEqual([0, 3, 3]);
    // Who works them off gets the next one.
    for (const message of taken) free.acknowledge("PUBACK", message.packetIdentifier!);
    const more = await free.takeMessages();
    for (const message of more) free.acknowledge("PUBACK", message.packetIdentifier!);
    await world.settle();
    publisher.publish("t", "last", 1);
    expect(texts(await free.takeMessages())).toEqual(["last"]);
  });

  test("QoS 0 goes past who does not read", async () => {
    const world = await BrokerWorld.start({ limits: { maximumBufferedBytes: 10_000 } });
    const stuck = await world.client(4);
    const reading = await world.client(4);
    for (const client of [stuck, reading]) await client.subscribe("$share/g/t", 0);
    stuck.channel.pause();
    const publisher = await world.client(4);
    const large = "x".repeat(40_000);
    let got = 0;
    for (let i = 0; i < 20; i++) {
      publisher.publish("t", large);
      got += (await reading.takeMessages()).length;
    }
    expect(got).toBeGreaterThan(14);
    expect(world.broker.counters.droppedSlow).toBe(0);
    stuck.channel.resume();
    expect((await stuck.takeMessages()).length + got).toBe(20);
  });

  test("a member that is away gets one only when nobody is connected", async () => {
    const world = await BrokerWorld.start();
    const sleepers = [await member(world, "one", 1), await member(world, "two", 1)];
    for (const sleeper of sleepers) await sleeper.cut();
    const publisher = await world.client();
    for (let i = 0; i < 4; i++) publisher.publish("t", String(i), 1);
    await world.settle();
    const awake = await member(world, "awake", 1, false);
    publisher.publish("t", "4", 1);
    expect(texts(await awake.takeMessages())).toEqual(["4"]);
    const [, first] = await resume(world, "one");
    const [, second] = await resume(world, "two");
    expect(first).toHaveLength(2);
    expect([...texts(first), ...texts(second)].sort()).toEqual(["0", "1", "2", "3"]);
  });
});

describe("a member that goes", () => {
  test("gives back QoS 1 messages that it has not acknowledged, in order, sent or not", async () => {
    const world = await BrokerWorld.start();
    const first = await world.client(5, { ...lasting("first"), properties: { sessionExpiryInterval: 1000, receiveMaximum: 2 } });
    await first.subscribe("$share/g/t", 1);
    const publisher = await world.client();
    for (let i = 0; i < 4; i++) publisher.publish("t", String(i), 1);
    const [acknowledged] = await first.takeMessages();
    first.acknowledge("PUBACK", acknowledged!.packetIdentifier!);
    await world.settle();
    const second = await member(world, "second", 1);
    await first.cut();
    const given = await second.takeMessages();
    expect(texts(given)).toEqual(["1", "2", "3"]);
    expect(given.every(({ dup }) => !dup)).toBe(true);
    expect((await resume(world, "first"))[1]).toEqual([]);
    for (const message of given) second.acknowledge("PUBACK", message.packetIdentifier!);
    await world.settle();
    expect(world.store.rows.messages.size).toBe(0);
  });

  test("also one whose Session ends with its connection", async () => {
    const world = await BrokerWorld.start();
    const first = await member(world, "first", 1, false);
    const publisher = await world.client();
    publisher.publish("t", "x", 1);
    expect(await first.takeMessages()).toHaveLength(1);
    const second = await member(world, "second", 1, false);
    await first.cut();
    const [again] = await second.takeMessages();
    expect(again).toMatchObject({ qos: 1, dup: false, packetIdentifier: 1 });
    second.acknowledge("PUBACK", again!.packetIdentifier!);
    await second.cut();
    const third = await member(world, "third", 1, false);
    expect(await third.takeMessages()).toEqual([]);
  });

  test("keeps them when nobody else is connected, and gives them back when its Session ends", async () => {
    const world = await BrokerWorld.start();
    const first = await member(world, "first", 1);
    const publisher = await world.client();
    publisher.publish("t", "x", 1);
    await first.takeMessages();
    await first.cut();
    const second = await member(world, "second", 1);
    expect(await second.takeMessages()).toEqual([]);
    await second.cut();
    await world.client(5, { clientIdentifier: "first", cleanStart: true });
    expect(texts((await resume(world, "second"))[1])).toEqual(["x"]);
  });

  test("keeps what was acknowledged as kept, when only members are connected that would lose it in a crash", async () => {
    const world = await BrokerWorld.start();
    const first = await member(world, "first", 1);
    const publisher = await world.client();
    publisher.publish("t", "x", 1);
    await first.takeMessages();
    const transient = await member(world, "transient", 1, false);
    const atMostOnce = await member(world, "at most once", 0);
    await first.cut();
    expect(await transient.takeMessages()).toEqual([]);
    expect(await atMostOnce.takeMessages()).toEqual([]);
    await world.crash();
    expect(texts((await resume(world, "first"))[1])).toEqual(["x"]);
  });

  test("whose Session ends gives them to any member, kept or not", async () => {
    const world = await BrokerWorld.start();
    const first = await member(world, "first", 1);
    const publisher = await world.client();
    publisher.publish("t", "x", 1);
    await first.takeMessages();
    const transient = await member(world, "transient", 1, false);
    await first.disconnect(0, { sessionExpiryInterval: 0 });
    expect(texts(await transient.takeMessages())).toEqual(["x"]);
  });

  test("[MQTT-4.8.2-4] completes with it a QoS 2 message that has left, and gives back one that has not", async () => {
    const world = await BrokerWorld.start();
    const first = await world.client(5, { ...lasting("first"), properties: { sessionExpiryInterval: 1000, receiveMaximum: 2 } });
    await first.subscribe("$share/g/t", 2);
    const publisher = await world.client();
    for (let i = 0; i < 3; i++) publisher.publish("t", String(i), 2);
    const [released, unanswered] = await first.takeMessages();
    first.acknowledge("PUBREC", released!.packetIdentifier!);
    await world.settle();
    const second = await member(world, "second", 2);
    await first.cut();
    expect(texts(await second.takeMessages())).toEqual(["2"]);
    const again = world.dial();
    again.send(connectOf(5, lasting("first")));
    expect((await again.take()).slice(1)).toMatchObject([
      { type: PacketType.PUBREL, packetIdentifier: released!.packetIdentifier },
      { type: PacketType.PUBLISH, packetIdentifier: unanswered!.packetIdentifier, dup: true },
    ]);
  });

  test("[MQTT-4.8.2-5] a QoS 2 message that had left goes to nobody else when the Session ends", async () => {
    const world = await BrokerWorld.start();
    const first = await member(world, "first", 2, false);
    const second = await member(world, "second", 2, false);
    const publisher = await world.client();
    publisher.publish("t", "x", 2);
    await world.settle();
    const holder = first.packets.some(({ type }) => type === PacketType.PUBLISH) ? first : second;
    await holder.cut();
    expect(await (holder === first ? second : first).takeMessages()).toEqual([]);
  });

  test("[MQTT-4.8.2-6] a message that it refused goes to nobody else", async () => {
    const world = await BrokerWorld.start();
    const first = await member(world, "first", 2);
    const second = await member(world, "second", 2);
    const publisher = await world.client();
    publisher.publish("t", "one", 1);
    publisher.publish("t", "two", 2);
    for (const client of [first, second]) {
      const [message] = await client.takeMessages();
      client.acknowledge(message!.qos === 1 ? "PUBACK" : "PUBREC", message!.packetIdentifier!, 0x83);
    }
    await world.settle();
    await first.cut();
    expect(await second.takeMessages()).toEqual([]);
    expect(world.store.rows.messages.size).toBe(0);
  });

  test("and comes back by a takeover has not gone", async () => {
    const world = await BrokerWorld.start();
    const first = await member(world, "first", 1);
    const publisher = await world.client();
    publisher.publish("t", "x", 1);
    await first.takeMessages();
    const second = await member(world, "second", 1);
    const [, messages] = await resume(world, "first");
    expect(messages).toMatchObject([{ dup: true }]);
    expect(await second.takeMessages()).toEqual([]);
  });

  test("gives back nothing that has expired, nor what came by its own subscription", async () => {
    const world = await BrokerWorld.start();
    const first = await member(world, "first", 1);
    await first.subscribe("own", 1);
    const publisher = await world.client();
    publisher.publish("t", "short", 1, { properties: { messageExpiryInterval: 5 } });
    publisher.publish("own", "x", 1);
    await first.takeMessages();
    await world.clock.advance(6_000);
    const second = await member(world, "second", 1);
    await first.cut();
    expect(await second.takeMessages()).toEqual([]);
    const [, messages] = await resume(world, "first");
    expect(messages.map(textOf)).toContain("own=x");
  });

  test("when the broker stops, what its members have stays theirs", async () => {
    const world = await BrokerWorld.start();
    const first = await member(world, "first", 1);
    const second = await member(world, "second", 1);
    const publisher = await world.client();
    publisher.publish("t", "1", 1);
    publisher.publish("t", "2", 1);
    await world.settle();
    const had = [await first.takeTexts(), await second.takeTexts()];
    await world.restart();
    const again = [texts((await resume(world, "first"))[1]), texts((await resume(world, "second"))[1])];
    expect(again.map((list) => list.map((text) => `t=${text}`))).toEqual(had);
  });
});

describe("a full disk", () => {
  test("a message that a connected member can have without being kept is not refused", async () => {
    const world = await BrokerWorld.start();
    const sleeper = await member(world, "sleeper", 1);
    await sleeper.cut();
    const online = await member(world, "online", 1, false);
    const publisher = await world.client();
    world.store.become("full");
    publisher.publish("t", "x", 1);
    expect(await publisher.take()).toMatchObject([{ type: PacketType.PUBACK, reasonCode: 0 }]);
    expect(texts(await online.takeMessages())).toEqual(["x"]);
    await online.cut();
    publisher.publish("t", "y", 1);
    expect(await publisher.take()).toMatchObject([{ type: PacketType.PUBACK, reasonCode: 0x97 }]);
  });
});
