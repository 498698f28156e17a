import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig, type Server, silentLogger, startServer } from "@bowline/broker/internal";
import { type Client, connect, type ConnectOptions, type MqttError } from "@bowline/client";
import { connect as connectMqttJs, connectAsync, type IConnackPacket } from "mqtt";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";

/* AWS IoT Core's limits and deviations, with the profile and without it. */

const clients = new Set<Client>();
let folder = "";
let server: Server;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bowline-profile-"));
});
afterEach(() => {
  for (const each of clients) void each.abort();
  clients.clear();
});
afterAll(() => rm(folder, { recursive: true }));

async function start(profile: "aws-iot" | undefined): Promise<void> {
  const overrides = { memory: true, console: false as const, anonymous: true, metrics: { sysInterval: 0 }, profile };
  const config = await loadConfig({
    directory: folder,
    overrides: { ...overrides, data: "data", listen: ["ws://127.0.0.1:0/mqtt"] },
  });
  server = await startServer({ config, logger: silentLogger, version: "1" });
}

async function online(options: ConnectOptions = {}): Promise<Client> {
  const made = connect(server.listeners[0] ?? "", { reconnect: false, ...options });
  made.on("attemptFailed", () => {});
  clients.add(made);
  await made.online();
  return made;
}

const codeOf = (promise: PromiseLike<unknown>): Promise<number> =>
  Promise.resolve(promise).then(
    () => 0,
    (error: MqttError) => error.reasonCode ?? -1,
  );

/** The topics that arrive by the filter, up to `end`. */
async function heard(filter: string, topics: readonly string[], retain = false): Promise<string[]> {
  const publisher = await online();
  const receiver = await online();
  if (retain) for (const topic of topics) await publisher.publish(topic, "x", { qos: 1, retain });
  const subscription = receiver.subscribe([filter, "end"], { qos: 1 });
  await subscription.ready;
  if (!retain) for (const topic of topics) await publisher.publish(topic, "x", { qos: 1 });
  await publisher.publish("end", "x", { qos: 1 });
  const got: string[] = [];
  for await (const { topicName } of subscription) {
    if (topicName === "end") break;
    got.push(topicName);
  }
  return got.toSorted();
}

/** Whether a page that is closed, with its close frame and without DISCONNECT, leaves its will behind. */
async function leavesWill(): Promise<boolean> {
  const watcher = await online();
  const subscription = watcher.subscribe(["will", "end"], { qos: 1 });
  await subscription.ready;
  let webSocket: WebSocket | undefined;
  const page = await connectAsync(server.listeners[0] ?? "", {
    reconnectPeriod: 0,
    will: { topic: "will", payload: Buffer.from("x"), qos: 1, retain: false },
    createWebsocket: (url, protocols) => (webSocket = new WebSocket(url, protocols)),
  });
  const closed = new Promise((resolve) => page.once("close", () => resolve(undefined)));
  // What a browser does for a tab that goes.
  webSocket?.close(1001);
  await closed;
  await watcher.publish("end", "x", { qos: 1 });
  return (await subscription.next()).value?.topicName === "will";
}

describe.each([
  { profile: "aws-iot" as const, filters: [0, 0x97], levels: 0x90, hash: ["a/b"], will: false },
  { profile: undefined, filters: [0, 0], levels: 0, hash: ["a", "a/b"], will: true },
])("profile $profile", ({ profile, filters, levels, hash, will }) => {
  beforeAll(() => start(profile));
  afterAll(() => server.close());

  test("what a CONNACK says", async () => {
    const client = connectMqttJs(server.listeners[0] ?? "", { reconnectPeriod: 0, protocolVersion: 5 });
    const connack = await new Promise<IConnackPacket>((resolve) => client.once("connect", resolve));
    await client.endAsync();
    const { maximumQoS, maximumPacketSize, subscriptionIdentifiersAvailable, topicAliasMaximum } = connack.properties ?? {};
    expect([maximumQoS, maximumPacketSize, subscriptionIdentifiersAvailable, topicAliasMaximum]).toEqual(
      profile === undefined ? [undefined, 16_777_216, undefined, 64] : [1, 131_072, false, 8],
    );
  });

  test("nine filters in one SUBSCRIBE, and nine levels in a topic", async () => {
    const client = await connectAsync(server.listeners[0] ?? "", { reconnectPeriod: 0, protocolVersion: 5 });
    const names = Array.from({ length: 9 }, (_, i) => `f${i}`);
    const granted = await client.subscribeAsync(names, { qos: 0 }).catch(() => undefined);
    const codes = granted?.map(({ qos }) => qos) ?? names.map((_, i) => (i < 8 ? filters[0] : filters[1]));
    expect([codes[7], codes[8]]).toEqual(filters);
    await client.endAsync();
    const one = await online();
    expect(await codeOf(one.publish("1/2/3/4/5/6/7/8", "x", { qos: 1 }))).toBe(0);
    expect(await codeOf(one.publish("1/2/3/4/5/6/7/8/9", "x", { qos: 1 }))).toBe(levels);
  });

  test("a/# and the topic a, live, retained and shared", async () => {
    expect(await heard("a/#", ["a", "a/b"])).toEqual(hash);
    expect(await heard("$share/g/a/#", ["a", "a/b"])).toEqual(hash);
    expect(await heard("a/#", ["a", "a/b"], true)).toEqual(hash);
  });

  test("a WebSocket that ends by its close frame", async () => {
    expect(await leavesWill()).toBe(will);
  });
});
