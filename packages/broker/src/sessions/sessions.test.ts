import { describe, expect, test } from "vitest";
import { PacketType } from "@bowline/protocol";
import { BrokerWorld, connectOf, type TestClient } from "@bowline/testkit/broker";

/** A CONNECT whose Session survives, in the words of either version. */
function lasting(version: 4 | 5, cleanStart = false) {
  const properties = { sessionExpiryInterval: 100 };
  return { clientIdentifier: "lasting", cleanStart, ...(version === 5 ? { properties } : {}) };
}

describe.each([4, 5] as const)("sessions, version %i", (version) => {
  // covers: [MQTT-3.1.4-4] [v3 MQTT-3.1.4-3] [MQTT-3.1.4-5] [v3 MQTT-3.1.4-4] [MQTT-3.2.2-2] [MQTT-3.2.2-3] [v3 MQTT-3.2.2-1]
  // covers: [v3 MQTT-3.2.2-2] [v3 MQTT-3.2.2-3] [v3 MQTT-3.1.2-4] [v3 MQTT-3.1.2-6] [MQTT-3.1.2-5] [MQTT-3.1.2-6]
  test("[MQTT-3.1.2-4] Session Present, Clean Start, and what a clean one forgets", async () => {
    const world = await BrokerWorld.start();
    const connect = async (cleanStart: boolean): Promise<[TestClient, boolean]> => {
      const client = world.dial(version);
      return [client, (await client.connect({ ...lasting(version, cleanStart) })).sessionPresent];
    };
    let [client, present] = await connect(false);
    expect(present).toBe(false);
    await client.subscribe("t", 1);
    await client.cut();
    [client, present] = await connect(false);
    expect(present).toBe(true);
    client.publish("t", "1");
    expect(await client.takeTexts()).toEqual(["t=1"]);
    await client.cut();
    [client, present] = await connect(true);
    expect(present).toBe(false);
    client.publish("t", "2");
    expect(await client.takeTexts()).toEqual([]);
    expect(world.broker.sessionCount).toBe(1);
  });

  // covers: [MQTT-3.1.2-23] [v3 MQTT-3.1.2-5] [MQTT-4.5.0-1] [v3 MQTT-4.5.0-1] [MQTT-4.1.0-1] [v3 MQTT-4.1.0-1]
  test("[MQTT-4.5.0-1] offline messages of QoS 1 and 2 wait in order, those of QoS 0 do not", async () => {
    const world = await BrokerWorld.start();
    const sleeper = await world.client(version, lasting(version));
    const publisher = await world.client(version);
    await sleeper.subscribe("t", 2);
    await sleeper.disconnect();
    for (const [i, qos] of ([1, 0, 2, 1] as const).entries()) publisher.publish("t", String(i), qos);
    await world.settle();
    const again = world.dial(version);
    again.send(connectOf(version, lasting(version)));
    const messages = await again.takeMessages();
    expect(messages.map((message) => [Buffer.from(message.payload).toString(), message.qos, message.dup])).toEqual([
      ["0", 1, false],
      ["2", 2, false],
      ["3", 1, false],
    ]);
  });

  // covers: [v3 MQTT-4.4.0-1] [MQTT-3.3.1-1] [v3 MQTT-3.3.1-1] [MQTT-4.3.3-6]
  test("[MQTT-4.4.0-1] what was not acknowledged comes again with DUP and its identifier, before anything else", async () => {
    const world = await BrokerWorld.start();
    const first = await world.client(version, lasting(version));
    const publisher = await world.client(version);
    await first.subscribe("t", 2);
    publisher.publish("t", "1", 1);
    publisher.publish("t", "2", 2);
    publisher.publish("t", "3", 2);
    const sent = await first.takeMessages();
    expect(sent).toHaveLength(3);
    first.acknowledge("PUBREC", sent[2]!.packetIdentifier!);
    await world.settle();
    await first.cut();
    publisher.publish("t", "4", 1);
    await world.settle();
    const again = world.dial(version);
    again.send(connectOf(version, lasting(version)));
    const packets = await again.take();
    expect(packets.slice(1)).toMatchObject([
      { type: PacketType.PUBLISH, dup: true, packetIdentifier: sent[0]!.packetIdentifier },
      { type: PacketType.PUBLISH, dup: true, packetIdentifier: sent[1]!.packetIdentifier },
      { type: PacketType.PUBREL, packetIdentifier: sent[2]!.packetIdentifier },
      { type: PacketType.PUBLISH, dup: false },
    ]);
  });

  test("an acknowledged message never comes again", async () => {
    const world = await BrokerWorld.start();
    const client = await world.client(version, lasting(version));
    await client.subscribe("t", 1);
    client.publish("t", "1", 1);
    const [message] = await client.takeMessages();
    client.acknowledge("PUBACK", message!.packetIdentifier!);
    await world.settle();
    await client.cut();
    const again = world.dial(version);
    again.send(connectOf(version, lasting(version)));
    expect(await again.takeMessages()).toEqual([]);
    expect(world.store.rows.messages.size).toBe(0);
  });

  test("[MQTT-3.1.4-3] [v3 MQTT-3.1.4-2] a second connection of the same client takes the Session over", async () => {
    const world = await BrokerWorld.start();
    const first = await world.client(version, lasting(version));
    await first.subscribe("t", 1);
    const second = world.dial(version);
    expect(await second.connect(lasting(version))).toMatchObject({ sessionPresent: true });
    const last = version === 5 ? [{ type: PacketType.DISCONNECT, reasonCode: 0x8e }] : [];
    expect(await first.take()).toMatchObject(last);
    expect(first.isClosed).toBe(true);
    second.publish("t", "1");
    expect(await second.takeTexts()).toEqual(["t=1"]);
  });

  test("also where the Session ends with its connection: then the new one has none", async () => {
    const world = await BrokerWorld.start();
    const changes = { clientIdentifier: "same", cleanStart: true };
    const first = await world.client(version, changes);
    await first.subscribe("t", 1);
    const second = world.dial(version);
    expect(await second.connect({ ...changes, cleanStart: version === 4 })).toMatchObject({ sessionPresent: false });
    await world.settle();
    expect(first.isClosed).toBe(true);
    expect(world.broker.sessionCount).toBe(1);
    second.publish("t", "1");
    expect(await second.takeTexts()).toEqual([]);
  });

  test("a connection that was taken over while its transport was full writes nothing more into the Session", async () => {
    const world = await BrokerWorld.start();
    const first = await world.client(version, lasting(version));
    const publisher = await world.client(version);
    await first.subscribe("t", 1);
    first.channel.pause();
    const large = "x".repeat(600_000);
    for (let i = 0; i < 6; i++) publisher.publish("t", `${i}${large}`, 1);
    await world.settle();
    const second = world.dial(version);
    const { properties } = lasting(5);
    // One at a time, so that most of the queue is still there when the first one's transport has room again.
    second.send(
      connectOf(version, { ...lasting(version), ...(version === 5 ? { properties: { ...properties, receiveMaximum: 1 } } : {}) }),
    );
    await world.settle();
    const answer = async (): Promise<string[]> => {
      const messages = await second.takeMessages();
      for (const message of messages) second.acknowledge("PUBACK", message.packetIdentifier!);
      return messages.map((message) => String.fromCharCode(message.payload[0]!));
    };
    first.channel.resume();
    const seen: string[] = [];
    for (let i = 0; i < 6; i++) seen.push(...(await answer()));
    expect(seen).toEqual(["0", "1", "2", "3", "4", "5"]);
  });
});

