import { describe, expect, test } from "vitest";
import { PacketType, type Will } from "@bowline/protocol";
import { BrokerWorld, connectOf, recordingLogger } from "@bowline/testkit/broker";

const lasting = (clientIdentifier: string, sessionExpiryInterval = 100) => ({
  clientIdentifier,
  cleanStart: false,
  properties: { sessionExpiryInterval },
});
const aWill = (changes: Partial<Will> = {}): Will => ({
  topicName: "will",
  payload: Buffer.from("gone"),
  qos: 1,
  retain: false,
  ...changes,
});

describe("a CONNACK waits until what it promises is kept", () => {
  const changes = [
    ["another Session Expiry Interval", lasting("c", 200)],
    ["a Will", { ...lasting("c"), will: aWill() }],
  ] as const;
  test.each(changes)("[MQTT-3.1.2-23] a Session that is resumed with %s", async (_what, changed) => {
    const world = await BrokerWorld.start();
    await (await world.client(5, lasting("c"))).cut();
    world.store.holdsCommits = true;
    const again = world.dial();
    again.send(connectOf(5, changed));
    expect(await again.take()).toEqual([]);
    world.store.commit();
    expect(await again.take()).toMatchObject([{ type: PacketType.CONNACK, reasonCode: 0, sessionPresent: true }]);
  });

  test("one that comes back as it was and never ends does not wait", async () => {
    const world = await BrokerWorld.start();
    const never = { ...lasting("c"), properties: { sessionExpiryInterval: 0xffff_ffff } };
    await (await world.client(5, never)).cut();
    world.store.holdsCommits = true;
    expect(await world.dial().connect(never)).toMatchObject({ sessionPresent: true });
  });

  test.each([4, 5] as const)(
    "version %i: when storage stalls it is refused in time, has no Session and no Will",
    async (version) => {
      const world = await BrokerWorld.start();
      const watcher = await world.client();
      await watcher.subscribe("will", 1);
      world.store.holdsCommits = true;
      const client = world.dial(version);
      client.send(connectOf(version, { ...lasting("c"), will: aWill() }));
      await world.settle();
      await world.clock.advance(9_900);
      expect(await client.take()).toEqual([]);
      await world.clock.advance(200);
      expect(await client.take()).toMatchObject([{ type: PacketType.CONNACK, reasonCode: 0x88, sessionPresent: false }]);
      expect(client.isClosed).toBe(true);
      expect(world.broker.sessionCount).toBe(1);
      world.store.holdsCommits = false;
      world.store.commit();
      await world.settle();
      expect(await watcher.takeTexts()).toEqual([]);
      expect(await world.dial(version).connect(lasting("c"))).toMatchObject({ reasonCode: 0, sessionPresent: false });
    },
  );

  test("a Session that was there outlives such a refusal", async () => {
    const world = await BrokerWorld.start();
    const first = await world.client(5, lasting("c"));
    await first.subscribe("t", 1);
    await first.cut();
    world.store.holdsCommits = true;
    const second = world.dial();
    second.send(connectOf(5, lasting("c", 200)));
    await world.settle();
    await world.clock.advance(10_100);
    expect(await second.take()).toMatchObject([{ reasonCode: 0x88 }]);
    world.store.holdsCommits = false;
    world.store.commit();
    const third = world.dial();
    expect(await third.connect(lasting("c"))).toMatchObject({ sessionPresent: true });
    third.publish("t", "x", 1);
    expect(await third.takeTexts()).toEqual(["t=x"]);
  });

  test("[MQTT-3.1.2-23] such a refusal leaves neither its interval nor its will, and the will that was due stays due", async () => {
    const world = await BrokerWorld.start();
    const watcher = await world.client();
    await watcher.subscribe("will", 1);
    const due = aWill({ properties: { willDelayInterval: 60 } });
    await (await world.client(5, { ...lasting("c"), will: due })).cut();
    await world.clock.advance(20_000);
    world.store.holdsCommits = true;
    const second = world.dial();
    second.send(connectOf(5, { ...lasting("c", 10_000), will: aWill({ payload: Buffer.from("refused") }) }));
    await world.settle();
    await world.clock.advance(10_100);
    expect(await second.take()).toMatchObject([{ reasonCode: 0x88 }]);
    world.store.holdsCommits = false;
    world.store.commit();
    await world.clock.advance(29_000);
    expect(await watcher.takeTexts()).toEqual([]);
    await world.clock.advance(2_000);
    expect(await watcher.takeTexts()).toEqual(["will=gone"]);
    expect(world.broker.sessionCount).toBe(2);
    // 100 s after its last connection ended, and not after the refused one.
    await world.clock.advance(39_500);
    expect(world.broker.sessionCount).toBe(1);
    await world.crash();
    expect(await world.dial().connect(lasting("c"))).toMatchObject({ sessionPresent: false });
  });

  test("a client that leaves before its CONNACK changes nothing either", async () => {
    const world = await BrokerWorld.start();
    await (await world.client(5, lasting("c"))).cut();
    world.store.holdsCommits = true;
    const second = world.dial();
    second.send(connectOf(5, lasting("c", 10_000)));
    await world.settle();
    await second.cut();
    world.store.holdsCommits = false;
    world.store.commit();
    await world.clock.advance(101_000);
    expect(world.broker.sessionCount).toBe(0);
  });
});

