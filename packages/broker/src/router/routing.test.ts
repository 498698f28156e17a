import { describe, expect, test } from "vitest";
import { PacketType, type ProtocolVersion, type Properties } from "@bowline/protocol";
import { BrokerWorld, publishOf } from "@bowline/testkit/broker";

const versions = [4, 5] as const;

describe.each(versions)("routing, version %i", (version: ProtocolVersion) => {
  // covers: [v3 MQTT-3.8.4-6] [MQTT-3.8.4-8] [v3 MQTT-3.3.4-1] [MQTT-3.3.1-3] [v3 MQTT-3.3.1-3]
  test.each([
    [0, 0],
    [0, 2],
    [1, 0],
    [1, 1],
    [2, 1],
    [2, 2],
  ] as const)(
    "[MQTT-3.8.4-8] published with QoS %i to a subscription of QoS %i: the lower of the two",
    async (published, subscribed) => {
      const world = await BrokerWorld.start();
      const publisher = await world.client(version);
      const subscriber = await world.client(version);
      expect(await subscriber.subscribe("a/b", subscribed)).toEqual([subscribed]);
      publisher.publish("a/b", "1", published);
      const [message] = await subscriber.takeMessages();
      expect(message).toMatchObject({ topicName: "a/b", qos: Math.min(published, subscribed), dup: false, retain: false });
      const answer = { 0: undefined, 1: PacketType.PUBACK, 2: PacketType.PUBREC }[published];
      expect((await publisher.take()).map((packet) => packet.type)).toEqual(answer === undefined ? [] : [answer]);
    },
  );

  test("[MQTT-4.3.3-4] [MQTT-4.3.3-8] [MQTT-4.3.3-11] QoS 2 completes on both sides", async () => {
    const world = await BrokerWorld.start();
    const publisher = await world.client(version);
    const subscriber = await world.client(version);
    await subscriber.subscribe("t", 2);
    const id = publisher.publish("t", "x", 2);
    expect(await publisher.take()).toMatchObject([{ type: PacketType.PUBREC, packetIdentifier: id, reasonCode: 0 }]);
    publisher.acknowledge("PUBREL", id);
    expect(await publisher.take()).toMatchObject([{ type: PacketType.PUBCOMP, packetIdentifier: id, reasonCode: 0 }]);
    const [message] = await subscriber.takeMessages();
    subscriber.acknowledge("PUBREC", message!.packetIdentifier!);
    expect(await subscriber.take()).toMatchObject([{ type: PacketType.PUBREL, packetIdentifier: message!.packetIdentifier! }]);
    subscriber.acknowledge("PUBCOMP", message!.packetIdentifier!);
    expect(await subscriber.take()).toEqual([]);
    expect([...world.broker.connections()].every((connection) => connection.session!.state.inFlight.count === 0)).toBe(true);
  });

  test("[MQTT-4.3.3-10] [v3 MQTT-4.3.3-2] QoS 2 sent twice before PUBREL is routed once", async () => {
    const world = await BrokerWorld.start();
    const client = await world.client(version);
    await client.subscribe("t", 0);
    client.publish("t", "x", 2, { packetIdentifier: 7 });
    client.publish("t", "x", 2, { packetIdentifier: 7, dup: true });
    const packets = await client.take();
    expect(packets.filter((packet) => packet.type === PacketType.PUBREC)).toHaveLength(2);
    expect(packets.filter((packet) => packet.type === PacketType.PUBLISH)).toHaveLength(1);
  });

  test("[MQTT-4.7.2-1] [v3 MQTT-4.7.2-1] wildcards, and topics that begin with $", async () => {
    const world = await BrokerWorld.start();
    const client = await world.client(version);
    const filters = ["#", "+/b", "a/#", "$internal/#"];
    for (const filter of filters) {
      await client.subscribe(filter, 0);
      for (const topic of ["a/b", "a", "b", "$internal/b", "$internal/x/y"]) client.publish(topic, "1");
      const expected = {
        "#": ["a/b=1", "a=1", "b=1"],
        "+/b": ["a/b=1"],
        "a/#": ["a/b=1", "a=1"],
        "$internal/#": ["$internal/b=1", "$internal/x/y=1"],
      };
      expect(await client.takeTexts(), filter).toEqual(expected[filter as keyof typeof expected]);
      await client.unsubscribe(filter);
    }
  });

  test("[MQTT-3.3.4-2] [v3 MQTT-3.3.5-1] overlapping subscriptions: one copy with the highest QoS", async () => {
    const world = await BrokerWorld.start();
    const client = await world.client(version);
    await client.subscribe("a/+", 0);
    await client.subscribe("a/#", 2);
    await client.subscribe("a/b", 1);
    client.publish("a/b", "1", 2);
    expect(await client.takeMessages()).toMatchObject([{ qos: 2 }]);
  });

  // covers: [v3 MQTT-3.8.4-3] [v3 MQTT-3.10.4-1] [v3 MQTT-3.10.4-2]
  test("[MQTT-3.8.4-3] [MQTT-3.10.4-1] [MQTT-3.10.4-2] what is subscribed is replaced by a new SUBSCRIBE, and gone after UNSUBSCRIBE", async () => {
    const world = await BrokerWorld.start();
    const client = await world.client(version);
    await client.subscribe("t", 1);
    await client.subscribe("t", 0);
    client.publish("t", "1", 1);
    expect(await client.takeMessages()).toMatchObject([{ qos: 0 }]);
    expect(await client.unsubscribe("t", "none")).toEqual(version === 5 ? [0, 0x11] : []);
    client.publish("t", "2", 1);
    expect(await client.takeMessages()).toEqual([]);
  });

  test("[MQTT-4.6.0-5] [v3 MQTT-4.6.0-6] order is kept between messages of one publisher and topic", async () => {
    const world = await BrokerWorld.start();
    const publisher = await world.client(version);
    const subscriber = await world.client(version);
    await subscriber.subscribe("t", 1);
    for (let i = 0; i < 50; i++) publisher.publish("t", String(i), 1);
    expect(await subscriber.takeTexts()).toEqual(Array.from({ length: 50 }, (_, i) => `t=${i}`));
  });
});

