import { describe, expect, test } from "vitest";
import { PacketType, type Properties, type ProtocolVersion, type Will } from "@bowline/protocol";
import { BrokerWorld, connectOf, publishOf } from "@bowline/testkit/broker";
import { responseInformationFor } from "../acl/response-information.ts";

const aWill = (changes: Partial<Will> = {}): Will => ({
  topicName: "w",
  payload: Buffer.from("x"),
  qos: 0,
  retain: false,
  ...changes,
});
const disconnect = (reasonCode: number) => [{ type: PacketType.DISCONNECT, reasonCode }];

describe("what a client is told in its CONNACK", () => {
  const told = async (limits: object, properties?: Properties, keepAlive = 0): Promise<Properties> => {
    const world = await BrokerWorld.start({ limits });
    const connack = await world.dial().connect({ keepAlive, ...(properties === undefined ? {} : { properties }) });
    return connack.properties ?? {};
  };

  test("nothing that it may assume anyway", async () => {
    expect(await told({})).toEqual({ maximumPacketSize: 16_777_216, receiveMaximum: 1_000, topicAliasMaximum: 64 });
  });

  test("every capability that is not there, and every limit", async () => {
    const limits = {
      maximumPacketSize: 5000,
      receiveMaximum: 7,
      topicAliasMaximum: 3,
      maximumQoS: 1,
      retainAvailable: false,
      wildcardSubscriptionAvailable: false,
      sharedSubscriptionAvailable: false,
      subscriptionIdentifierAvailable: false,
      maximumSessionExpiryInterval: 60,
    };
    expect(await told(limits, { sessionExpiryInterval: 100 })).toEqual({
      maximumPacketSize: 5000,
      receiveMaximum: 7,
      topicAliasMaximum: 3,
      maximumQoS: 1,
      retainAvailable: 0,
      wildcardSubscriptionAvailable: 0,
      sharedSubscriptionAvailable: 0,
      subscriptionIdentifierAvailable: 0,
      sessionExpiryInterval: 60,
    });
  });

  test("Server Keep Alive where it asks for more than the limit or for none", async () => {
    const limits = { maximumKeepAlive: 30, topicAliasMaximum: 0 };
    expect((await told(limits, undefined, 0)).serverKeepAlive).toBe(30);
    expect((await told(limits, undefined, 31)).serverKeepAlive).toBe(30);
    expect((await told(limits, undefined, 30)).serverKeepAlive).toBeUndefined();
    expect((await told({}, undefined, 1000)).serverKeepAlive).toBeUndefined();
  });

  test("[MQTT-3.2.2-21] [MQTT-3.1.2-22] and is held to that Keep Alive", async () => {
    const world = await BrokerWorld.start({ limits: { maximumKeepAlive: 30 } });
    const client = await world.client(5, { keepAlive: 0 });
    const older = await world.client(4, { keepAlive: 0 });
    await world.clock.advance(44_500);
    expect(client.isClosed).toBe(false);
    await world.clock.advance(1_000);
    expect(await client.take()).toMatchObject(disconnect(0x8d));
    expect(older.isClosed).toBe(false);
  });
});

describe("Response Information", () => {
  test("[MQTT-3.1.2-28] comes only when asked for", async () => {
    const world = await BrokerWorld.start();
    for (const properties of [{}, { requestResponseInformation: 0 }] as const) {
      expect((await world.dial().connect({ properties })).properties?.responseInformation).toBeUndefined();
    }
  });

  test("is the client's own, each time the same, and a topic can begin with it", async () => {
    const world = await BrokerWorld.start();
    const ask = async (clientIdentifier: string): Promise<string> => {
      const connack = await world.dial().connect({ clientIdentifier, properties: { requestResponseInformation: 1 } });
      return connack.properties!.responseInformation!;
    };
    const first = await ask("a");
    expect(await ask("a")).toBe(first);
    expect(await ask("b")).not.toBe(first);
    expect(first).toMatch(/^response\/[\w-]{22}$/);
    expect(responseInformationFor({ owner: "", clientIdentifier: "a" })).toBe(first);
    expect(responseInformationFor({ owner: "ada", clientIdentifier: "a" })).not.toBe(first);
  });

  test("request and response: topic and Correlation Data come through", async () => {
    const world = await BrokerWorld.start();
    const requester = world.dial();
    const connack = await requester.connect({ properties: { requestResponseInformation: 1 } });
    const responseTopic = `${connack.properties!.responseInformation!}/1`;
    await requester.subscribe(responseTopic, 1);
    const responder = await world.client();
    await responder.subscribe("question", 1);
    requester.publish("question", "?", 1, { properties: { responseTopic, correlationData: Buffer.from("c") } });
    const [question] = await responder.takeMessages();
    const { responseTopic: to, correlationData } = question!.properties!;
    responder.publish(to!, "!", 1, { properties: { correlationData: correlationData! } });
    const [answer] = await requester.takeMessages();
    expect(Buffer.from(answer!.properties!.correlationData!).toString()).toBe("c");
  });
});