describe("connections that come at an awkward time", () => {
  test("a takeover while the first one's Session is still being kept: one of them is open, and the Session is whole", async () => {
    const world = await BrokerWorld.start();
    world.store.holdsCommits = true;
    const first = world.dial();
    first.send(connectOf(5, lasting(5)));
    await world.settle();
    const second = world.dial();
    second.send(connectOf(5, lasting(5)));
    await world.settle();
    world.store.holdsCommits = false;
    world.store.commit();
    await world.settle();
    expect(first.isClosed).toBe(true);
    expect(first.packets).toEqual([]);
    expect(await second.subscribe("t", 1)).toEqual([1]);
    second.publish("t", "1", 1);
    expect(await second.takeMessages()).toHaveLength(1);
    expect(world.broker.sessionCount).toBe(1);
  });

  test("a client that leaves before its CONNACK, or its SUBACK, was kept", async () => {
    const world = await BrokerWorld.start();
    world.store.holdsCommits = true;
    const first = world.dial();
    first.send(connectOf(5, lasting(5)));
    await world.settle();
    await first.cut();
    world.store.holdsCommits = false;
    world.store.commit();
    const second = world.dial();
    expect(await second.connect(lasting(5))).toMatchObject({ sessionPresent: false });
    world.store.holdsCommits = true;
    const subscriptions = [{ topicFilter: "t", qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 }] as const;
    second.send({ type: PacketType.SUBSCRIBE, packetIdentifier: 1, subscriptions });
    await world.settle();
    await second.cut();
    world.store.commit();
    await world.settle();
    expect([...world.broker.connections()]).toEqual([]);
    expect(world.broker.sessionCount).toBe(1);
  });

  test("a CONNECT that never comes, a second one, and an authentication method nobody knows", async () => {
    const world = await BrokerWorld.start();
    const silent = world.dial();
    await world.clock.advance(10_500);
    expect(silent.isClosed).toBe(true);
    const twice = await world.client();
    twice.send(connectOf(5, lasting(5)));
    expect(await twice.take()).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: 0x82 }]);
    const method = world.dial();
    expect(await method.connect({ properties: { authenticationMethod: "unknown" } })).toMatchObject({ reasonCode: 0x8c });
    expect(world.broker.counters.connectionsAccepted).toBe(1);
  });

  test("packets sent right behind CONNECT wait for its answer", async () => {
    const world = await BrokerWorld.start();
    world.store.holdsCommits = true;
    const client = world.dial();
    const publish = { topicName: "t", payload: Buffer.from("1"), qos: 1, retain: false, dup: false, packetIdentifier: 1 } as const;
    client.send(connectOf(5, lasting(5)), { type: PacketType.PUBLISH, ...publish });
    expect(await client.take()).toEqual([]);
    world.store.commit();
    expect((await client.take()).map((packet) => packet.type)).toEqual([PacketType.CONNACK, PacketType.PUBACK]);
  });

  test("a message of the broker's own, kept and not kept", async () => {
    const world = await BrokerWorld.start();
    const client = await world.client(5, lasting(5));
    await client.subscribe("t", 1);
    const published = world.broker.publish("t", Buffer.from("1"), { qos: 1, retain: true });
    expect(await client.takeTexts()).toEqual(["t=1"]);
    await published;
    expect(world.broker.retainedCount).toBe(1);
    world.store.become("full");
    await expect(world.broker.publish("t", Buffer.from("2"), { qos: 1 })).rejects.toMatchObject({ code: "STORE_READ_ONLY" });
    expect(await client.takeTexts()).toEqual([]);
  });
});

