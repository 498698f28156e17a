import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig, type Server, silentLogger, startServer } from "@bowline/broker/internal";
import { type Client, connect, type ConnectOptions, type Subscription } from "@bowline/client";
import { afterEach, beforeEach, expect, test } from "vitest";
import { BowlineProcess } from "../system/bowline-process.ts";

/* What the broker publishes about its clients, in the form of AWS IoT's lifecycle events. */

interface Event {
  readonly clientId: string;
  readonly eventType: string;
  readonly timestamp: number;
  readonly sessionIdentifier: string;
  readonly principalIdentifier: string;
  readonly ipAddress: string;
  readonly versionNumber: number;
  readonly disconnectReason?: string;
  readonly clientInitiatedDisconnect?: boolean;
  readonly connectFailureReason?: string;
  readonly topics?: readonly string[];
}

let folder = "";
let server: Server;
const clients = new Set<Client>();
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "bowline-events-"));
  const events = { presence: true, subscriptions: true };
  const overrides = { console: false as const, listen: ["mqtt://127.0.0.1:0"], metrics: { sysInterval: 0 }, events };
  const config = await loadConfig({ directory: folder, overrides: { ...overrides, data: "data" } });
  server = await startServer({ config, logger: silentLogger, version: "1" });
  await server.users.add("default", "ann", "secret of ann");
});
afterEach(async () => {
  for (const each of clients) void each.abort();
  clients.clear();
  await server.close();
  await rm(folder, { recursive: true });
});

function client(clientId: string, options: ConnectOptions = {}): Client {
  const made = connect(server.listeners[0] ?? "", {
    reconnect: false,
    credentials: { username: "ann", password: "secret of ann" },
    session: { clientId },
    ...options,
  });
  made.on("attemptFailed", () => {});
  clients.add(made);
  return made;
}

async function online(clientId: string, options?: ConnectOptions): Promise<Client> {
  const made = client(clientId, options);
  await made.online();
  return made;
}

/** The events of one group as they come. */
async function watch(group: string): Promise<() => Promise<Event>> {
  const watcher = await online(`watcher-${group}`);
  const subscription: Subscription = watcher.subscribe(`$events/${group}/+/c1`, { qos: 1 });
  await subscription.ready;
  const messages = subscription[Symbol.asyncIterator]();
  return async () => {
    const { value } = await messages.next();
    const event = value!.json<Event>();
    expect(value!.topicName).toBe(`$events/${group}/${event.eventType}/c1`);
    return event;
  };
}

test("a client comes and goes: both events have one version, and the next one's is larger", async () => {
  const next = await watch("presence");
  const began = Date.now();
  for (let round = 0, last = 0; round < 3; round++) {
    const one = await online("c1");
    const connected = await next();
    expect(connected).toMatchObject({ clientId: "c1", eventType: "connected", principalIdentifier: "ann", ipAddress: "127.0.0.1" });
    expect(connected.versionNumber).toBeGreaterThan(last);
    expect(connected.timestamp).toBeGreaterThanOrEqual(began);
    last = connected.versionNumber;
    await one.close();
    const { versionNumber, sessionIdentifier } = connected;
    expect(await next()).toMatchObject({
      eventType: "disconnected",
      versionNumber,
      sessionIdentifier,
      clientInitiatedDisconnect: true,
      disconnectReason: "CLIENT_INITIATED_DISCONNECT",
    });
  }
});

test.each<[what: string, reason: string, end: (one: Client) => void | Promise<unknown>]>([
  ["its connection is lost", "CONNECTION_LOST", (one) => one.abort()],
  ["another one takes its identifier", "DUPLICATE_CLIENTID", () => online("c1")],
  [
    "an operator ends it",
    "API_INITIATED_DISCONNECT",
    () => void server.broker.disconnectClients((who) => who.clientIdentifier === "c1"),
  ],
])("why a client went: %s", async (_, reason, end) => {
  const next = await watch("presence");
  const one = await online("c1");
  await next();
  await end(one);
  const events = [await next()];
  if (events[0]?.eventType === "connected") events.push(await next());
  expect(events.at(-1)).toMatchObject({ eventType: "disconnected", clientInitiatedDisconnect: false, disconnectReason: reason });
});