describe.each([4, 5] as const)("Maximum QoS, version %i", (version: ProtocolVersion) => {
  test("[MQTT-3.2.2-10] [MQTT-3.2.2-9] every QoS may be asked for, and no more is granted", async () => {
    const world = await BrokerWorld.start({ limits: { maximumQoS: 1 } });
    const client = await world.client(version);
    const filters = ([0, 1, 2] as const).map((qos) => ({ topicFilter: `t${qos}`, qos }));
    expect(await client.subscribe(filters)).toEqual([0, 1, 1]);
  });

  test("[MQTT-3.2.2-11] a PUBLISH above it ends the connection, 0x9B on 5.0, and is not routed", async () => {
    const world = await BrokerWorld.start({ limits: { maximumQoS: 1 } });
    const watcher = await world.client();
    await watcher.subscribe("#", 2);
    const lasting = version === 5 ? { properties: { sessionExpiryInterval: 100 } } : {};
    const client = await world.client(version, { clientIdentifier: "c", cleanStart: false, ...lasting });
    client.publish("t", "2", 2, { packetIdentifier: 3 });
    expect(await client.take()).toMatchObject(version === 5 ? disconnect(0x9b) : []);
    expect(client.isClosed).toBe(true);
    expect(await watcher.takeTexts()).toEqual([]);
    const again = world.dial(version);
    again.send(connectOf(version, { clientIdentifier: "c", cleanStart: false, ...lasting }));
    await world.settle();
    expect([...world.broker.connections()].map(({ session }) => session!.state.inbound.size)).toEqual([0, 0]);
  });

  test("[MQTT-3.2.2-12] a Will above it is refused, 0x9B on 5.0", async () => {
    const world = await BrokerWorld.start({ limits: { maximumQoS: 0 } });
    const client = world.dial(version);
    expect(await client.connect({ will: aWill({ qos: 1 }) })).toMatchObject({ reasonCode: version === 5 ? 0x9b : 0x87 });
    expect(await world.dial(version).connect({ will: aWill() })).toMatchObject({ reasonCode: 0 });
  });
});

describe.each([4, 5] as const)("Retain Available 0, version %i", (version: ProtocolVersion) => {
  test("[MQTT-3.2.2-14] a retained PUBLISH ends the connection, 0x9A on 5.0", async () => {
    const world = await BrokerWorld.start({ limits: { retainAvailable: false } });
    for (const qos of [0, 1, 2] as const) {
      const client = await world.client(version);
      client.publish("t", "x", qos, { retain: true });
      expect(await client.take()).toMatchObject(version === 5 ? disconnect(0x9a) : []);
      expect(client.isClosed).toBe(true);
    }
    expect(world.broker.retainedCount).toBe(0);
  });

  test("[MQTT-3.2.2-13] a retained Will is refused, 0x9A on 5.0", async () => {
    const world = await BrokerWorld.start({ limits: { retainAvailable: false } });
    const client = world.dial(version);
    expect(await client.connect({ will: aWill({ retain: true }) })).toMatchObject({ reasonCode: version === 5 ? 0x9a : 0x87 });
    expect(client.isClosed).toBe(true);
  });
});

