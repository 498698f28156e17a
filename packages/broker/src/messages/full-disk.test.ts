import { describe, expect, test } from "vitest";
import { type Packet, PacketType } from "@bowline/protocol";
import { BrokerWorld, connectOf, type TestClient } from "@bowline/testkit/broker";

function lasting(version: 4 | 5, clientIdentifier: string) {
  const properties = { sessionExpiryInterval: 1000 };
  return { clientIdentifier, cleanStart: false, ...(version === 5 ? { properties } : {}) };
}

async function resume(world: BrokerWorld, clientIdentifier: string): Promise<[TestClient, Packet[]]> {
  const client = world.dial(5);
  client.send(connectOf(5, lasting(5, clientIdentifier)));
  return [client, await client.take()];
}

/** A subscriber that is offline and wants everything kept. */
async function withSleeper(): Promise<BrokerWorld> {
  const world = await BrokerWorld.start();
  const sleeper = await world.client(5, lasting(5, "sleeper"));
  await sleeper.subscribe("kept/#", 2);
  await sleeper.cut();
  return world;
}

describe.each(["full", "limit"] as const)("a disk that is %s", (disk) => {
  test.each([1, 2] as const)(
    "QoS %i that must be kept is refused: 0x97 on 5.0, the end of the connection on 3.1.1",
    async (qos) => {
      const world = await withSleeper();
      const five = await world.client(5, lasting(5, "five"));
      const four = await world.client(4, lasting(4, "four"));
      const online = await world.client();
      await online.subscribe("#", 2);
      world.store.become(disk);
      five.publish("kept/1", "1", qos);
      expect(await five.take()).toMatchObject([{ type: qos === 1 ? PacketType.PUBACK : PacketType.PUBREC, reasonCode: 0x97 }]);
      four.publish("kept/1", "1", qos);
      expect(await four.take()).toEqual([]);
      expect(four.isClosed).toBe(true);
      five.publish("kept/r", "1", 1, { retain: true });
      expect(await five.take()).toMatchObject([{ type: PacketType.PUBACK, reasonCode: 0x97 }]);
      expect(await online.takeTexts()).toEqual([]);
      world.store.become("ok");
      await world.settle();
      const [, packets] = await resume(world, "sleeper");
      expect(packets).toHaveLength(1);
    },
  );

  test("a refused QoS 2 identifier is free again, also after a crash", async () => {
    const world = await withSleeper();
    const publisher = await world.client(5, lasting(5, "publisher"));
    world.store.become(disk);
    publisher.publish("kept/1", "refused", 2, { packetIdentifier: 3 });
    await publisher.take();
    world.store.become("ok");
    await world.settle();
    await world.crash();
    const [again] = await resume(world, "publisher");
    again.publish("kept/1", "new", 2, { packetIdentifier: 3 });
    expect(await again.take()).toMatchObject([{ type: PacketType.PUBREC, reasonCode: 0 }]);
    const [, packets] = await resume(world, "sleeper");
    expect(packets.slice(1)).toMatchObject([{ type: PacketType.PUBLISH, topicName: "kept/1" }]);
  });

  test("what need not be kept still flows", async () => {
    const world = await withSleeper();
    const publisher = await world.client(5);
    const subscriber = await world.client(5);
    await subscriber.subscribe("#", 2);
    world.store.become(disk);
    publisher.publish("kept/0", "0");
    publisher.publish("free", "1", 1);
    publisher.publish("free", "2", 2);
    expect(await publisher.take()).toMatchObject([{ reasonCode: 0 }, { reasonCode: 0 }]);
    expect(await subscriber.takeTexts()).toEqual(["kept/0=0", "free=1", "free=2"]);
    const transient = await world.client(5);
    await transient.subscribe("free", 1);
    publisher.publish("free", "3", 1);
    expect(await transient.takeTexts()).toEqual(["free=3"]);
  });

  test("a new Session that should survive is refused with 0x88, a SUBSCRIBE of one with 0x97; one that is there may come back", async () => {
    const world = await withSleeper();
    const connected = await world.client(5, lasting(5, "connected"));
    world.store.become(disk);
    expect(await world.dial(5).connect(lasting(5, "new"))).toMatchObject({ reasonCode: 0x88 });
    expect(await connected.subscribe("t", 1)).toEqual([0x97]);
    const [back, packets] = await resume(world, "sleeper");
    expect(packets).toMatchObject([{ type: PacketType.CONNACK, reasonCode: 0, sessionPresent: true }]);
    back.publish("kept/x", "0");
    expect(await back.takeTexts()).toEqual(["kept/x=0"]);
    await back.cut();
    world.store.become("ok");
    await world.settle();
    await world.crash();
    await world.clock.advance(999_000);
    expect(world.broker.sessionCount).toBe(2);
    await world.clock.advance(2_000);
    expect(world.broker.sessionCount).toBe(0);
  });

  test("a Session that ends meanwhile stays gone", async () => {
    const world = await withSleeper();
    const client = await world.client(5, lasting(5, "ending"));
    world.store.become(disk);
    await client.cut();
    const again = world.dial();
    await again.connect({ ...lasting(5, "ending") });
    await again.disconnect(0, { sessionExpiryInterval: 0 });
    expect(world.broker.sessionCount).toBe(1);
    world.store.become("ok");
    await world.settle();
    await world.crash();
    expect(world.broker.sessionCount).toBe(1);
  });
});

