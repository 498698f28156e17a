import { PacketType, type PublishPacket } from "@bowline/protocol";
import { BrokerWorld, connectOf } from "@bowline/testkit/broker";
import { describe, expect, test } from "vitest";

/* What the specification leaves open and the broker decides: the points O-n of spec/decisions.md that are not tested elsewhere. */

test("O-2: of MQTT 3.1 a Client Identifier of more than 23 characters is taken, an empty one refused", async () => {
  const world = await BrokerWorld.start();
  expect(await world.dial(3).connect({ clientIdentifier: "c".repeat(24) })).toMatchObject({ reasonCode: 0 });
  const nameless = world.dial(3);
  expect(await nameless.connect({ clientIdentifier: "" })).toMatchObject({ reasonCode: 0x85 });
  expect(nameless.isClosed).toBe(true);
});

test.each([
  [1, PacketType.PUBACK],
  [2, PacketType.PUBREC],
] as const)("O-5: nobody subscribes, QoS %i: the answer is 0x00", async (qos, type) => {
  const world = await BrokerWorld.start();
  const client = await world.client();
  const packetIdentifier = client.publish("nobody", "x", qos);
  expect(await client.take()).toEqual([{ type, packetIdentifier, reasonCode: 0 }]);
});

test("O-8: a topic that begins with $, and $share as well, is a topic like others", async () => {
  const world = await BrokerWorld.start();
  const subscriber = await world.client();
  await subscriber.subscribe([{ topicFilter: "$own/#" }, { topicFilter: "$share/g/t" }, { topicFilter: "#" }]);
  const publisher = await world.client();
  publisher.publish("$own/a", "1");
  publisher.publish("$share/g/t", "2");
  publisher.publish("t", "3");
  expect((await subscriber.takeTexts()).toSorted()).toEqual(["$own/a=1", "t=3", "t=3"]);
});

describe("O-10: a retained message that expires", () => {
  test("is not sent from that moment on, and is soon forgotten", async () => {
    const world = await BrokerWorld.start();
    const publisher = await world.client();
    publisher.publish("t", "x", 1, { retain: true, properties: { messageExpiryInterval: 10 } });
    await world.settle();
    expect(world.broker.retainedCount).toBe(1);
    await world.clock.advance(9_000);
    const early = await world.client();
    await early.subscribe("t", 1);
    expect(await early.takeMessages()).toMatchObject([{ properties: { messageExpiryInterval: 1 } }]);
    await world.clock.advance(1_000);
    const late = await world.client();
    await late.subscribe("t", 1);
    expect(await late.takeMessages()).toEqual([]);
    await world.clock.advance(60_000);
    expect(world.broker.retainedCount).toBe(0);
  });
});

test("O-12: a retained PUBLISH without payload goes to subscribers, with RETAIN if they asked for it, and takes no room", async () => {
  const world = await BrokerWorld.start();
  const plain = await world.client();
  const asPublished = await world.client();
  await plain.subscribe("t");
  await asPublished.subscribe({ topicFilter: "t", retainAsPublished: true });
  const publisher = await world.client();
  for (const text of ["kept", "", ""]) publisher.publish("t", text, 1, { retain: true });
  const seen = (packets: readonly PublishPacket[]): unknown[] => packets.map(({ payload, retain }) => [payload.length, retain]);
  expect(seen(await plain.takeMessages())).toEqual([
    [4, false],
    [0, false],
    [0, false],
  ]);
  expect(seen(await asPublished.takeMessages())).toEqual([
    [4, true],
    [0, true],
    [0, true],
  ]);
  expect(world.broker.retainedCount).toBe(0);
});

test("O-13: a Topic Filter twice in a SUBSCRIBE is two in order: two Reason Codes, retained messages twice, the second stays", async () => {
  const world = await BrokerWorld.start();
  const publisher = await world.client();
  publisher.publish("t", "kept", 2, { retain: true });
  await world.settle();
  const client = await world.client();
  expect(
    await client.subscribe([
      { topicFilter: "t", qos: 0 },
      { topicFilter: "t", qos: 1 },
    ]),
  ).toEqual([0, 1]);
  expect((await client.takeMessages()).map(({ qos }) => qos).toSorted()).toEqual([0, 1]);
  publisher.publish("t", "new", 2);
  expect(await client.takeMessages()).toMatchObject([{ qos: 1 }]);
});

describe("O-14: when the Server stops", () => {
  const subscriber = { clientIdentifier: "away", cleanStart: false, properties: { sessionExpiryInterval: 3600 } };

  test("a will without delay is published, and one with a delay after the next start", async () => {
    const world = await BrokerWorld.start();
    const receiver = await world.client(5, subscriber);
    await receiver.subscribe("w/#", 1);
    await receiver.disconnect();
    const will = (topicName: string, willDelayInterval: number) => ({
      topicName,
      payload: Buffer.from("gone"),
      qos: 1 as const,
      retain: false,
      properties: { willDelayInterval },
    });
    await world.client(5, { will: will("w/now", 0) });
    await world.client(5, { will: will("w/later", 30), properties: { sessionExpiryInterval: 3600 } });
    await world.restart();
    const back = world.dial(5);
    back.send(connectOf(5, subscriber));
    expect(await back.takeTexts()).toEqual(["w/now=gone"]);
    await world.clock.advance(30_000);
    expect(await back.takeTexts()).toEqual(["w/later=gone"]);
  });
});

test("O-15: a Shared Subscription brings no retained messages", async () => {
  const world = await BrokerWorld.start();
  const publisher = await world.client();
  publisher.publish("t", "kept", 1, { retain: true });
  await world.settle();
  const member = await world.client();
  await member.subscribe("$share/g/t", 1);
  expect(await member.takeMessages()).toEqual([]);
});

test("O-16: a payload that says it is text is not looked at", async () => {
  const world = await BrokerWorld.start();
  const client = await world.client();
  await client.subscribe("t", 1);
  const payload = Uint8Array.of(0xff, 0xfe);
  client.publish("t", "", 1, { payload, properties: { payloadFormatIndicator: 1 } });
  const [message] = await client.takeMessages();
  expect(message?.properties).toEqual({ payloadFormatIndicator: 1 });
  expect(Array.from(message?.payload ?? [])).toEqual([0xff, 0xfe]);
});

test("O-19: bytes of a packet that is not whole yet are a sign of life, silence is none", async () => {
  const world = await BrokerWorld.start();
  const client = await world.client(4, { keepAlive: 10 });
  for (const byte of [0x30, 0x7f, 0x00, 0x01, 0x74]) {
    await world.clock.advance(14_000);
    client.channel.write(Uint8Array.of(byte));
  }
  await world.settle();
  expect(client.isClosed).toBe(false);
  await world.clock.advance(15_500);
  expect(client.isClosed).toBe(true);
});