describe("SUBSCRIBE and UNSUBSCRIBE on a disk that does not keep up", () => {
  const subscriptions = [{ topicFilter: "t", qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 }] as const;
  const requests = [
    ["SUBSCRIBE", { type: PacketType.SUBSCRIBE, packetIdentifier: 7, subscriptions }],
    ["UNSUBSCRIBE", { type: PacketType.UNSUBSCRIBE, packetIdentifier: 7, topicFilters: ["u"] }],
  ] as const;
  const versions = [4, 5] as const;
  test.each(requests.flatMap(([name, packet]) => versions.map((version) => [name, version, packet] as const)))(
    "%s, version %i: the connection ends after 10 s without an answer, and the client may ask again",
    async (_name, version, packet) => {
      const world = await BrokerWorld.start();
      const client = await world.client(version, { ...lasting("c"), keepAlive: 0 });
      await client.subscribe("u", 1);
      world.store.holdsCommits = true;
      client.send(packet);
      await world.settle();
      await world.clock.advance(9_900);
      expect(await client.take()).toEqual([]);
      await world.clock.advance(200);
      const told = version === 5 ? [{ type: PacketType.DISCONNECT, reasonCode: 0x89 }] : [];
      expect(await client.take()).toMatchObject(told);
      expect(client.isClosed).toBe(true);
      world.store.holdsCommits = false;
      world.store.commit();
      const again = world.dial(version);
      expect(await again.connect(lasting("c"))).toMatchObject({ sessionPresent: true });
      again.send(packet);
      expect(await again.take()).toHaveLength(1);
    },
  );

  test("what the client has already is granted on a full disk too, and waits for what it waited for before", async () => {
    const world = await BrokerWorld.start();
    const client = await world.client(5, { ...lasting("c"), keepAlive: 0 });
    await client.subscribe("t", 1);
    world.store.become("full");
    expect(await client.subscribe("t", 1)).toEqual([1]);
    expect(await client.subscribe("t", 2)).toEqual([0x97]);
    world.store.become("ok");
    world.store.holdsCommits = true;
    client.send({ type: PacketType.SUBSCRIBE, packetIdentifier: 9, subscriptions: [{ ...subscriptions[0], topicFilter: "new" }] });
    await world.settle();
    await client.cut();
    const again = world.dial();
    again.send(connectOf(5, lasting("c")));
    expect(await again.take()).toEqual([]);
    world.store.commit();
    expect(await again.take()).toMatchObject([{ type: PacketType.CONNACK, sessionPresent: true }]);
    expect(await again.subscribe("new", 1)).toEqual([1]);
  });

  test("an answer that was in time leaves nothing behind", async () => {
    const world = await BrokerWorld.start();
    const client = await world.client(5, { ...lasting("c"), keepAlive: 0 });
    world.store.holdsCommits = true;
    client.send(requests[0][1]);
    await world.clock.advance(5_000);
    world.store.commit();
    expect(await client.take()).toMatchObject([{ type: PacketType.SUBACK }]);
    await world.clock.advance(60_000);
    expect(client.isClosed).toBe(false);
  });
});