test("a refused client is told of, and one with a wildcard in its identifier is not", async () => {
  const next = await watch("presence");
  const wrong = { username: "ann", password: "wrong" };
  await client("a+b", { credentials: wrong })
    .online()
    .catch(() => {});
  await client("c1", { credentials: wrong })
    .online()
    .catch(() => {});
  expect(await next()).toMatchObject({
    eventType: "connect_failed",
    connectFailureReason: "AUTHORIZATION_FAILED",
    ipAddress: "127.0.0.1",
  });
});

test("one with an identifier that leaves no room in the topic is not told of, and cuts nobody off", async () => {
  const watcher = await online("watcher");
  const subscription = watcher.subscribe("$events/presence/#", { qos: 1 });
  await subscription.ready;
  const long = await online("x".repeat(65_535));
  await long.close();
  await online("c1");
  const { value } = await subscription[Symbol.asyncIterator]().next();
  expect(value?.topicName).toBe("$events/presence/connected/c1");
  expect(watcher.status.state).toBe("online");
});

test("subscriptions that are made and ended", async () => {
  const next = await watch("subscriptions");
  const one = await online("c1");
  const subscription = one.subscribe(["a/#", "b"], { qos: 1 });
  await subscription.ready;
  expect(await next()).toMatchObject({ eventType: "subscribed", topics: ["a/#", "b"], principalIdentifier: "ann" });
  await subscription.close();
  const ended = await next();
  expect(ended.eventType).toBe("unsubscribed");
  // The client may say it in one packet or in two.
  const topics = [...(ended.topics ?? []), ...(ended.topics?.length === 1 ? ((await next()).topics ?? []) : [])];
  expect(topics.toSorted()).toEqual(["a/#", "b"]);
});

test("nobody but the broker publishes there", async () => {
  const one = await online("c1");
  await expect(one.publish("$events/presence/connected/c2", "{}", { qos: 1 })).rejects.toMatchObject({ reasonCode: 0x87 });
});

test("after kill -9 the next start says who was there, and versions go on", { timeout: 60_000 }, async () => {
  const file = join(folder, "bowline.json");
  const rules = [{ permission: "allow", action: "both", topics: ["#", "$events/#"] }];
  await writeFile(file, JSON.stringify({ events: { presence: true }, anonymous: true, bootstrap: { rules } }));
  const broker = await BowlineProcess.start("--config", file, "--listen", "mqtt://127.0.0.1:0", "--no-console");
  const open = (clientId: string): Client => {
    const made = connect(broker.urls[0] ?? "", { session: { clientId, expiryInterval: 3_600 } });
    made.on("attemptFailed", () => {});
    clients.add(made);
    return made;
  };
  try {
    const watcher = open("watcher");
    const subscription = watcher.subscribe("$events/presence/+/c1", { qos: 1 });
    await subscription.ready;
    const messages = subscription[Symbol.asyncIterator]();
    const seen = new Set<string>();
    // At QoS 1 a crash may bring one a second time.
    const next = async (): Promise<Event> => {
      for (;;) {
        const event = (await messages.next()).value!.json<Event>();
        const key = `${event.eventType} ${event.versionNumber}`;
        if (!seen.has(key)) return seen.add(key) && event;
      }
    };
    const one = open("c1");
    const connected = await next();
    await broker.kill();
    await one.close();
    await broker.startAgain();
    const { versionNumber } = connected;
    expect(await next()).toMatchObject({ eventType: "disconnected", versionNumber, disconnectReason: "SERVER_ERROR" });
    open("c1");
    const again = await next();
    expect(again.eventType).toBe("connected");
    expect(again.versionNumber).toBeGreaterThan(versionNumber);
  } finally {
    await broker.remove();
  }
});