describe("Session Expiry Interval", () => {
  const asked = (sessionExpiryInterval: number) => ({
    clientIdentifier: "c",
    cleanStart: false,
    properties: { sessionExpiryInterval },
  });

  test("[MQTT-4.1.0-2] the Session ends so long after its connection, within a quarter of a second", async () => {
    const world = await BrokerWorld.start();
    const present = async (waitMs: number): Promise<boolean> => {
      const client = await world.client(5, asked(10));
      await client.disconnect();
      await world.clock.advance(waitMs);
      const next = world.dial();
      const { sessionPresent } = await next.connect(asked(10));
      await next.disconnect(0, { sessionExpiryInterval: 0 });
      return sessionPresent;
    };
    expect(await present(9_900)).toBe(true);
    expect(await present(10_250)).toBe(false);
    expect(world.store.rows.sessions.size).toBe(0);
  });

  test("DISCONNECT may change it, but not from 0: that is a Protocol Error and no normal end (section 3.14.2.2.2)", async () => {
    const world = await BrokerWorld.start();
    const client = await world.client(5, asked(10));
    await client.disconnect(0, { sessionExpiryInterval: 100 });
    await world.clock.advance(50_000);
    const again = world.dial();
    expect((await again.connect(asked(0))).sessionPresent).toBe(true);
    const watcher = await world.client();
    await watcher.subscribe("will", 0);
    await again.disconnect();
    const refused = await world.client(5, {
      ...asked(0),
      will: { topicName: "will", payload: Buffer.from("w"), qos: 0, retain: false },
    });
    refused.send({ type: PacketType.DISCONNECT, reasonCode: 0, properties: { sessionExpiryInterval: 5 } });
    expect(await refused.take()).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: 0x82 }]);
    expect(await watcher.takeTexts()).toEqual(["will=w"]);
    expect(world.broker.sessionCount).toBe(1);
  });

  test("counts across a restart, and 0xFFFFFFFF does not end", async () => {
    const world = await BrokerWorld.start();
    const short = await world.client(5, { ...asked(10), clientIdentifier: "short" });
    const endless = await world.client(5, { ...asked(0xffff_ffff), clientIdentifier: "endless" });
    await short.disconnect();
    await endless.disconnect();
    await world.clock.advance(6_000);
    await world.restart();
    expect(world.broker.sessionCount).toBe(2);
    await world.clock.advance(3_000);
    expect(world.broker.sessionCount).toBe(1);
    await world.clock.advance(1e6);
    expect(world.broker.sessionCount).toBe(1);
  });
});

