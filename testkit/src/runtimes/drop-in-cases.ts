import type mqttjs from "@bowline/mqttjs";
import type { IClientOptions, MqttClient, WithFailure } from "@bowline/mqttjs";
import { type Case, type CaseSetting, digest, payloads, same } from "./case.ts";

type Mqtt = Pick<typeof mqttjs, "connect" | "connectAsync">;

/** The cases of `@bowline/mqttjs`, given its API as this host has loaded it. */
export function dropInCases(api: Mqtt, setting: CaseSetting): Case[] {
  const { prefix } = setting;
  // A cut may come as a reset, which is an `error`; without a listener it would be written to the console.
  const listening = (client: MqttClient): MqttClient => client.on("error", () => {});
  const mqtt = {
    connect: (url: string, given: IClientOptions) => listening(api.connect(url, given)),
    connectAsync: async (url: string, given: IClientOptions) => listening(await api.connectAsync(url, given)),
  };
  const options = (name: string, more: IClientOptions = {}): IClientOptions => ({
    ...setting.credentials,
    clientId: `${prefix}-${name}`,
    reconnectPeriod: 50,
    ...(setting.ca === undefined ? {} : { ca: setting.ca }),
    ...more,
  });

  return [
    {
      name: "exchanges every payload at QoS 0, 1 and 2 by callbacks",
      run: () => exchange(mqtt.connect(setting.url, options("exchange")), `${prefix}/exchange`),
    },
    {
      name: "exchanges by promises",
      run: async () => {
        const client = await mqtt.connectAsync(setting.url, options("async", { protocolVersion: 5 }));
        await exchangeAsync(client, `${prefix}/async`);
      },
    },
    {
      name: "comes back after a cut and loses nothing",
      run: async () => {
        const control = await mqtt.connectAsync(setting.directUrl, options("control"));
        const client = mqtt.connect(setting.url, options("cut", { clean: false }));
        await cut(client, `${prefix}/cut`, () => control.publish(setting.cutTopic, "", { qos: 1 }));
        await control.endAsync();
      },
    },
    {
      name: "comes back after its own stream.destroy()",
      run: async () => {
        const client = await mqtt.connectAsync(setting.url, options("stream"));
        const again = new Promise((resolve) => client.once("connect", resolve));
        client.stream.destroy();
        await again;
        await client.endAsync();
      },
    },
    {
      name: "end(true) lets the server publish the will",
      run: async () => {
        const watcher = await mqtt.connectAsync(setting.directUrl, options("watcher"));
        const topic = `${prefix}/will`;
        const dying = await mqtt.connectAsync(setting.url, options("dying", { will: { topic, payload: "gone", qos: 1 } as never }));
        await watchWill(watcher, topic, dying);
      },
    },
    {
      name: "tells a failed attempt by error and close, and ends",
      run: () => refused(mqtt.connect(setting.closedUrl, options("refused"))),
    },
  ];
}

async function exchange(client: MqttClient, topic: string): Promise<void> {
  await new Promise((resolve) => client.once("connect", resolve));
  await settled((done) => client.subscribe(`${topic}/#`, { qos: 2 }, done));
  const [sent, received]: string[][] = [[], []];
  const all = payloads().flatMap((payload) => ([0, 1, 2] as const).map((qos) => ({ payload, qos })));
  const complete = new Promise<void>((resolve) => {
    client.on("message", (name, payload, packet) => {
      if (received!.push(`${name} ${packet.qos} ${digest(payload)}`) === all.length) resolve();
    });
  });
  for (const { payload, qos } of all) {
    sent!.push(`${topic}/ü/${qos} ${qos} ${digest(payload)}`);
    await settled((done) => client.publish(`${topic}/ü/${qos}`, payload as never, { qos }, done));
  }
  await complete;
  same(received, sent, "what arrived");
  await settled((done) => client.end(done));
  same([client.connected, client.disconnected], [false, true], "connected, disconnected");
}

async function exchangeAsync(client: MqttClient, topic: string): Promise<void> {
  same(
    (await client.subscribeAsync(topic, { qos: 1 })).map(({ qos }) => qos),
    [1],
    "the granted QoS",
  );
  const text = new Promise<string>((resolve) => client.once("message", (_name, payload) => resolve(payload.toString())));
  await client.publishAsync(topic, "Knoten ⚓", { qos: 1 });
  same(await text, "Knoten ⚓", "the payload as text");
  await client.unsubscribeAsync(topic);
  await client.endAsync();
}

async function cut(client: MqttClient, topic: string, cutNow: () => unknown): Promise<void> {
  await new Promise((resolve) => client.once("connect", resolve));
  await client.subscribeAsync(topic, { qos: 2 });
  const events: string[] = [];
  for (const name of ["close", "reconnect", "connect"] as const) client.on(name, () => events.push(name));
  const seen = new Set<string>();
  const complete = new Promise<void>((resolve) => {
    client.on("message", (_name, payload) => seen.add(payload.toString()).size === 100 && resolve());
  });
  const lost = new Promise<void>((resolve) => client.once("close", () => resolve()));
  const sent: Promise<unknown>[] = [];
  const send = (from: number): void => {
    for (let i = from; i < from + 50; i++) sent.push(client.publishAsync(topic, String(i), { qos: i % 2 === 0 ? 1 : 2 }));
  };
  send(0);
  cutNow();
  await lost;
  send(50);
  await Promise.all(sent);
  await complete;
  same(events, ["close", "reconnect", "connect"], "the events");
  await client.endAsync();
}

async function watchWill(watcher: MqttClient, topic: string, dying: MqttClient): Promise<void> {
  await watcher.subscribeAsync(topic, { qos: 1 });
  const will = new Promise<string>((resolve) => watcher.once("message", (_name, payload) => resolve(payload.toString())));
  await settled((done) => dying.end(true, {}, done));
  same(await will, "gone", "the will");
  await watcher.endAsync();
}

async function refused(client: MqttClient): Promise<void> {
  const error = new Promise<WithFailure>((resolve) => client.once("error", resolve));
  const closed = new Promise<void>((resolve) => client.once("close", () => resolve()));
  const { failure } = await error;
  if (failure === undefined || failure.hints.length === 0) throw new Error("the error has no failure with a hint");
  await closed;
  await settled((done) => client.end(true, done));
}

/** A callback in MQTT.js's form as a promise. */
function settled(start: (done: (error?: Error | null) => void) => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => (error == null ? resolve() : reject(error)));
  });
}
