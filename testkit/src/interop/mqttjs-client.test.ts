import { randomUUID } from "node:crypto";
import { once } from "node:events";
import mqtt, { type IClientOptions, type IPublishPacket, type MqttClient } from "mqtt";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { BowlineProcess, type FirstUser } from "../system/bowline-process.ts";

// The npm package `mqtt` as a client of the real command, over every transport.

const schemes = ["mqtt", "mqtts", "ws", "wss"] as const;
const listeners = ["mqtt://127.0.0.1:0", "mqtts://localhost:0", "ws://127.0.0.1:0/mqtt", "wss://localhost:0/mqtt"];

let broker: BowlineProcess;
let ca: Buffer;
let user: Pick<FirstUser, "username" | "password">;
const clients: MqttClient[] = [];

beforeAll(async () => {
  broker = await BowlineProcess.start(...listeners.flatMap((url) => ["--listen", url]), "--no-console");
  ca = await broker.ca();
  const { username, password } = await broker.user();
  user = { username, password };
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
});
afterAll(() => broker.remove());

function urlOf(scheme: (typeof schemes)[number]): string {
  return broker.urls.find((url) => url.startsWith(`${scheme}://`))!;
}

async function connected(url: string, options: IClientOptions): Promise<MqttClient> {
  const client = await mqtt.connectAsync(url, { ca, ...user, reconnectPeriod: 0, ...options });
  clients.push(client);
  return client;
}

/** The next message, as its text and its packet. */
async function nextMessage(client: MqttClient): Promise<{ topic: string; text: string; packet: IPublishPacket }> {
  const [topic, payload, packet] = (await once(client as unknown as NodeJS.EventEmitter, "message")) as [
    string,
    Buffer,
    IPublishPacket,
  ];
  return { topic, text: payload.toString(), packet };
}

