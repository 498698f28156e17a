import { beforeAll, describe, expect, test } from "vitest";
import { type ConnackPacket, PacketType, type Properties } from "@bowline/protocol";
import type { ConnectOptions } from "./options.ts";
import { message, rejection, stage, textOf } from "./testing/client-on-script.ts";
import { failOnUnhandledRejections } from "./testing/unhandled-rejections.ts";
import { turn } from "./testing/virtual-clock.ts";

const { CONNACK, PUBLISH, SUBSCRIBE, UNSUBSCRIBE, DISCONNECT, PINGREQ, PUBACK } = PacketType;

failOnUnhandledRejections();
// Loaded on demand, which takes real time the first time.
beforeAll(() => import("./requester.ts"));

/** A client at a server whose CONNACK has these properties. */
const limited = (connack: Properties, options: ConnectOptions = {}) => stage(options, (server) => void (server.connack = connack));

const refusing = (reasonCode: number, properties: Properties = {}) =>
  stage({ will: { topicName: "w", qos: 2, retain: true } }, (server) => {
    server.script = (_packet, link) => {
      link.send({ type: CONNACK, sessionPresent: false, reasonCode, properties } satisfies ConnackPacket);
      return true;
    };
  });

describe("messages", () => {
  test("[MQTT-3.2.2-11] above Maximum QoS are refused here, and the connection goes on", async () => {
    const { client, server } = await limited({ maximumQoS: 1 });
    expect(await rejection(client.publish("t", "2", { qos: 2 }))).toMatchObject({ code: "QOS_UNSUPPORTED", source: "usage" });
    await client.publish("t", "1", { qos: 1 });
    expect(server.link.of(PUBLISH).map(textOf)).toEqual(["1"]);
    expect(client.status.state).toBe("online");
  });

  test("[MQTT-3.2.2-14] retained ones are refused here where the server keeps none", async () => {
    const { client, server } = await limited({ retainAvailable: 0 });
    expect(await rejection(client.publish("t", "r", { retain: true }))).toMatchObject({ code: "RETAIN_UNSUPPORTED" });
    await client.publish("t", "n");
    expect(server.link.of(PUBLISH).map(textOf)).toEqual(["n"]);
  });

  test("that were accepted before the CONNACK and that it excludes fail, and the others leave", async () => {
    const { client, server } = await stage({}, (it) => {
      it.connack = { maximumQoS: 0, retainAvailable: 0, maximumPacketSize: 100 };
      it.answers = false;
    });
    const all = [
      rejection(client.publish("t", "1", { qos: 1 })),
      rejection(client.publish("t", "r", { retain: true })),
      rejection(client.publish("t", "x".repeat(100))),
    ];
    const good = client.publish("t", "good");
    server.link.send({ type: CONNACK, sessionPresent: false, reasonCode: 0, properties: server.connack });
    await good;
    expect((await Promise.all(all)).map((error) => (error as { code: string }).code)).toEqual([
      "QOS_UNSUPPORTED",
      "RETAIN_UNSUPPORTED",
      "PACKET_TOO_LARGE",
    ]);
    expect(server.link.of(PUBLISH).map(textOf)).toEqual(["good"]);
  });

  test.each([0, 1, 2] as const)("[MQTT-3.2.2-15] larger than Maximum Packet Size fail alone, QoS %i", async (qos) => {
    const { client, server, losses } = await limited({ maximumPacketSize: 64 });
    const before = client.publish("t", "before", { qos });
    const large = rejection(client.publish("t", "x".repeat(64), { qos }));
    const after = client.publish("t", "after", { qos });
    expect(await large).toMatchObject({ code: "PACKET_TOO_LARGE", source: "usage" });
    await Promise.all([before, after]);
    expect(server.link.of(PUBLISH).map(textOf)).toEqual(["before", "after"]);
    expect(losses).toEqual([]);
  });

  test("[MQTT-3.3.4-7] [MQTT-3.3.4-8] [MQTT-4.9.0-1] [MQTT-4.9.0-2] [MQTT-4.9.0-3] wait at Receive Maximum, and nothing else does", async () => {
    const { client, server, clock } = await stage({ keepAlive: 10 }, (it) => {
      it.connack = { receiveMaximum: 2 };
      it.script = (packet) => packet.type === PUBLISH;
    });
    const all = ["1", "2", "3", "4"].map((text, i) => client.publish("t", text, { qos: i % 2 === 0 ? 1 : 2 }));
    void client.subscribe("s").ready;
    await clock.advance(9100);
    expect(server.link.of(PUBLISH).map(textOf)).toEqual(["1", "2"]);
    expect(server.link.of(SUBSCRIBE)).toHaveLength(1);
    expect(server.link.of(PINGREQ)).toHaveLength(1);
    server.link.send(message("s", "in", 1, 9));
    await turn();
    expect(server.link.of(PUBACK)).toMatchObject([{ packetIdentifier: 9 }]);
    server.script = () => false;
    server.link.send({ type: PUBACK, packetIdentifier: 1, reasonCode: 0 });
    server.link.send({ type: PacketType.PUBREC, packetIdentifier: 2, reasonCode: 0 });
    await Promise.all(all);
    expect(server.link.of(PUBLISH).map(textOf)).toEqual(["1", "2", "3", "4"]);
  });

  test.each([
    [0x9b, "WILL_QOS"],
    [0x9a, "WILL_RETAIN"],
  ] as const)(
    "[MQTT-3.2.2-12] [MQTT-3.2.2-13] a will that the server does not take (%i) ends the client with its name",
    async (reason, code) => {
      const { client, failures } = await refusing(reason);
      expect(failures).toMatchObject([{ code, reasonCode: reason, retryInMs: undefined }]);
      expect(client.status.state).toBe("failed");
    },
  );
});