describe("Subscriptions that are not available", () => {
  test.each([
    ["wildcardSubscriptionAvailable", "a/+", 0xa2],
    ["wildcardSubscriptionAvailable", "$share/g/#", 0xa2],
    ["sharedSubscriptionAvailable", "$share/g/t", 0x9e],
  ] as const)("%s: %s ends a 5.0 connection with its code, and is refused on 3.1.1", async (limit, topicFilter, reasonCode) => {
    const world = await BrokerWorld.start({ limits: { [limit]: false } });
    const client = await world.client();
    const request = { topicFilter, qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
    expect(await client.subscribe("plain", 1)).toEqual([1]);
    client.send({ type: PacketType.SUBSCRIBE, packetIdentifier: 9, subscriptions: [{ ...request, topicFilter: "a" }, request] });
    expect(await client.take()).toMatchObject(disconnect(reasonCode));
    const older = await world.client(4);
    expect(await older.subscribe([{ topicFilter: "a" }, { topicFilter }])).toEqual([0, 0x80]);
  });

  test("Subscription Identifiers: 0xA1", async () => {
    const world = await BrokerWorld.start({ limits: { subscriptionIdentifierAvailable: false } });
    const client = await world.client();
    const request = { topicFilter: "a", qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
    const properties = { subscriptionIdentifiers: [1] };
    client.send({ type: PacketType.SUBSCRIBE, packetIdentifier: 9, subscriptions: [request], properties });
    expect(await client.take()).toMatchObject(disconnect(0xa1));
  });
});

describe("Maximum Packet Size of ours", () => {
  test("[MQTT-3.2.2-15] a larger packet ends the connection, 0x95 on 5.0", async () => {
    const world = await BrokerWorld.start({ limits: { maximumPacketSize: 1000 } });
    for (const version of [4, 5] as const) {
      const client = await world.client(version);
      client.publish("t", "x".repeat(980), 1);
      expect(await client.takeOfType(PacketType.PUBACK)).toHaveLength(1);
      client.publish("t", "x".repeat(1000), 1);
      expect(await client.take()).toMatchObject(version === 5 ? disconnect(0x95) : []);
      expect(client.isClosed).toBe(true);
    }
  });
});

describe("Receive Maximum of ours", () => {
  test("[MQTT-3.3.4-9] one message more than it ends the connection with 0x93", async () => {
    const world = await BrokerWorld.start({ limits: { receiveMaximum: 2 } });
    const client = await world.client();
    for (const packetIdentifier of [1, 2]) client.publish("t", "x", 2, { packetIdentifier });
    expect(await client.takeOfType(PacketType.PUBREC)).toHaveLength(2);
    client.publish("t", "x", 2, { packetIdentifier: 3 });
    expect(await client.take()).toMatchObject(disconnect(0x93));
  });

  test("QoS 1 messages beyond it that the disk has not kept yet are waited for, none is lost or taken twice", async () => {
    const world = await BrokerWorld.start({ limits: { receiveMaximum: 2 } });
    const sleeper = await world.client(5, { cleanStart: false, properties: { sessionExpiryInterval: 1_000 } });
    await sleeper.subscribe("t", 1);
    const client = await world.client();
    world.store.holdsCommits = true;
    for (let packetIdentifier = 1; packetIdentifier <= 5; packetIdentifier++) client.publish("t", "x", 1, { packetIdentifier });
    await world.settle();
    const acknowledged: number[] = [];
    while (acknowledged.length < 5) {
      world.store.commit();
      acknowledged.push((await client.takeOfType(PacketType.PUBACK)).length);
    }
    expect(acknowledged).toEqual([2, 2, 1, 0, 0]);
    expect(world.broker.counters.messagesReceived).toBe(5);
  });
});

describe("Topic Aliases towards the client", () => {
  const aliases = async (limits: object, offered: number): Promise<(readonly [string, number | undefined])[]> => {
    const world = await BrokerWorld.start({ limits });
    const client = await world.client(5, { properties: offered === 0 ? {} : { topicAliasMaximum: offered } });
    const publisher = await world.client(4);
    await client.subscribe("#", 1);
    publisher.send(publishOf("first", "1", 0), publishOf("first", "2", 0));
    publisher.publish("first", "3", 1);
    publisher.publish("next", "4");
    return (await client.takeMessages()).map(({ topicName, properties }) => [topicName, properties?.topicAlias] as const);
  };

  test("[MQTT-3.1.2-26] are set once and used from then on, as many as both allow", async () => {
    expect(await aliases({}, 10)).toEqual([
      ["first", 1],
      ["", 1],
      ["", 1],
      ["next", 2],
    ]);
    const ofOne = [
      ["first", 1],
      ["", 1],
      ["", 1],
      ["next", undefined],
    ];
    expect(await aliases({}, 1)).toEqual(ofOne);
    expect(await aliases({ outboundTopicAliasMaximum: 1 }, 10)).toEqual(ofOne);
  });

  test("[MQTT-3.1.2-27] none where the client offers none, and none where we want none", async () => {
    const plain = ["first", "first", "first", "next"].map((topicName) => [topicName, undefined]);
    expect(await aliases({}, 0)).toEqual(plain);
    expect(await aliases({ topicAliases: "never" }, 10)).toEqual(plain);
    expect(await aliases({ outboundTopicAliasMaximum: 0 }, 10)).toEqual(plain);
  });

  test("always: every topic gets one", async () => {
    expect((await aliases({ topicAliases: "always" }, 1)).at(-1)).toEqual(["next", 1]);
  });

  test("[MQTT-3.3.2-7] do not outlive the connection, and what is sent again has its topic", async () => {
    const world = await BrokerWorld.start();
    const properties = { topicAliasMaximum: 10, sessionExpiryInterval: 100 };
    const first = await world.client(5, { clientIdentifier: "c", cleanStart: false, properties });
    await first.subscribe("topic", 1);
    first.publish("topic", "1", 1);
    first.publish("topic", "2", 1);
    expect((await first.takeMessages()).map(({ topicName }) => topicName)).toEqual(["topic", ""]);
    await first.cut();
    const second = world.dial();
    second.send(connectOf(5, { clientIdentifier: "c", cleanStart: false, properties }));
    expect((await second.takeMessages()).map(({ topicName, dup }) => [topicName, dup])).toEqual([
      ["topic", true],
      ["", true],
    ]);
  });
});

describe("Server Reference", () => {
  test.each([
    [false, 0x9c],
    [true, 0x9d],
  ])("an authenticated client is sent elsewhere by its CONNACK (for good: %s)", async (isPermanent, reasonCode) => {
    const world = await BrokerWorld.start({
      redirect: ({ clientIdentifier }) =>
        clientIdentifier === "meant" ? { serverReference: "other.example:1883", isPermanent } : undefined,
    });
    const client = world.dial();
    expect(await client.connect({ clientIdentifier: "meant" })).toMatchObject({
      reasonCode,
      sessionPresent: false,
      properties: { serverReference: "other.example:1883" },
    });
    expect(client.isClosed).toBe(true);
    expect(await world.dial(4).connect({ clientIdentifier: "meant" })).toMatchObject({ reasonCode: 0x88 });
    expect(await world.dial().connect({ clientIdentifier: "other" })).toMatchObject({ reasonCode: 0 });
    expect(world.broker.sessionCount).toBe(1);
  });

  test.each<[string, () => unknown]>([
    [
      "throws",
      () => {
        throw new Error("no such table");
      },
    ],
    ["answers a promise", () => Promise.resolve()],
  ])("a function that %s refuses as not available, and sends nobody nowhere", async (_, redirect) => {
    const world = await BrokerWorld.start({ redirect: redirect as () => undefined });
    for (const version of [5, 4] as const) {
      expect(await world.dial(version).connect()).toMatchObject({ reasonCode: 0x88 });
    }
  });

  test("those who are connected are told by DISCONNECT", async () => {
    const world = await BrokerWorld.start();
    const meant = await world.client(5, { clientIdentifier: "meant" });
    const other = await world.client(5, { clientIdentifier: "other" });
    const to = { serverReference: "other.example", isPermanent: true };
    expect(world.broker.redirectClients(to, (who) => who.clientIdentifier === "meant")).toBe(1);
    expect(await meant.take()).toMatchObject([{ reasonCode: 0x9d, properties: { serverReference: "other.example" } }]);
    expect(meant.isClosed).toBe(true);
    expect(other.isClosed).toBe(false);
    expect(world.broker.redirectClients(to)).toBe(1);
  });
});