describe("a full disk and what had been promised before", () => {
  test("acknowledgements that wait come when there is room, none before", async () => {
    const world = await withSleeper();
    const publisher = await world.client(5, lasting(5, "publisher"));
    world.store.holdsCommits = true;
    publisher.publish("kept/1", "1", 1);
    publisher.publish("kept/2", "2", 2);
    expect(await publisher.take()).toEqual([]);
    world.store.become("full");
    expect(await publisher.take()).toEqual([]);
    world.store.holdsCommits = false;
    world.store.become("ok");
    expect((await publisher.take()).map((packet) => packet.type)).toEqual([PacketType.PUBACK, PacketType.PUBREC]);
    expect((await resume(world, "sleeper"))[1]).toHaveLength(3);
  });

  test("PUBREL: PUBCOMP comes when there is room, and so does every answer after it", async () => {
    const world = await withSleeper();
    const publisher = await world.client(5, lasting(5, "publisher"));
    publisher.publish("kept/1", "1", 2, { packetIdentifier: 4 });
    await publisher.take();
    world.store.become("full");
    publisher.acknowledge("PUBREL", 4);
    publisher.publish("nobody", "1", 1, { packetIdentifier: 5 });
    expect(await publisher.take()).toEqual([]);
    world.store.become("ok");
    expect(await publisher.take()).toMatchObject([
      { type: PacketType.PUBCOMP, packetIdentifier: 4 },
      { type: PacketType.PUBACK, packetIdentifier: 5 },
    ]);
    publisher.publish("kept/2", "2", 2, { packetIdentifier: 4 });
    expect(await publisher.take()).toMatchObject([{ type: PacketType.PUBREC, packetIdentifier: 4, reasonCode: 0 }]);
  });

  test("a client that came back meanwhile gets its PUBCOMP too", async () => {
    const world = await withSleeper();
    const publisher = await world.client(5, lasting(5, "publisher"));
    publisher.publish("kept/1", "1", 2, { packetIdentifier: 4 });
    await publisher.take();
    world.store.become("full");
    publisher.acknowledge("PUBREL", 4);
    await world.settle();
    await publisher.cut();
    const [again] = await resume(world, "publisher");
    again.acknowledge("PUBREL", 4);
    expect(await again.take()).toEqual([]);
    world.store.become("ok");
    expect(await again.take()).toMatchObject([{ type: PacketType.PUBCOMP, packetIdentifier: 4 }]);
  });

  test("outbound: what a client acknowledges meanwhile does not come again, and PUBREL leaves when there is room", async () => {
    const world = await BrokerWorld.start();
    const receiver = await world.client(5, lasting(5, "receiver"));
    await receiver.subscribe("t", 2);
    receiver.publish("t", "1", 1);
    receiver.publish("t", "2", 2);
    const [first, second] = await receiver.takeMessages();
    world.store.become("full");
    receiver.acknowledge("PUBACK", first!.packetIdentifier!);
    receiver.acknowledge("PUBREC", second!.packetIdentifier!);
    expect(await receiver.take()).toEqual([]);
    world.store.become("ok");
    expect(await receiver.take()).toMatchObject([{ type: PacketType.PUBREL, packetIdentifier: second!.packetIdentifier }]);
    await world.crash();
    const [, packets] = await resume(world, "receiver");
    expect(packets.slice(1)).toMatchObject([{ type: PacketType.PUBREL, packetIdentifier: second!.packetIdentifier }]);
  });

  test("UNSUBSCRIBE is not acknowledged while it cannot be kept: 0x80 on 5.0, the end on 3.1.1", async () => {
    const world = await BrokerWorld.start();
    const five = await world.client(5, lasting(5, "five"));
    const four = await world.client(4, lasting(4, "four"));
    await five.subscribe("t", 0);
    await four.subscribe("t", 0);
    world.store.become("full");
    expect(await five.unsubscribe("t", "none")).toEqual([0x80, 0x11]);
    four.send({ type: PacketType.UNSUBSCRIBE, packetIdentifier: 9, topicFilters: ["t"] });
    expect(await four.take()).toEqual([]);
    expect(four.isClosed).toBe(true);
    five.publish("t", "still");
    expect(await five.takeTexts()).toEqual(["t=still"]);
    world.store.become("ok");
    expect(await five.unsubscribe("t")).toEqual([0]);
  });

  test("a disk that fills again while what is owed is paid loses none of it", async () => {
    const world = await BrokerWorld.start();
    const receiver = await world.client(5, lasting(5, "receiver"));
    await receiver.subscribe("t", 1);
    receiver.publish("t", "1", 1);
    const [message] = await receiver.takeMessages();
    world.store.become("full");
    receiver.acknowledge("PUBACK", message!.packetIdentifier!);
    await world.settle();
    world.store.refuseNext(1);
    world.store.become("ok");
    world.store.become("full");
    world.store.become("ok");
    await world.settle();
    await world.crash();
    expect((await resume(world, "receiver"))[1]).toHaveLength(1);
  });

  test("a store over its limit gets room by what is deleted", async () => {
    const world = await withSleeper();
    const publisher = await world.client(5);
    publisher.publish("kept/1", "1", 1);
    await publisher.take();
    world.store.become("limit");
    const [sleeper, packets] = await resume(world, "sleeper");
    sleeper.acknowledge("PUBACK", (packets[1] as { packetIdentifier: number }).packetIdentifier);
    await world.settle();
    expect(world.store.rows.messages.size).toBe(0);
  });
});