describe("subscriptions of 5.0", () => {
  test("[MQTT-3.8.3-3] No Local, alone and beside a subscription without it", async () => {
    const world = await BrokerWorld.start();
    const own = await world.client();
    const other = await world.client();
    await own.subscribe({ topicFilter: "t", qos: 2, noLocal: true }, 2, { subscriptionIdentifiers: [1] });
    own.publish("t", "own");
    own.publish("t", "kept", 1);
    other.publish("t", "other");
    expect(await own.takeTexts()).toEqual(["t=other"]);
    await own.subscribe({ topicFilter: "+", qos: 0 }, 0, { subscriptionIdentifiers: [2] });
    own.publish("t", "own", 1);
    expect(await own.takeMessages()).toMatchObject([{ qos: 0, properties: { subscriptionIdentifiers: [2] } }]);
  });

  test("[MQTT-3.3.4-3] [MQTT-3.3.4-4] every matching Subscription Identifier is in the one copy", async () => {
    const world = await BrokerWorld.start();
    const client = await world.client();
    await client.subscribe("a/#", 1, { subscriptionIdentifiers: [5] });
    await client.subscribe("a/+", 0, { subscriptionIdentifiers: [268_435_455] });
    await client.subscribe("a/b", 0);
    for (const qos of [0, 1] as const) {
      client.publish("a/b", "x", qos);
      const [message] = await client.takeMessages();
      expect([...message!.properties!.subscriptionIdentifiers!].sort()).toEqual([268_435_455, 5]);
      if (qos > 0) client.acknowledge("PUBACK", message!.packetIdentifier!);
    }
  });

  test("[MQTT-3.8.4-7] [MQTT-4.7.1-1] [MQTT-4.7.1-2] Topic Filters that are none, and the answers to them", async () => {
    const world = await BrokerWorld.start();
    const client = await world.client();
    const bad = ["a/#/b", "a+", "$share/ab", "$share//x", "$share/a+/x", "#x"];
    expect(await client.subscribe(bad.map((topicFilter) => ({ topicFilter })))).toEqual(bad.map(() => 0x8f));
    const old = await world.client(4);
    expect(await old.subscribe([{ topicFilter: "a/#/b" }, { topicFilter: "ok", qos: 1 }])).toEqual([0x80, 1]);
  });

  test("[MQTT-3.8.3-4] No Local on a shared subscription is a Protocol Error", async () => {
    const world = await BrokerWorld.start();
    const client = await world.client();
    const filter = Buffer.from("$share/g/t");
    // Our encoder refuses it: SUBSCRIBE, length, identifier 1, no properties, the filter, No Local.
    client.channel.write(
      Buffer.concat([Uint8Array.of(0x82, 6 + filter.length, 0, 1, 0, 0, filter.length), filter, Uint8Array.of(4)]),
    );
    expect(await client.take()).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: 0x82 }]);
  });
});