describe("subscriptions", () => {
  test.each([
    [{ wildcardSubscriptionAvailable: 0 }, "a/#", "WILDCARD_UNSUPPORTED"],
    [{ wildcardSubscriptionAvailable: 0 }, "$share/g/+", "WILDCARD_UNSUPPORTED"],
    [{ sharedSubscriptionAvailable: 0 }, "$share/g/a", "SHARED_UNSUPPORTED"],
    [{ maximumPacketSize: 40 }, "a".repeat(40), "PACKET_TOO_LARGE"],
  ] as const)("%o: %s is refused here, and the connection goes on", async (connack, filter, code) => {
    const { client, server, losses } = await limited(connack);
    expect(await rejection(client.subscribe(filter).ready)).toMatchObject({ code, source: "usage" });
    await client.subscribe("plain").ready;
    expect(server.link.of(SUBSCRIBE).flatMap(({ subscriptions }) => subscriptions.map((it) => it.topicFilter))).toEqual(["plain"]);
    expect(server.link.of(UNSUBSCRIBE)).toEqual([]);
    expect(losses).toEqual([]);
  });

  test("made before the CONNACK meet its limits as well", async () => {
    const { client, server } = await stage({}, (it) => {
      it.connack = { wildcardSubscriptionAvailable: 0 };
      it.answers = false;
    });
    const refused = rejection(client.subscribe(["fine", "a/+"]).ready);
    const plain = client.subscribe("plain").ready;
    server.answers = true;
    server.link.send({ type: CONNACK, sessionPresent: false, reasonCode: 0, properties: server.connack });
    expect(await refused).toMatchObject({ code: "WILDCARD_UNSUPPORTED" });
    await plain;
  });

  test("share packets that fit the server's Maximum Packet Size, on both ways", async () => {
    const { client, server } = await limited({ maximumPacketSize: 60 });
    const filters = Array.from({ length: 8 }, (_, i) => `filter/number/${i}`);
    const subscription = client.subscribe(filters);
    await subscription.ready;
    expect(server.link.of(SUBSCRIBE).length).toBeGreaterThan(2);
    await subscription.close();
    expect(server.link.of(UNSUBSCRIBE).flatMap(({ topicFilters }) => topicFilters)).toEqual(filters);
  });

  test("carry no identifiers where the server has none, and are delivered all the same", async () => {
    const { client, server } = await limited({ subscriptionIdentifierAvailable: 0 });
    const got: string[] = [];
    await Promise.all(["a/#", "a/+"].map((filter) => client.subscribe(filter, {}, (m) => got.push(m.text())).ready));
    expect(server.link.of(SUBSCRIBE).map(({ properties }) => properties?.subscriptionIdentifiers)).toEqual([undefined, undefined]);
    server.link.send(message("a/b", "x"));
    expect(got).toEqual(["x", "x"]);
  });
});