describe.each(schemes)("over %s", (scheme) => {
  describe.each([4, 5] as const)("protocol version %d", (protocolVersion) => {
    const connect = (options: IClientOptions = {}): Promise<MqttClient> =>
      connected(urlOf(scheme), { protocolVersion, ...options });

    test.each([0, 1, 2] as const)("QoS %d to itself and to another client", async (qos) => {
      const topic = `a/${randomUUID()}`;
      const [one, other] = await Promise.all([connect(), connect()]);
      await Promise.all([one.subscribeAsync(topic, { qos }), other.subscribeAsync("a/#", { qos })]);
      const both = Promise.all([nextMessage(one), nextMessage(other)]);
      await one.publishAsync(topic, "grüß dich", { qos });
      for (const { text, packet } of await both) expect([text, packet.topic, packet.qos]).toEqual(["grüß dich", topic, qos]);
    });

    test("1 MiB arrives whole", async () => {
      const topic = `big/${randomUUID()}`;
      const client = await connect();
      await client.subscribeAsync(topic, { qos: 1 });
      const payload = Buffer.alloc(1_048_576, "0123456789abcdef");
      const arrived = once(client as unknown as NodeJS.EventEmitter, "message") as Promise<[string, Buffer]>;
      await client.publishAsync(topic, payload, { qos: 1 });
      expect((await arrived)[1].equals(payload)).toBe(true);
    });

    test("a retained message comes to later subscribers until it is cleared", async () => {
      const topic = `retained/${randomUUID()}`;
      const publisher = await connect();
      await publisher.publishAsync(topic, "state", { qos: 1, retain: true });
      const later = await connect();
      const message = nextMessage(later);
      await later.subscribeAsync(topic);
      expect(await message).toMatchObject({ text: "state", packet: { retain: true } });
      await publisher.publishAsync(topic, "", { qos: 1, retain: true });
      const last = await connect();
      const first = nextMessage(last);
      await last.subscribeAsync([topic, `${topic}/end`], { qos: 1 });
      await publisher.publishAsync(`${topic}/end`, "end", { qos: 1 });
      expect((await first).text).toBe("end");
    });

    test("the will is sent for a client that vanishes, and not for one that says goodbye", async () => {
      const topic = `will/${randomUUID()}`;
      const watcher = await connect();
      await watcher.subscribeAsync(`${topic}/#`, { qos: 1 });
      const polite = await connect({ will: { topic: `${topic}/polite`, payload: "gone", qos: 1 } });
      await polite.endAsync();
      const message = nextMessage(watcher);
      const rude = await connect({ will: { topic: `${topic}/rude`, payload: "gone", qos: 1 } });
      rude.stream.destroy();
      expect(await message).toMatchObject({ topic: `${topic}/rude`, text: "gone" });
    });

    test("a persistent session keeps subscriptions and messages", async () => {
      const topic = `session/${randomUUID()}`;
      const options: IClientOptions = {
        clientId: `s${randomUUID().replaceAll("-", "").slice(0, 20)}`,
        clean: false,
        ...(protocolVersion === 5 ? { properties: { sessionExpiryInterval: 60 } } : {}),
      };
      const first = await connect(options);
      await first.subscribeAsync(topic, { qos: 2 });
      await first.endAsync();
      const publisher = await connect();
      await publisher.publishAsync(topic, "1", { qos: 1 });
      await publisher.publishAsync(topic, "2", { qos: 2 });
      const second = mqtt.connect(urlOf(scheme), { ca, ...user, protocolVersion, ...options });
      clients.push(second);
      const got: string[] = [];
      const all = new Promise<void>((resolve) =>
        second.on("message", (_topic, payload) => got.push(payload.toString()) === 2 && resolve()),
      );
      const [connack] = (await once(second as unknown as NodeJS.EventEmitter, "connect")) as [{ sessionPresent: boolean }];
      await all;
      expect(connack.sessionPresent).toBe(true);
      expect(got).toEqual(["1", "2"]);
    });

    test("an unsubscribed topic is silent", async () => {
      const topic = `unsubscribed/${randomUUID()}`;
      const client = await connect();
      await client.subscribeAsync([topic, `${topic}/end`], { qos: 1 });
      await client.unsubscribeAsync(topic);
      const message = nextMessage(client);
      await client.publishAsync(topic, "lost", { qos: 1 });
      await client.publishAsync(`${topic}/end`, "end", { qos: 1 });
      expect((await message).text).toBe("end");
    });

    test("a wrong password is refused with the code of the version", async () => {
      const refused = mqtt.connectAsync(urlOf(scheme), { ca, protocolVersion, username: user.username, password: "wrong" });
      await expect(refused).rejects.toMatchObject({ code: protocolVersion === 5 ? 134 : 4 });
    });
  });

  test("properties, No Local and subscription identifiers of MQTT 5.0", async () => {
    const topic = `v5/${randomUUID()}`;
    const [one, other] = (await Promise.all([0, 1].map(() => connected(urlOf(scheme), { protocolVersion: 5 })))) as [
      MqttClient,
      MqttClient,
    ];
    const own: string[] = [];
    one.on("message", (_topic, payload) => own.push(payload.toString()));
    await one.subscribeAsync(topic, { qos: 1, nl: true });
    await other.subscribeAsync(topic, { qos: 1, properties: { subscriptionIdentifier: 7 } });
    const message = nextMessage(other);
    const properties = {
      contentType: "text/plain",
      responseTopic: "answers",
      correlationData: Buffer.from("c1"),
      userProperties: { k: ["a", "b"] },
      payloadFormatIndicator: true,
    };
    await one.publishAsync(topic, "x", { qos: 1, properties });
    expect((await message).packet.properties).toMatchObject({
      ...properties,
      userProperties: { k: ["a", "b"] },
      subscriptionIdentifier: 7,
    });
    const fromOther = nextMessage(one);
    await other.publishAsync(topic, "y", { qos: 1 });
    await fromOther;
    expect(own).toEqual(["y"]);
  });
});
