import { describe, expect, test } from "vitest";
import { PacketType } from "@bowline/protocol";
import { BrokerWorld, connectOf, publishOf } from "@bowline/testkit/broker";

const lasting = { clientIdentifier: "lasting", cleanStart: false, properties: { sessionExpiryInterval: 1000 } };

describe("Message Expiry Interval", () => {
  test("[MQTT-3.3.2-5] [MQTT-3.3.2-6] goes onward lowered by the time the message waited, and not at all once it has passed", async () => {
    const world = await BrokerWorld.start();
    const sleeper = await world.client(5, lasting);
    await sleeper.subscribe("#", 1);
    await sleeper.cut();
    const publisher = await world.client();
    publisher.publish("short", "1", 1, { properties: { messageExpiryInterval: 5 } });
    publisher.publish("long", "2", 1, { properties: { messageExpiryInterval: 60 } });
    publisher.publish("endless", "3", 1);
    await world.settle();
    await world.clock.advance(10_000);
    await world.crash();
    const again = world.dial();
    again.send(connectOf(5, lasting));
    const messages = await again.takeMessages();
    expect(messages.map((message) => [message.topicName, message.properties?.messageExpiryInterval])).toEqual([
      ["long", 50],
      ["endless", undefined],
    ]);
    expect(world.broker.counters.droppedExpired).toBe(1);
  });

  test("reaches those who are online unchanged", async () => {
    const world = await BrokerWorld.start();
    const client = await world.client();
    await client.subscribe("t", 1);
    client.publish("t", "0", 0, { properties: { messageExpiryInterval: 7 } });
    client.publish("t", "1", 1, { properties: { messageExpiryInterval: 7 } });
    expect((await client.takeMessages()).map((message) => message.properties?.messageExpiryInterval)).toEqual([7, 7]);
  });
});

