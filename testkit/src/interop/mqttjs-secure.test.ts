import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mqtt, { type ErrorWithReasonCode, type IClientOptions, type MqttClient, type WithFailure } from "@bowline/mqttjs";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { BowlineProcess } from "../system/bowline-process.ts";

// The drop-in against the real command over TLS and WSS, with its local authority, and over a Unix domain socket.

/** Of each QoS; the broker dies when about half of them are on their way. */
const COUNT = 300;

let broker: BowlineProcess;
let options: IClientOptions;
let folder: string;
const clients: MqttClient[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bowline-socket-"));
  const listen = ["mqtts://localhost:0", "wss://localhost:0/mqtt", `unix:${join(folder, "mqtt.sock")}`];
  broker = await BowlineProcess.start(...listen.flatMap((url) => ["--listen", url]), "--no-console");
  const { username, password } = await broker.user();
  options = { ca: await broker.ca(), username, password, reconnectPeriod: 50 };
});
afterEach(() => Promise.all(clients.splice(0).map((client) => client.endAsync(true))));
afterAll(async () => {
  await broker.remove();
  await rm(folder, { recursive: true, force: true });
});

function urlOf(scheme: string): string {
  return broker.urls.find((url) => url.startsWith(scheme))!;
}

async function connected(url: string, more: IClientOptions = {}): Promise<MqttClient> {
  const client = await mqtt.connectAsync(url, { ...options, ...more });
  clients.push(client);
  return client;
}

test.each(["mqtts", "wss"])("messages of every QoS over %s", async (scheme) => {
  const client = await connected(urlOf(scheme), { protocolVersion: 5 });
  const got: string[] = [];
  const all = new Promise<void>((resolve) =>
    client.on("message", (_topic, payload) => got.push(payload.toString()) === 3 && resolve()),
  );
  await client.subscribeAsync(`secure/${scheme}`, { qos: 2 });
  for (const qos of [0, 1, 2] as const) await client.publishAsync(`secure/${scheme}`, String(qos), { qos });
  await all;
  expect(got).toEqual(["0", "1", "2"]);
});

test("over a Unix domain socket, by URL and by options", async () => {
  const path = join(folder, "mqtt.sock");
  for (const client of [
    await connected(`mqtt+unix://${path}`),
    await mqtt.connectAsync({ ...options, protocol: "mqtt", unixSocket: true, path }),
  ]) {
    expect(await client.subscribeAsync("unix")).toEqual([{ topic: "unix", qos: 0 }]);
    await client.endAsync();
  }
});

test.each(["mqtts", "wss"])("an authority that is not trusted is named, %s", async (scheme) => {
  const { ca: _, ...rest } = options;
  const failed = mqtt.connectAsync(urlOf(scheme), rest);
  const error = await failed.then(
    () => undefined,
    (reason: unknown) => reason as ErrorWithReasonCode & WithFailure,
  );
  expect(error).toMatchObject({
    code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    failure: { stage: "tls", code: expect.stringMatching(/^TLS_/) },
  });
  expect(error?.failure?.hints.length).toBeGreaterThan(0);
});

test.each([
  [4, 4],
  [5, 134],
] as const)("a wrong password has the code of the version, %d", async (protocolVersion, code) => {
  const failed = mqtt.connectAsync(urlOf("mqtts"), { ...options, protocolVersion, password: "wrong" });
  await expect(failed).rejects.toMatchObject({ code, failure: { code: "BAD_CREDENTIALS" } });
});

test(`${COUNT} QoS 1 and ${COUNT} QoS 2 messages survive SIGKILL of the broker: none lost, QoS 2 none doubled`, async () => {
  const receiver = await connected(urlOf("wss"), { clientId: "receiver", clean: false });
  const sender = await connected(urlOf("mqtts"), { clientId: "sender", clean: false });
  const codes: unknown[] = [];
  for (const client of [receiver, sender])
    client.on("close", () => codes.push(client.lastFailure?.code)).on("error", () => undefined);
  const seen = new Map<string, number>();
  const complete = new Promise<void>((resolve) =>
    receiver.on("message", (topic, payload) => {
      const text = `${topic} ${payload}`;
      seen.set(text, (seen.get(text) ?? 0) + 1);
      if (seen.size === 2 * COUNT) resolve();
    }),
  );
  await receiver.subscribeAsync("kill/#", { qos: 2 });
  let killed: Promise<void> | undefined;
  const published: Promise<unknown>[] = [];
  for (let i = 0; i < COUNT; i++) {
    published.push(sender.publishAsync("kill/1", String(i), { qos: 1 }), sender.publishAsync("kill/2", String(i), { qos: 2 }));
    if (i % 50 === 49) await Promise.race(published.slice(-2));
    if (i === COUNT / 2) killed = broker.kill().then(() => broker.startAgain());
  }
  await killed;
  await Promise.all(published);
  await complete;
  expect(codes).toContain("CONNECTION_LOST");
  expect([...seen].filter(([text, count]) => text.startsWith("kill/2") && count > 1)).toEqual([]);
}, 60_000);