describe("shared subscriptions", () => {
  test.each(versions)("version %i: members take turns, and none gets two", async (version) => {
    const world = await BrokerWorld.start();
    const members = [await world.client(version), await world.client(version), await world.client(version)];
    const publisher = await world.client(version);
    for (const member of members) expect(await member.subscribe("$share/g/t/#", 1)).toEqual([1]);
    for (let i = 0; i < 9; i++) publisher.publish("t/x", String(i), (i % 2) as 0 | 1);
    const counts: number[] = [];
    for (const member of members) counts.push((await member.takeMessages()).length);
    expect(counts).toEqual([3, 3, 3]);
  });

  test("a run of QoS 0 messages is shared out message by message", async () => {
    const world = await BrokerWorld.start();
    const members = [await world.client(4), await world.client(5)];
    const publisher = await world.client(4);
    for (const member of members) await member.subscribe("$share/g/t", 0);
    publisher.send(...["1", "2", "3", "4"].map((text) => publishOf("t", text, 0)));
    const texts = [await members[0]!.takeTexts(), await members[1]!.takeTexts()];
    expect(texts.map((list) => list.length)).toEqual([2, 2]);
    expect(texts.flat().sort()).toEqual(["t=1", "t=2", "t=3", "t=4"]);
  });

  test("beside an ordinary subscription of the same client both get a copy, with the group's Subscription Identifier", async () => {
    const world = await BrokerWorld.start();
    const client = await world.client();
    await client.subscribe("t", 0, { subscriptionIdentifiers: [1] });
    await client.subscribe("$share/g/t", 0, { subscriptionIdentifiers: [2] });
    client.publish("t", "x");
    const ids = (await client.takeMessages()).map((message) => message.properties?.subscriptionIdentifiers);
    expect(ids).toEqual([[1], [2]]);
  });

  test("who leaves gets nothing more, whoever is offline only what nobody online can take", async () => {
    const world = await BrokerWorld.start();
    const persistent = { clientIdentifier: "p", properties: { sessionExpiryInterval: 100 } };
    const sleeper = await world.client(5, persistent);
    const waking = await world.client();
    const publisher = await world.client();
    await sleeper.subscribe("$share/g/t", 1);
    await waking.subscribe("$share/g/t", 1);
    await sleeper.cut();
    for (let i = 0; i < 4; i++) publisher.publish("t", String(i), 1);
    expect(await waking.takeTexts()).toEqual(["t=0", "t=1", "t=2", "t=3"]);
    await waking.unsubscribe("$share/g/t");
    publisher.publish("t", "4", 1);
    expect(await waking.takeTexts()).toEqual([]);
    const again = world.dial();
    expect(await again.connect({ ...persistent, cleanStart: false })).toMatchObject({ sessionPresent: true });
    expect(await again.takeTexts()).toEqual([]);
  });

  test("a member without the right to the topic does not cost the others a message", async () => {
    const world = await BrokerWorld.start({
      access: {
        mayPublish: () => true,
        maySubscribe: () => true,
        mayReceive: (session, topicName) => session.clientIdentifier !== "barred" || topicName !== "t/secret",
      },
    });
    const barred = await world.client(5, { clientIdentifier: "barred" });
    const member = await world.client();
    for (const client of [barred, member]) await client.subscribe("$share/g/t/#", 0);
    for (let i = 0; i < 4; i++) member.publish("t/secret", String(i));
    expect(await barred.takeTexts()).toEqual([]);
    expect(await member.takeTexts()).toHaveLength(4);
  });

  test("get no retained messages", async () => {
    const world = await BrokerWorld.start();
    const client = await world.client();
    client.publish("t", "old", 0, { retain: true });
    await client.subscribe("$share/g/t", 0);
    expect(await client.takeMessages()).toEqual([]);
  });
});