describe("limits of the receiver", () => {
  test.each([0, 1, 2] as const)(
    "[MQTT-3.1.2-24] [MQTT-3.1.2-25] QoS %i: what is larger than its Maximum Packet Size is not sent, the rest is",
    async (qos) => {
      const world = await BrokerWorld.start();
      const publisher = await world.client();
      const small = await world.client(5, { properties: { maximumPacketSize: 40 } });
      const lastingSmall = await world.client(5, { ...lasting, properties: { sessionExpiryInterval: 10, maximumPacketSize: 40 } });
      const four = await world.client(4);
      for (const client of [small, lastingSmall, four]) await client.subscribe("t", 2);
      for (const text of ["1", "x".repeat(100), "2"]) publisher.publish("t", text, qos);
      expect(await small.takeTexts()).toEqual(["t=1", "t=2"]);
      expect(await lastingSmall.takeTexts()).toEqual(["t=1", "t=2"]);
      expect(await four.takeTexts()).toHaveLength(3);
      expect(world.broker.counters.droppedTooLarge).toBe(2);
    },
  );

  test.each([0, 1000])(
    "[MQTT-4.9.0-1] [MQTT-4.9.0-2] [MQTT-4.9.0-3] Receive Maximum holds back what is unacknowledged and lets QoS 0 pass (expiry %i)",
    async (sessionExpiryInterval) => {
      const world = await BrokerWorld.start();
      const receiver = await world.client(5, { properties: { receiveMaximum: 2, sessionExpiryInterval } });
      const publisher = await world.client();
      await receiver.subscribe("t", 2);
      for (const [i, qos] of ([1, 2, 1, 2, 1] as const).entries()) publisher.publish("t", String(i), qos);
      await world.settle();
      publisher.publish("t", "free");
      const first = await receiver.takeMessages();
      expect(first.map((message) => message.qos)).toEqual([1, 2, 0]);
      receiver.acknowledge("PUBREC", first[1]!.packetIdentifier!);
      expect(await receiver.takeMessages()).toEqual([]);
      receiver.acknowledge("PUBCOMP", first[1]!.packetIdentifier!);
      expect(await receiver.takeTexts()).toEqual(["t=2"]);
      receiver.acknowledge("PUBACK", first[0]!.packetIdentifier!);
      expect(await receiver.takeTexts()).toEqual(["t=3"]);
    },
  );

  test("a receiver that does not read loses messages of QoS 0, counted; those of QoS 1 wait", async () => {
    const world = await BrokerWorld.start({ limits: { maximumBufferedBytes: 100_000 } });
    const slow = await world.client(4);
    const publisher = await world.client(4);
    await slow.subscribe("#", 1);
    slow.channel.pause();
    const large = "x".repeat(50_000);
    const expected = 12;
    for (let i = 0; i < expected; i++) {
      publisher.publish("zero", large);
      await world.settle();
    }
    publisher.publish("one", "kept", 1);
    await world.settle();
    const { droppedSlow } = world.broker.counters;
    expect(droppedSlow).toBeGreaterThan(5);
    slow.channel.resume();
    const messages = await slow.takeMessages();
    expect(messages.filter((message) => message.topicName === "zero")).toHaveLength(expected - droppedSlow);
    expect(messages.at(-1)).toMatchObject({ topicName: "one" });
    publisher.publish("zero", "again");
    expect(await slow.takeTexts()).toEqual(["zero=again"]);
  });

  test.each([
    ["messages", { maximumQueuedMessages: 3 }],
    ["bytes", { maximumQueuedBytes: 9 }],
  ])("a queue that is full in %s takes no more, counted", async (_what, limits) => {
    const world = await BrokerWorld.start({ limits });
    const sleeper = await world.client(5, lasting);
    await sleeper.subscribe("t", 1);
    await sleeper.cut();
    const publisher = await world.client();
    for (let i = 0; i < 5; i++) publisher.publish("t", `0${i}`, 1);
    expect(await publisher.takeOfType(PacketType.PUBACK)).toHaveLength(5);
    expect(world.broker.counters.droppedQueueFull).toBe(2);
    const again = world.dial();
    again.send(connectOf(5, lasting));
    expect(await again.takeTexts()).toEqual(["t=00", "t=01", "t=02"]);
    expect(world.store.rows.messages.size).toBe(3);
  });

  test("[MQTT-3.3.2-5] what has expired at the head of a full queue makes room", async () => {
    const world = await BrokerWorld.start({ limits: { maximumQueuedMessages: 3 } });
    const sleeper = await world.client(5, lasting);
    await sleeper.subscribe("t", 1);
    await sleeper.cut();
    const publisher = await world.client();
    for (let i = 0; i < 2; i++) publisher.publish("t", `short ${i}`, 1, { properties: { messageExpiryInterval: 5 } });
    publisher.publish("t", "long", 1);
    await world.settle();
    await world.clock.advance(6_000);
    for (const text of ["1", "2", "3"]) publisher.publish("t", text, 1);
    await world.settle();
    expect(world.broker.counters).toMatchObject({ droppedExpired: 2, droppedQueueFull: 1 });
    const again = world.dial();
    again.send(connectOf(5, lasting));
    expect(await again.takeTexts()).toEqual(["t=long", "t=1", "t=2"]);
    expect(world.store.rows.messages.size).toBe(3);
  });

  test("a topic deeper than the limit is refused with 0x90", async () => {
    const world = await BrokerWorld.start({ limits: { maximumTopicLevels: 3 } });
    const client = await world.client();
    client.publish("a/b/c", "1", 1);
    client.publish("a/b/c/d", "1", 1);
    expect(await client.take()).toMatchObject([{ reasonCode: 0 }, { reasonCode: 0x90 }]);
    expect(await client.subscribe("a/b/c/d", 1)).toEqual([0x8f]);
  });
});

describe("rights", () => {
  test("to receive are asked at delivery, to subscribe at SUBSCRIBE, to publish at PUBLISH", async () => {
    const world = await BrokerWorld.start({
      access: {
        mayPublish: (_session, topicName) => topicName !== "no",
        maySubscribe: (_session, topicFilter) => topicFilter !== "never/#",
        mayReceive: (_session, topicName) => topicName !== "secret",
      },
    });
    const client = await world.client();
    expect(
      await client.subscribe([{ topicFilter: "never/#" }, { topicFilter: "$share/g/never/#" }, { topicFilter: "#", qos: 1 }]),
    ).toEqual([0x87, 0x87, 1]);
    client.publish("secret", "1", 1, { retain: true });
    client.publish("no", "2", 1);
    client.publish("open", "3", 1);
    const packets = await client.take();
    expect(packets.filter((packet) => packet.type === PacketType.PUBACK)).toMatchObject([
      { reasonCode: 0 },
      { reasonCode: 0x87 },
      { reasonCode: 0 },
    ]);
    expect(packets.filter((packet) => packet.type === PacketType.PUBLISH)).toMatchObject([{ topicName: "open" }]);
    await client.subscribe("+", 1);
    expect(await client.takeTexts()).toEqual([]);
  });
});

test("counters: each message of a run is one", async () => {
  const world = await BrokerWorld.start();
  const client = await world.client();
  await client.subscribe("t", 0);
  client.send(...["a", "b", "c"].map((text) => publishOf("t", text, 0)));
  expect(await client.takeTexts()).toHaveLength(3);
  expect(world.broker.counters).toMatchObject({ messagesReceived: 3, messagesSent: 3 });
});
