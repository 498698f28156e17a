// MQTTX's connection settings, as its documents have them for EMQX Serverless, against the preset: mqtts on 8883 and wss with the path /mqtt,
// CA certificate, SSL secure on, user name and password, MQTT 5.0 and 3.1.1. MQTTX is MQTT.js underneath.
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TenantProcess } from "./tenant-process.ts";

let broker: TenantProcess;
const clients: MqttClient[] = [];
beforeAll(async () => {
  broker = await TenantProcess.start({ preset: "serverless" }, "wss://localhost:0/mqtt");
  await broker.make("acme");
}, 60_000);
afterAll(async () => {
  await Promise.all(clients.map((client) => client.endAsync(true)));
  await broker.end();
});

async function settings(version: 4 | 5): Promise<IClientOptions> {
  const common = {
    clientId: `mqttx_${Math.random().toString(16).slice(2, 10)}`,
    username: "ann",
    password: "secret",
    ca: await broker.process.ca(),
    servername: "acme.localhost",
    rejectUnauthorized: true,
    keepalive: 60,
    connectTimeout: 10_000,
    clean: true,
    reconnectPeriod: 0,
    protocolVersion: version,
  };
  return version === 4
    ? common
    : { ...common, properties: { sessionExpiryInterval: 0, receiveMaximum: 100, topicAliasMaximum: 10 } };
}

test.each([
  ["mqtts", 5],
  ["mqtts", 4],
  ["wss", 5],
  ["wss", 4],
] as const)("MQTTX connects over %s with version %i, and its messages go round", async (scheme, version) => {
  const url = broker.process.urls.find((each) => each.startsWith(`${scheme}:`))!;
  const options = await settings(version);
  const headers = { host: "acme.localhost" };
  const client = await mqtt.connectAsync(
    url,
    scheme === "wss"
      ? ({ ...options, wsOptions: { ca: options.ca, servername: options.servername, headers } } as IClientOptions)
      : options,
  );
  clients.push(client);
  await client.subscribeAsync("testtopic/#", { qos: 0 });
  const came = new Promise<string>((resolve) => client.once("message", (_topic, payload) => resolve(payload.toString())));
  await client.publishAsync("testtopic/1", '{ "msg": "hello" }', { qos: 0 });
  expect(await came).toBe('{ "msg": "hello" }');
});

test("a wrong password, and a name that is no deployment's, are told apart", async () => {
  const options = await settings(5);
  await expect(mqtt.connectAsync(broker.url, { ...options, password: "wrong" }, false)).rejects.toMatchObject({ code: 0x86 });
  const foreign = { ...options, servername: "other.localhost" };
  await expect(mqtt.connectAsync(broker.url, foreign, false)).rejects.toMatchObject({
    message: expect.stringMatching(/unrecognized name/) as string,
  });
});