describe("what travels with a message", () => {
  const properties: Properties = {
    payloadFormatIndicator: 1,
    contentType: "text/plain",
    responseTopic: "answers/1",
    correlationData: Uint8Array.of(1, 2, 3),
    userProperties: [
      ["a", "1"],
      ["a", "2"],
      ["b", ""],
    ],
  };

  test.each([0, 1, 2] as const)(
    "[MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-17] [MQTT-3.3.2-18] [MQTT-3.3.2-20] QoS %i: all properties reach a 5.0 subscriber unchanged, and a 3.1.1 one gets the message",
    async (qos) => {
      const world = await BrokerWorld.start();
      const publisher = await world.client(5);
      const five = await world.client(5);
      const four = await world.client(4);
      await five.subscribe("t", 2);
      await four.subscribe("t", 2);
      publisher.publish("t", "x", qos, { properties });
      const [message] = await five.takeMessages();
      expect(message!.properties).toMatchObject({ ...properties, correlationData: expect.anything() as unknown });
      expect([...message!.properties!.correlationData!]).toEqual([1, 2, 3]);
      expect(message!.properties!.userProperties).toEqual(properties.userProperties);
      expect(await four.takeMessages()).toMatchObject([{ qos, topicName: "t" }]);
    },
  );

  test("messages of 3.1.1 reach 5.0 and back, runs included", async () => {
    const world = await BrokerWorld.start();
    for (const from of versions) {
      const publisher = await world.client(from);
      const clients = [await world.client(3), await world.client(4), await world.client(5)];
      for (const client of clients) await client.subscribe("t", 0);
      const texts = ["11", "22", "33", "4444", "5"];
      publisher.send(...texts.map((text) => publishOf("t", text, 0)));
      for (const client of clients) expect(await client.takeTexts()).toEqual(texts.map((text) => `t=${text}`));
      for (const client of clients) await client.disconnect();
    }
  });

  test("a run with properties that differ keeps each message its own", async () => {
    const world = await BrokerWorld.start();
    const publisher = await world.client();
    const subscriber = await world.client();
    await subscriber.subscribe("t", 0, { subscriptionIdentifiers: [9] });
    const of = (name: string) => publishOf("t", name, 0, { properties: { userProperties: [["n", name]] } });
    publisher.send(of("1"), of("2"), of("2"), of("3"));
    const names = (await subscriber.takeMessages()).map((message) => [
      message.properties!.userProperties![0]![1],
      Buffer.from(message.payload).toString(),
    ]);
    expect(names).toEqual([
      ["1", "1"],
      ["2", "2"],
      ["2", "2"],
      ["3", "3"],
    ]);
  });

  test("[MQTT-3.3.2-12] a Topic Alias is the publisher's alone: subscribers get the topic", async () => {
    const world = await BrokerWorld.start();
    const publisher = await world.client();
    const subscribers = [await world.client(5), await world.client(4)];
    for (const subscriber of subscribers) await subscriber.subscribe("#", 1);
    publisher.publish("long/topic", "1", 0, { properties: { topicAlias: 3 } });
    publisher.publish("", "2", 0, { properties: { topicAlias: 3, contentType: "c" } });
    publisher.publish("", "3", 1, { properties: { topicAlias: 3 } });
    publisher.publish("other", "4", 0, { properties: { topicAlias: 3 } });
    publisher.publish("", "5", 0, { properties: { topicAlias: 3 } });
    for (const subscriber of subscribers) {
      const messages = await subscriber.takeMessages();
      expect(messages.map((message) => `${message.topicName}=${Buffer.from(message.payload).toString()}`)).toEqual([
        "long/topic=1",
        "long/topic=2",
        "long/topic=3",
        "other=4",
        "other=5",
      ]);
      expect(messages.every((message) => message.properties?.topicAlias === undefined)).toBe(true);
    }
  });

  test("[v3 MQTT-3.3.5-2] a topic under $SYS is the broker's: 0x87 on 5.0, the end of the connection on 3.1.1, a will as well", async () => {
    const world = await BrokerWorld.start();
    const watcher = await world.client();
    await watcher.subscribe("$SYS/#", 1);
    const five = await world.client(5);
    const id = five.publish("$SYS/broker/x", "1", 1);
    expect(await five.take()).toMatchObject([{ type: PacketType.PUBACK, packetIdentifier: id, reasonCode: 0x87 }]);
    const four = await world.client(4);
    four.publish("$SYS/broker/x", "1", 1);
    await world.settle();
    expect(four.isClosed).toBe(true);
    const willful = await world.client(5, {
      will: { topicName: "$SYS/broker/x", payload: Buffer.from("w"), qos: 1, retain: true },
    });
    await willful.cut();
    expect(await watcher.takeMessages()).toEqual([]);
    expect(world.broker.retainedCount).toBe(0);
  });
});