describe("Client Identifiers", () => {
  test("[MQTT-3.1.3-6] [MQTT-3.2.2-16] an empty one is assigned on 5.0, with and without Clean Start", async () => {
    const world = await BrokerWorld.start();
    const names: unknown[] = [];
    for (const cleanStart of [true, false]) {
      const connack = await world.dial().connect({ clientIdentifier: "", cleanStart });
      expect(connack).toMatchObject({ reasonCode: 0, sessionPresent: false });
      names.push(connack.properties?.assignedClientIdentifier);
    }
    expect(new Set(names).size).toBe(2);
    expect(names.every((name) => typeof name === "string" && name.length > 10)).toBe(true);
  });

  // covers: [MQTT-3.1.3-8] [v3 MQTT-3.1.3-6] [v3 MQTT-3.1.3-9] [v3 MQTT-3.2.2-4] [v3 MQTT-3.2.2-5] [MQTT-3.2.2-6] [MQTT-3.2.2-7]
  test("[v3 MQTT-3.1.3-8] on 3.1.1 it needs Clean Session; on 3.1 there must be one", async () => {
    const world = await BrokerWorld.start();
    expect(await world.dial(4).connect({ clientIdentifier: "", cleanStart: true })).toMatchObject({ reasonCode: 0 });
    for (const [version, cleanStart] of [
      [4, false],
      [3, true],
      [3, false],
    ] as const) {
      const client = world.dial(version);
      expect(await client.connect({ clientIdentifier: "", cleanStart })).toMatchObject({ sessionPresent: false, reasonCode: 0x85 });
      await world.settle();
      expect(client.isClosed).toBe(true);
    }
    expect(await world.dial(3).connect({ clientIdentifier: "three" })).toMatchObject({ reasonCode: 0 });
  });

  test("[MQTT-3.1.3-7] an assigned one is the client's own: it resumes its Session with it", async () => {
    const world = await BrokerWorld.start();
    const properties = { sessionExpiryInterval: 100 };
    const first = world.dial();
    const connack = await first.connect({ clientIdentifier: "", cleanStart: false, properties });
    const clientIdentifier = connack.properties!.assignedClientIdentifier!;
    await first.cut();
    expect(await world.dial().connect({ clientIdentifier, cleanStart: false, properties })).toMatchObject({ sessionPresent: true });
  });

  test("[v3 MQTT-3.1.3-6] two clients of 3.1.1 with an empty one are two", async () => {
    const world = await BrokerWorld.start();
    const clients = [world.dial(4), world.dial(4)];
    for (const client of clients) await client.connect({ clientIdentifier: "", cleanStart: true });
    expect(clients.map(({ isClosed }) => isClosed)).toEqual([false, false]);
    expect(world.broker.sessionCount).toBe(2);
  });

  test.each([3, 4, 5] as const)(
    "[MQTT-3.1.3-5] [v3 MQTT-3.1.3-5] version %i: letters and digits, 1 to 23 of them and more",
    async (version) => {
      const world = await BrokerWorld.start();
      const letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
      for (const clientIdentifier of [
        "a",
        letters.slice(0, 23),
        letters.slice(-23),
        letters,
        "\u{1f9f6} /+#",
        "x".repeat(65_535),
      ]) {
        expect(await world.dial(version).connect({ clientIdentifier }), clientIdentifier).toMatchObject({ reasonCode: 0 });
      }
      expect(world.broker.sessionCount).toBe(6);
    },
  );
});

