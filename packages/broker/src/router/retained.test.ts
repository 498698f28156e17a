import { describe, expect, test } from "vitest";
import { BrokerWorld, connectOf } from "@bowline/testkit/broker";

describe.each([4, 5] as const)("retained messages, version %i", (version) => {
  // covers: [v3 MQTT-3.3.1-5] [v3 MQTT-3.3.1-6] [v3 MQTT-3.3.1-7] [v3 MQTT-3.3.1-8] [v3 MQTT-3.3.1-10] [v3 MQTT-3.3.1-11] [v3 MQTT-3.3.1-12]
  test("[MQTT-3.3.1-5] [MQTT-3.3.1-6] [MQTT-3.3.1-7] [MQTT-3.3.1-8] set, replaced, cleared", async () => {
    const world = await BrokerWorld.start();
    const publisher = await world.client(version);
    const seen = async (): Promise<unknown[]> => {
      const client = await world.client(version);
      await client.subscribe("a/+", 1);
      const messages = await client.takeMessages();
      await client.disconnect();
      return messages.map((message) => [message.topicName, Buffer.from(message.payload).toString(), message.qos, message.retain]);
    };
    publisher.publish("a/b", "1", 0, { retain: true });
    publisher.publish("a/c", "2", 2, { retain: true });
    expect((await seen()).sort()).toEqual([
      ["a/b", "1", 0, true],
      ["a/c", "2", 1, true],
    ]);
    publisher.publish("a/b", "3", 1, { retain: true });
    publisher.publish("a/c", "not retained", 1);
    expect((await seen()).sort()).toEqual([
      ["a/b", "3", 1, true],
      ["a/c", "2", 1, true],
    ]);
    publisher.publish("a/b", "", 0, { retain: true });
    publisher.publish("a/none", "", 0, { retain: true });
    expect(await seen()).toEqual([["a/c", "2", 1, true]]);
    expect(world.broker.retainedCount).toBe(1);
  });

  test("[MQTT-3.3.1-12] [v3 MQTT-3.3.1-9] [v3 MQTT-3.3.1-10] those who are subscribed already get it without the flag, an empty one too", async () => {
    const world = await BrokerWorld.start();
    const client = await world.client(version);
    await client.subscribe("t", 0);
    client.publish("t", "1", 0, { retain: true });
    client.publish("t", "", 0, { retain: true });
    expect(await client.takeMessages()).toMatchObject([{ retain: false }, { retain: false }]);
  });

  test("[MQTT-4.7.2-1] [v3 MQTT-4.7.2-1] a topic with $ first is not for a wildcard at the start", async () => {
    const world = await BrokerWorld.start();
    const client = await world.client(version);
    client.publish("$x/a", "1", 0, { retain: true });
    await client.subscribe("#", 0);
    await client.subscribe("+/a", 0);
    expect(await client.takeTexts()).toEqual([]);
    await client.subscribe("$x/#", 0);
    expect(await client.takeTexts()).toEqual(["$x/a=1"]);
  });

  test("[v3 MQTT-3.1.2-7] they survive a crash, and the client that published them", async () => {
    const world = await BrokerWorld.start();
    const publisher = await world.client(version);
    publisher.publish("a", "1", 1, { retain: true });
    publisher.publish("b", "2", 0, { retain: true });
    publisher.publish("b", "", 0, { retain: true });
    await world.settle();
    await world.crash();
    const client = await world.client(version);
    await client.subscribe("#", 1);
    expect(await client.takeTexts()).toEqual(["a=1"]);
    expect(world.store.rows.messages.size).toBe(1);
  });
});

describe("retained messages on 5.0", () => {
  test("[MQTT-3.3.1-9] [MQTT-3.3.1-10] [MQTT-3.3.1-11] Retain Handling 0 always, 1 for a new subscription, 2 never", async () => {
    const world = await BrokerWorld.start();
    const client = await world.client();
    client.publish("t", "x", 0, { retain: true });
    const subscribe = async (retainHandling: 0 | 1 | 2): Promise<number> => {
      await client.subscribe({ topicFilter: "t", retainHandling });
      return (await client.takeMessages()).length;
    };
    expect([await subscribe(2), await subscribe(1), await subscribe(0), await subscribe(0)]).toEqual([0, 0, 1, 1]);
    await client.unsubscribe("t");
    expect([await subscribe(1), await subscribe(1)]).toEqual([1, 0]);
  });

  test("[MQTT-3.3.1-13] Retain As Published keeps the flag of what is published now", async () => {
    const world = await BrokerWorld.start();
    const client = await world.client();
    await client.subscribe({ topicFilter: "t", retainAsPublished: true, qos: 1 });
    client.publish("t", "1", 0, { retain: true });
    client.publish("t", "2", 1, { retain: true });
    client.publish("t", "3", 1);
    expect((await client.takeMessages()).map((message) => message.retain)).toEqual([true, true, false]);
  });

  test("[MQTT-3.3.4-3] [MQTT-3.3.2-6] with the subscription's identifier, its own properties, and what is left of its expiry", async () => {
    const world = await BrokerWorld.start();
    const client = await world.client();
    client.publish("t", "x", 1, { retain: true, properties: { messageExpiryInterval: 10, contentType: "c" } });
    await world.settle();
    await world.clock.advance(4_000);
    await client.subscribe("t", 1, { subscriptionIdentifiers: [7] });
    expect(await client.takeMessages()).toMatchObject([
      { retain: true, properties: { messageExpiryInterval: 6, contentType: "c", subscriptionIdentifiers: [7] } },
    ]);
    await world.clock.advance(6_000);
    await client.subscribe("t", 1);
    expect(await client.takeMessages()).toEqual([]);
  });
});

describe("retained messages that expire", () => {
  const retained = (seconds: number) => ({ retain: true, properties: { messageExpiryInterval: seconds } });

  test("[MQTT-3.3.2-5] are deleted from memory and storage, asked for or not", async () => {
    const world = await BrokerWorld.start();
    const client = await world.client();
    for (let i = 0; i < 2_500; i++) client.publish(`many/${i}`, "x", 0, retained(5));
    client.publish("asked", "x", 1, retained(5));
    client.publish("replaced", "x", 0, retained(5));
    client.publish("replaced", "y", 0, { retain: true });
    client.publish("longer", "x", 0, retained(100));
    await world.settle();
    expect(world.broker.retainedCount).toBe(2_503);
    await world.clock.advance(5_000);
    await client.subscribe("asked", 1);
    expect(await client.takeMessages()).toEqual([]);
    await world.clock.advance(1_000);
    expect(world.broker.retainedCount).toBe(2);
    await world.settle();
    expect(world.store.rows.retained.size).toBe(2);
    expect(world.store.rows.messages.size).toBe(2);
  });

  test("also those that were there before a restart, and while storage takes nothing", async () => {
    const world = await BrokerWorld.start();
    const client = await world.client();
    client.publish("a", "x", 1, retained(5));
    client.publish("b", "x", 1, retained(5));
    await world.settle();
    await world.crash();
    expect(world.broker.retainedCount).toBe(2);
    world.store.become("full");
    await world.clock.advance(6_000);
    expect(world.broker.retainedCount).toBe(0);
    world.store.become("ok");
    const publisher = world.dial();
    publisher.send(connectOf(5));
    publisher.publish("a", "new", 1, { retain: true });
    await world.settle();
    await world.crash();
    expect(world.broker.retainedCount).toBe(1);
  });
});
