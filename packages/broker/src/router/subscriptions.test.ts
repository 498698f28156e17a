import { describe, expect, test } from "vitest";
import { PacketType, type QoS } from "@bowline/protocol";
import { BrokerWorld, connectOf, textOf } from "@bowline/testkit/broker";

const plain = { qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;

describe.each([4, 5] as const)("SUBSCRIBE, version %i", (version) => {
  const ids =
    version === 5
      ? "[MQTT-3.8.4-1] [MQTT-3.8.4-2] [MQTT-3.8.4-5] [MQTT-3.8.4-6] [MQTT-3.9.3-1] [MQTT-2.2.1-6]"
      : "[v3 MQTT-3.8.4-1] [v3 MQTT-3.8.4-2] [v3 MQTT-3.8.4-4] [v3 MQTT-3.8.4-5] [v3 MQTT-3.9.3-1] [v3 MQTT-2.3.1-7]";
  test(`${ids} one answer with its identifier, and a code for each Topic Filter in order`, async () => {
    const world = await BrokerWorld.start();
    const client = await world.client(version);
    const asked: readonly [string, QoS][] = [
      ["a", 2],
      ["b/#/c", 1],
      ["b", 0],
      ["a", 1],
    ];
    const subscriptions = asked.map(([topicFilter, qos]) => ({ ...plain, topicFilter, qos }));
    client.send({ type: PacketType.SUBSCRIBE, packetIdentifier: 65_535, subscriptions });
    expect(await client.take()).toEqual([
      expect.objectContaining({
        type: PacketType.SUBACK,
        packetIdentifier: 65_535,
        reasonCodes: [2, version === 5 ? 0x8f : 0x80, 0, 1],
      }),
    ]);
    // The last one of a Topic Filter holds.
    client.publish("a", "x", 2);
    expect(await client.takeMessages()).toMatchObject([{ qos: 1 }]);
  });

  test("[MQTT-3.8.4-4] [v3 MQTT-3.8.4-3] [MQTT-3.3.1-9] one that is there gets its retained messages again, and loses nothing", async () => {
    const world = await BrokerWorld.start();
    const client = await world.client(version);
    const publisher = await world.client(version);
    publisher.publish("t", "old", 1, { retain: true });
    await client.subscribe("t", 1);
    expect(await client.takeTexts()).toEqual(["t=old"]);
    publisher.publish("t", "before", 1);
    client.send({ type: PacketType.SUBSCRIBE, packetIdentifier: 7, subscriptions: [{ ...plain, qos: 1, topicFilter: "t" }] });
    await world.settle();
    publisher.publish("t", "after", 1);
    const messages = await client.takeMessages();
    expect(messages.map((message) => [textOf(message), message.retain])).toEqual(
      expect.arrayContaining([
        ["t=before", false],
        ["t=old", true],
        ["t=after", false],
      ]),
    );
    expect(messages).toHaveLength(3);
  });
});

describe.each([4, 5] as const)("UNSUBSCRIBE, version %i", (version) => {
  const ids =
    version === 5
      ? "[MQTT-3.10.4-1] [MQTT-3.10.4-4] [MQTT-3.10.4-5] [MQTT-3.10.4-6] [MQTT-3.11.3-1]"
      : "[v3 MQTT-3.10.4-1] [v3 MQTT-3.10.4-4] [v3 MQTT-3.10.4-5] [v3 MQTT-3.10.4-6]";
  test(`${ids} removes what is equal character by character, and answers also when nothing was`, async () => {
    const world = await BrokerWorld.start();
    const client = await world.client(version);
    await client.subscribe([{ topicFilter: "a/+" }, { topicFilter: "a/b" }]);
    client.send({ type: PacketType.UNSUBSCRIBE, packetIdentifier: 9, topicFilters: ["a/#", "a/+", "A/b", "a/+"] });
    const [answer] = await client.take();
    expect(answer).toMatchObject({ type: PacketType.UNSUBACK, packetIdentifier: 9 });
    if (version === 5) expect(answer).toMatchObject({ reasonCodes: [0x11, 0, 0x11, 0x11] });
    client.publish("a/b", "x");
    client.publish("a/c", "x");
    expect(await client.takeTexts()).toEqual(["a/b=x"]);
    client.send({ type: PacketType.UNSUBSCRIBE, packetIdentifier: 10, topicFilters: ["none"] });
    expect(await client.take()).toMatchObject([{ type: PacketType.UNSUBACK, packetIdentifier: 10 }]);
  });

  const kept = version === 5 ? "[MQTT-3.10.4-2] [MQTT-3.10.4-3]" : "[v3 MQTT-3.10.4-2] [v3 MQTT-3.10.4-3]";
  test(`${kept} what had begun is finished, also over a reconnect; nothing is added`, async () => {
    const world = await BrokerWorld.start();
    const lasting = {
      clientIdentifier: "c",
      cleanStart: false,
      ...(version === 5 ? { properties: { sessionExpiryInterval: 100 } } : {}),
    };
    const client = await world.client(version, lasting);
    const publisher = await world.client(version);
    await client.subscribe("t", 2);
    publisher.publish("t", "one", 1);
    publisher.publish("t", "two", 2);
    const [one, two] = await client.takeMessages();
    await client.unsubscribe("t");
    publisher.publish("t", "three", 2);
    client.acknowledge("PUBREC", two!.packetIdentifier!);
    expect(await client.take()).toMatchObject([{ type: PacketType.PUBREL, packetIdentifier: two!.packetIdentifier }]);
    await client.cut();
    const again = world.dial(version);
    again.send(connectOf(version, lasting));
    expect((await again.take()).slice(1)).toMatchObject([
      { type: PacketType.PUBLISH, packetIdentifier: one!.packetIdentifier, dup: true },
      { type: PacketType.PUBREL, packetIdentifier: two!.packetIdentifier },
    ]);
  });
});

describe.each([4, 5] as const)("order, version %i", (version) => {
  const ids = version === 5 ? "[MQTT-4.6.0-5] [MQTT-4.6.0-6]" : "[v3 MQTT-4.6.0-5] [v3 MQTT-4.6.0-6]";
  test(`${ids} holds for each QoS, with a quota that runs out, over a reconnect and a crash`, async () => {
    const world = await BrokerWorld.start();
    const lasting = {
      clientIdentifier: "c",
      cleanStart: false,
      ...(version === 5 ? { properties: { sessionExpiryInterval: 100, receiveMaximum: 5 } } : {}),
    };
    const client = await world.client(version, lasting);
    await client.subscribe("t", 2);
    const publisher = await world.client(version);
    let next = 0;
    const publish = (count: number): void => {
      for (let i = 0; i < count; i++) publisher.publish("t", String(next++).padStart(3, "0"), ((next % 2) + 1) as QoS);
    };
    publish(20);
    const first = await client.takeMessages();
    for (const { qos, packetIdentifier } of first.slice(0, 3))
      client.acknowledge(qos === 1 ? "PUBACK" : "PUBREC", packetIdentifier!);
    await world.settle();
    const seen = [...first, ...(await client.takeMessages())];
    await client.cut();
    publish(10);
    await world.settle();
    await world.crash();
    const again = world.dial(version);
    again.send(connectOf(version, lasting));
    for (let round = 0; round < 60; round++) {
      const packets = await again.take();
      for (const packet of packets) {
        if (packet.type === PacketType.PUBLISH) {
          seen.push(packet);
          again.acknowledge(packet.qos === 1 ? "PUBACK" : "PUBREC", packet.packetIdentifier!);
        } else if (packet.type === PacketType.PUBREL) again.acknowledge("PUBCOMP", packet.packetIdentifier);
      }
      if (packets.length === 0) break;
    }
    const firstTimes = [...new Set(seen.map(textOf))];
    expect(firstTimes).toEqual([...firstTimes].sort((a, b) => (a < b ? -1 : 1)));
    expect(firstTimes).toHaveLength(30);
  });
});

describe.each([3, 4, 5] as const)("small things, version %i", (version) => {
  test("[MQTT-3.12.4-1] [v3 MQTT-3.12.4-1] PINGREQ is answered by PINGRESP", async () => {
    const world = await BrokerWorld.start();
    const client = await world.client(version);
    client.send({ type: PacketType.PINGREQ }, { type: PacketType.PINGREQ });
    expect((await client.take()).map(({ type }) => type)).toEqual([PacketType.PINGRESP, PacketType.PINGRESP]);
  });

  test("a PUBLISH that nobody gets is acknowledged with 0x00 all the same (O-5)", async () => {
    const world = await BrokerWorld.start();
    const client = await world.client(version);
    client.publish("nobody", "x", 1);
    client.publish("nobody", "x", 2);
    expect(await client.take()).toMatchObject([{ reasonCode: 0 }, { reasonCode: 0 }]);
  });

  test("[MQTT-3.3.1-3] [v3 MQTT-3.3.1-3] a message that came with DUP goes on without it", async () => {
    const world = await BrokerWorld.start();
    const client = await world.client(version);
    await client.subscribe("t", 2);
    client.publish("t", "1", 1, { dup: true });
    client.publish("t", "2", 2, { dup: true });
    expect((await client.takeMessages()).map(({ dup, packetIdentifier }) => [dup, packetIdentifier])).toEqual([
      [false, 1],
      [false, 2],
    ]);
  });
});

describe("messages that expire, at QoS 2", () => {
  test("[MQTT-4.3.3-7] [MQTT-4.3.3-13] one that was sent does not expire any more, and its exchange ends as always", async () => {
    const world = await BrokerWorld.start();
    const lasting = { clientIdentifier: "c", cleanStart: false, properties: { sessionExpiryInterval: 100 } };
    const client = await world.client(5, lasting);
    await client.subscribe("t", 2);
    const id = client.publish("t", "x", 2, { properties: { messageExpiryInterval: 5 } });
    const [message] = await client.takeMessages();
    await world.clock.advance(10_000);
    client.acknowledge("PUBREL", id);
    expect(await client.take()).toMatchObject([{ type: PacketType.PUBCOMP, packetIdentifier: id, reasonCode: 0 }]);
    await client.cut();
    const again = world.dial();
    again.send(connectOf(5, lasting));
    expect(await again.takeMessages()).toMatchObject([{ packetIdentifier: message!.packetIdentifier, dup: true }]);
  });
});