describe.each([3, 4, 5] as const)("a CONNECT that is refused, version %i", (version) => {
  test("[MQTT-3.1.4-2] [MQTT-3.2.2-6] [MQTT-3.1.4-6] [v3 MQTT-3.1.4-5] is told why, closed, and nothing behind it is handled", async () => {
    const world = await BrokerWorld.start();
    const watcher = await world.client();
    await watcher.subscribe("#", 0);
    const client = world.dial(version);
    const publish = { topicName: "t", payload: Buffer.from("x"), qos: 0, retain: false, dup: false } as const;
    client.send(
      connectOf(version, { username: "nobody", password: Buffer.from("x") }),
      { type: PacketType.PUBLISH, ...publish },
      { type: PacketType.PINGREQ },
    );
    expect(await client.take()).toMatchObject([{ type: PacketType.CONNACK, sessionPresent: false, reasonCode: 0x87 }]);
    expect(client.isClosed).toBe(true);
    expect(await watcher.takeTexts()).toEqual([]);
    expect(world.broker.sessionCount).toBe(1);
  });
});

describe("Sessions of two clients", () => {
  test("[MQTT-3.1.3-2] [v3 MQTT-3.1.3-2] are found by Client Identifier, byte by byte", async () => {
    const world = await BrokerWorld.start();
    const names = ["a", "A", "a ", "\u00e9", "e\u0301"];
    for (const clientIdentifier of names) await (await world.client(5, { ...lasting(5), clientIdentifier })).cut();
    expect(world.broker.sessionCount).toBe(names.length);
    for (const clientIdentifier of names) {
      expect(await world.dial().connect({ ...lasting(5), clientIdentifier })).toMatchObject({ sessionPresent: true });
    }
  });

  test("[MQTT-4.1.0-1] [v3 MQTT-4.1.0-2] one whose expiry is 0 lasts as long as its connection", async () => {
    const world = await BrokerWorld.start();
    const client = await world.client(5, { properties: { sessionExpiryInterval: 0 } });
    await client.subscribe("t", 1);
    await world.clock.advance(1e7);
    client.publish("t", "x", 1);
    expect(await client.takeTexts()).toEqual(["t=x"]);
    await client.cut();
    expect(world.broker.sessionCount).toBe(0);
  });
});