describe("wills and a full disk", () => {
  test("a Will that must be kept waits for room, is told of, and reaches everybody once", async () => {
    const { logger, lines } = recordingLogger();
    const world = await BrokerWorld.start({ logger });
    const sleeper = await world.client(5, lasting("sleeper"));
    const online = await world.client();
    for (const client of [sleeper, online]) await client.subscribe("will", 1);
    await sleeper.cut();
    const client = await world.client(5, { will: aWill({ retain: true }) });
    const expiring = await world.client(5, {
      will: aWill({ payload: Buffer.from("late"), properties: { messageExpiryInterval: 5 } }),
    });
    world.store.become("full");
    await client.cut();
    await expiring.cut();
    expect(await online.takeTexts()).toEqual([]);
    expect(world.broker.counters.willsPostponed).toBe(2);
    expect(lines("a will waits")).toHaveLength(2);
    await world.clock.advance(10_000);
    world.store.become("ok");
    await world.settle();
    expect(await online.takeTexts()).toEqual(["will=gone"]);
    expect(world.broker.retainedCount).toBe(1);
    await world.crash();
    const again = world.dial();
    again.send(connectOf(5, lasting("sleeper")));
    expect(await again.takeTexts()).toEqual(["will=gone"]);
  });

  test("one whose Session outlives the crash comes after it", async () => {
    const world = await BrokerWorld.start();
    const client = await world.client(5, { ...lasting("c"), will: aWill({ retain: true }) });
    world.store.become("full");
    await client.cut();
    await world.crash();
    world.store.become("ok");
    await world.clock.advance(1_000);
    expect(world.broker.retainedCount).toBe(1);
  });

  test("one that nobody keeps is published at once", async () => {
    const world = await BrokerWorld.start();
    const online = await world.client();
    await online.subscribe("will", 1);
    const client = await world.client(5, { will: aWill() });
    world.store.become("full");
    await client.cut();
    expect(await online.takeTexts()).toEqual(["will=gone"]);
    expect(world.broker.counters.willsPostponed).toBe(0);
  });
});

describe("what is dropped is told of", () => {
  test("at once, then at most every 10 s with the sums, and who lost most", async () => {
    const { logger, lines } = recordingLogger();
    const world = await BrokerWorld.start({ logger });
    const small = await world.client(5, { clientIdentifier: "small", properties: { maximumPacketSize: 40 } });
    await small.subscribe("#", 1);
    const publisher = await world.client();
    const drop = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) publisher.publish("t", "x".repeat(100), (i % 2) as 0 | 1);
      await world.settle();
      await world.clock.advance(250);
    };
    await drop(2);
    expect(lines("messages were not")).toEqual([{ droppedTooLarge: 2, clients: [{ clientId: "small", lost: 2 }] }]);
    await drop(3);
    await drop(4);
    publisher.publish("$SYS/x", "no");
    await world.settle();
    expect(lines("messages were not")).toHaveLength(1);
    await world.clock.advance(10_000);
    expect(lines("messages were not")[1]).toEqual({
      droppedTooLarge: 7,
      publishesDenied: 1,
      clients: [{ clientId: "small", lost: 7 }],
    });
    await world.clock.advance(60_000);
    expect(lines("messages were not")).toHaveLength(2);
  });
});