describe("the connection", () => {
  test("[MQTT-3.1.2-20] [MQTT-3.1.2-21] [MQTT-3.2.2-21] pings by the Server Keep Alive, also where the client wanted none", async () => {
    const { server, clock } = await limited({ serverKeepAlive: 4 }, { keepAlive: 0 });
    await clock.advance(3700);
    expect(server.link.of(PINGREQ)).toHaveLength(1);
    const none = await limited({ serverKeepAlive: 0 }, { keepAlive: 10 });
    await none.clock.advance(100_000);
    expect(none.server.link.of(PINGREQ)).toEqual([]);
  });

  test("[MQTT-3.1.2-28] asks for Response Information only where told to, and shows it", async () => {
    const asked = await limited({ responseInformation: "answers/7" }, { requestResponseInformation: true });
    expect(asked.server.connects[0]?.properties?.requestResponseInformation).toBe(1);
    expect(asked.client.status).toMatchObject({ properties: { responseInformation: "answers/7" } });
    void asked.client.request("q", "?").catch(() => undefined);
    await turn();
    expect(asked.server.link.of(PUBLISH)[0]?.properties?.responseTopic).toMatch(/^answers\/7\//);
    await asked.client.close();
    const plain = await limited({}, { requestProblemInformation: false });
    expect(plain.server.connects[0]?.properties).toMatchObject({ requestProblemInformation: 0 });
    expect(plain.server.connects[0]?.properties?.requestResponseInformation).toBeUndefined();
  });

  test("[MQTT-3.14.2-2] a session of its own making is given up at the end, and one without expiry says nothing of it", async () => {
    const own = await limited({});
    await own.client.close();
    expect(own.server.link.of(DISCONNECT)).toMatchObject([{ properties: { sessionExpiryInterval: 0 } }]);
    const none = await limited({}, { session: { expiryInterval: 0 } });
    await none.client.close();
    expect(none.server.link.of(DISCONNECT)[0]?.properties?.sessionExpiryInterval ?? 0).toBe(0);
  });

  test("shows the Session Expiry Interval that the server chose", async () => {
    const { client } = await limited({ sessionExpiryInterval: 7 }, { session: { clientId: "c", expiryInterval: 3600 } });
    expect(client.status).toMatchObject({ properties: { sessionExpiryInterval: 7 } });
  });

  test.each([
    [0x9c, "USE_ANOTHER", "waiting"],
    [0x9d, "MOVED", "failed"],
  ] as const)("[MQTT-4.13.2-1] names the other server that a CONNACK names (%i), and stays here", async (reason, code, state) => {
    const { client, server, failures } = await refusing(reason, { serverReference: "other.example:1883" });
    expect(failures).toMatchObject([{ code, serverReference: "other.example:1883" }]);
    expect(failures[0]?.hints.join()).toContain("other.example:1883");
    expect(client.status.state).toBe(state);
    expect(server.links.every(({ target }) => target.host === "server.test")).toBe(true);
    await client.close();
  });
});

describe("what is wrong with the input", () => {
  const wrong = { userProperties: { a: "b" } } as unknown as { userProperties: [] };
  const pairs = { userProperties: ["a"] } as unknown as { userProperties: [] };

  const numbers = { userProperties: [5] } as unknown as { userProperties: [] };

  test.each([wrong, pairs, numbers])("%o is a TypeError, at connect, publish and the will", async (bad) => {
    for (const options of [bad, { will: { topicName: "w", ...bad } }]) {
      await expect(stage(options)).rejects.toMatchObject({ name: "TypeError", source: "usage" });
    }
    const { client } = await stage();
    expect(() => client.publish("t", "x", bad)).toThrow(expect.objectContaining({ name: "TypeError", source: "usage" }) as Error);
  });

  test("an address in fixed credentials is not taken beside that of connect; a callback's is", async () => {
    await expect(stage({ credentials: { url: "mqtt://elsewhere.test" } })).rejects.toMatchObject({ code: "OPTION_INVALID" });
    const { server } = await stage({ credentials: () => ({ url: "mqtt://signed.test" }) });
    expect(server.link.target.host).toBe("signed.test");
  });
});
