import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, connect as connectTcp, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, connect } from "@bowline/client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { BrokerConfigInput } from "../config/broker-config.ts";
import { loadConfig } from "../config/load-config.ts";
import { silentLogger } from "../log/logger.ts";
import { type Server, startServer } from "./start-server.ts";

/* Plans and what tenants use, as their clients and their owners see them. */

let folder = "";
let server: Server;
const clients = new Set<Client>();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "bowline-plans-"));
});
afterEach(async () => {
  for (const each of clients) void each.abort();
  clients.clear();
  await server.close();
  await rm(folder, { recursive: true });
});

async function start(changes: BrokerConfigInput = {}): Promise<void> {
  const listen = ["mqtts://127.0.0.1:0"];
  const overrides = {
    data: "data",
    console: false as const,
    listen,
    metrics: { sysInterval: 0 },
    admin: { listen: "http://127.0.0.1:0" },
    ...changes,
  };
  server = await startServer({ config: await loadConfig({ directory: folder, overrides }), logger: silentLogger, version: "1" });
}

async function tenant(name: string, plan?: string): Promise<void> {
  await server.tenants.create({ name, plan });
  await server.users.add(name, "ann", "secret");
  await server.rules.add(name, { permission: "allow", action: "both", topics: ["#"] });
}

function client(tenantName: string, clientId: string, options: Parameters<typeof connect>[1] = {}): Client {
  const made = connect(server.listeners[0]!, {
    reconnect: false,
    credentials: { username: "ann", password: "secret" },
    tls: { ca: server.localCa!.certificate, servername: `${tenantName}.localhost` },
    session: { clientId },
    ...options,
  });
  made.on("attemptFailed", () => {});
  clients.add(made);
  return made;
}

const nothing = async (subscription: AsyncIterable<unknown>): Promise<void> => {
  for await (const _ of subscription);
};

test("the preset serverless: quotas on the wire, each with its name, and server names required", async () => {
  await start({ preset: "serverless" });
  await tenant("acme");
  const one = client("acme", "one");
  const info = await one.online();
  expect(info).toMatchObject({ properties: { receiveMaximum: 32, maximumPacketSize: 1_114_112 } });
  const subscribe = (filter: string): Promise<unknown> => {
    const subscription = one.subscribe(filter);
    nothing(subscription).catch(() => {});
    return subscription.ready;
  };
  for (let i = 0; i < 10; i++) await subscribe(`t/${i}`);
  await expect(subscribe("t/more")).rejects.toMatchObject({
    reasonCode: 0x97,
    message: expect.stringContaining("maximumSubscriptions") as string,
  });
  await expect(subscribe("1/2/3/4/5/6/7/8/9/10/11")).rejects.toMatchObject({ reasonCode: 0x8f });
  await expect(Promise.resolve(one.publish("1/2/3/4/5/6/7/8/9/10/11", "x", { qos: 1 }))).rejects.toMatchObject({
    reasonCode: 0x90,
  });
  await one.publish("1/2/3/4/5/6/7/8/9/10", Buffer.alloc(1_000_000), { qos: 1 });
  // Who names no host, or an address.
  const nameless = connect(server.listeners[0]!, { reconnect: false, tls: { ca: server.localCa!.certificate } });
  clients.add(nameless);
  await expect(nameless.online()).rejects.toMatchObject({ code: expect.stringMatching(/^TLS_/) as string });
});

/** The limits of `serverless`, so small that a test reaches each of them. */
const SMALL = {
  maximumSessions: 2,
  maximumSubscriptions: 1,
  maximumTopicLevels: 2,
  maximumPacketSize: 1_024,
  maximumRetainedMessages: 1,
  publishesPerSecond: 10,
  maximumSessionExpiryInterval: 7_200,
};

test.each([4, 5] as const)(
  "each quota over MQTT %i: what the client is told, and that its owner reads which it was",
  async (version) => {
    await start();
    await server.tenants.putPlan("small", { limits: SMALL });
    await tenant("acme", "small");
    const dial = (clientId: string): Client => client("acme", clientId, { protocolVersion: version });
    const lossOf = (made: Client): Promise<{ code: string; reasonCode?: number | undefined }> =>
      new Promise((resolve) => void made.on("connectionLost", resolve));
    const one = client("acme", "one", { protocolVersion: version, session: { clientId: "one", expiryInterval: 100_000 } });
    const { properties } = await one.online();
    if (version === 5) expect(properties).toMatchObject({ maximumPacketSize: 1_024, sessionExpiryInterval: 7_200 });
    const subscribe = (filter: string): Promise<unknown> => {
      const subscription = one.subscribe(filter);
      nothing(subscription).catch(() => {});
      return subscription.ready;
    };
    const code = (v5: number): unknown => ({ reasonCode: version === 5 ? v5 : 0x80 });
    await subscribe("a");
    await expect(subscribe("b")).rejects.toMatchObject(code(0x97) as object);
    await expect(subscribe("a/b/c")).rejects.toMatchObject(code(0x8f) as object);
    // Before 5.0 a PUBLISH that is refused ends the connection.
    const refused = async (topic: string, options: object, v5: number): Promise<void> => {
      const made = dial("two");
      const lost = lossOf(made);
      const published = Promise.resolve(made.publish(topic, "x", { qos: 1, ...options }));
      if (version === 5) await expect(published).rejects.toMatchObject({ reasonCode: v5 });
      else {
        published.catch(() => {});
        await lost;
      }
      await made.abort();
    };
    await one.publish("r", "x", { qos: 1, retain: true });
    await refused("r/2", { retain: true }, 0x97);
    await refused("a/b/c", {}, 0x90);
    const large = dial("two");
    await large.online();
    const ended = lossOf(large);
    const bytes = large.publish("a", Buffer.alloc(2_000), { qos: 1 });
    // A client of 5.0 was told, and does not even send it.
    if (version === 5) await expect(Promise.resolve(bytes)).rejects.toMatchObject({ code: "PACKET_TOO_LARGE" });
    else {
      Promise.resolve(bytes).catch(() => {});
      await ended;
    }
    await large.abort();
    const fast = dial("two");
    await fast.online();
    await expect(dial("three").online()).rejects.toMatchObject({ code: version === 5 ? "QUOTA" : "UNAVAILABLE" });
    const all = Array.from({ length: 40 }, () => Promise.resolve(fast.publish("a", "x", { qos: 1 })));
    if (version === 5) {
      const codes = (await Promise.allSettled(all)).map((each) =>
        each.status === "rejected" ? (each.reason as { reasonCode: number }).reasonCode : 0,
      );
      expect(new Set(codes)).toEqual(new Set([0, 0x97]));
    } else {
      void Promise.allSettled(all);
      await lossOf(fast);
    }
    const reached = await reachedBy("acme");
    expect(reached).toMatchObject({
      maximumSessions: 1,
      maximumSubscriptions: 1,
      maximumTopicLevels: 2,
      maximumRetainedMessages: 1,
      publishesPerSecond: expect.any(Number) as number,
      ...(version === 5 ? { maximumSessionExpiryInterval: 1 } : { maximumPacketSize: 1 }),
    });
    expect(await reachedBy("default")).toEqual({});
  },
  30_000,
);

/** What the administrator of a tenant reads, by its key. */
async function reachedBy(name: string): Promise<Record<string, number>> {
  const { key, secret } = await server.keys.create({ tenant: name, name: "own", access: "read" });
  const authorization = `Basic ${Buffer.from(`${key.id}:${secret.reveal()}`).toString("base64")}`;
  const answer = await fetch(`${server.adminOrigin}/api/v1/limits`, { headers: { authorization } });
  const { reached } = (await answer.json()) as { reached: { limits: string[]; times: number }[] };
  return Object.fromEntries(reached.map(({ limits: [first = ""], times }) => [first, times]));
}

test("a plan of an operator's own: sessions, retained messages, users and rules; changed, it holds at once", async () => {
  await start();
  await server.tenants.putPlan("tiny", {
    limits: { maximumSessions: 1, maximumRetainedMessages: 1 },
    maximumUsers: 1,
    maximumRules: 1,
  });
  await tenant("acme", "tiny");
  await tenant("free");
  const one = client("acme", "one");
  await one.online();
  await expect(client("acme", "two").online()).rejects.toMatchObject({ reasonCode: 0x97 });
  await expect(client("acme", "two", { protocolVersion: 4 }).online()).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await one.publish("r/1", "x", { qos: 1, retain: true });
  await expect(Promise.resolve(one.publish("r/2", "x", { qos: 1, retain: true }))).rejects.toMatchObject({ reasonCode: 0x97 });
  const [free, more] = [client("free", "one"), client("free", "two")];
  await Promise.all([free.online(), more.online()]);
  await server.tenants.putPlan("tiny", { limits: { maximumSessions: 2 } });
  await client("acme", "two").online();
  await server.tenants.setPlan("free", "tiny");
  await expect(client("free", "three").online()).rejects.toMatchObject({ reasonCode: 0x97 });
  await expect(server.tenants.removePlan("tiny")).rejects.toMatchObject({ code: "OPTION_INVALID" });
  await expect(server.tenants.setPlan("free", "none")).rejects.toMatchObject({ code: "PLAN_UNKNOWN" });
  await expect(server.tenants.putPlan("bad", { limits: { maximumSessions: -1 } })).rejects.toMatchObject({
    code: "OPTION_INVALID",
  });
  await expect(server.tenants.putPlan("bad", { limits: { connectTimeoutMs: 1 } })).rejects.toThrow(/no such limit/);
});

test("plans are kept, one that is built in can be changed and is again as it was, and the configuration names one for all", async () => {
  await start({ tenants: { plan: "serverless" } });
  await tenant("acme");
  await server.tenants.putPlan("serverless", { limits: { maximumSubscriptions: 3 } });
  const limitOf = (name: string): number | undefined => server.broker.tenantNamed(name)?.limits.maximumSubscriptions;
  expect([limitOf("acme"), limitOf("default")]).toEqual([3, 3]);
  await server.close();
  await start({ tenants: { plan: "serverless" } });
  expect(limitOf("acme")).toBe(3);
  await server.tenants.removePlan("serverless");
  expect(limitOf("acme")).toBe(10);
  await server.reload({ ...server.config, tenants: { ...server.config.tenants, plan: undefined } });
  expect(limitOf("acme")).toBe(50_000);
});

test("what contradicts the preset is refused by name", async () => {
  await start();
  const load = (changes: BrokerConfigInput): Promise<unknown> =>
    loadConfig({ directory: folder, overrides: { preset: "serverless", ...changes } });
  await expect(load({ anonymous: true })).rejects.toThrow(/anonymous/);
  await expect(load({ listen: ["mqtt://127.0.0.1:0"] })).rejects.toThrow(/must be mqtts/);
  await expect(load({ tls: { requireSni: false } })).rejects.toThrow(/requireSni/);
  await expect(load({})).resolves.toMatchObject({ tls: { requireSni: true }, tenants: { plan: "serverless" } });
});

test("usage agrees with what was sent, is the tenant's own, and goes on after a restart", async () => {
  await start();
  await tenant("acme");
  await tenant("beta");
  const [sub, pub, other] = [client("acme", "sub"), client("acme", "pub"), client("beta", "pub")];
  await Promise.all([sub.online(), pub.online(), other.online()]);
  const subscription = sub.subscribe("#", { qos: 1 });
  nothing(subscription).catch(() => {});
  await subscription.ready;
  for (let i = 0; i < 100; i++) await pub.publish(`t/${i}`, "x".repeat(100), { qos: 1 });
  await other.publish("t", "x", { qos: 1 });
  const { bytesReceived } = server.broker.tenantNamed("acme")!.counters;
  server.tenants.stopMetering();
  const usageOf = (name: string) => server.usageOf(name).months[0];
  expect(usageOf("acme")).toMatchObject({ messagesReceived: 100, messagesSent: 100, bytesReceived });
  expect(usageOf("acme")!.bytesReceived).toBeGreaterThan(10_000);
  expect(usageOf("acme")!.sessionMinutes).toBeGreaterThan(0);
  expect(usageOf("beta")).toMatchObject({ messagesReceived: 1, messagesSent: 0 });
  const before = usageOf("acme")!;
  for (const each of clients) await each.abort();
  await server.close();
  await start();
  const after = usageOf("acme")!;
  expect(after.messagesReceived).toBe(100);
  expect(after.sessionMinutes).toBeGreaterThanOrEqual(before.sessionMinutes);
  const again = client("acme", "pub");
  await again.online();
  await again.publish("t", "x", { qos: 1 });
  server.tenants.stopMetering();
  expect(usageOf("acme")).toMatchObject({ messagesReceived: 101 });
  expect(server.usageOf("acme").hours.length).toBeGreaterThan(0);
});

test("bytes and messages of the usage are those that a stranger on the wire counted", async () => {
  await start({ listen: ["mqtt://127.0.0.1:0"], anonymous: true });
  await server.rules.add("default", { permission: "allow", action: "both", topics: ["#"] });
  const wire = { up: 0, down: 0 };
  const port = Number(new URL(server.listeners[0]!.replace("mqtt:", "http:")).port);
  const relay = createServer((from) => {
    const to = connectTcp(port, "127.0.0.1");
    from.on("data", (chunk: Buffer) => (wire.up += chunk.length)).pipe(to);
    to.on("data", (chunk: Buffer) => (wire.down += chunk.length)).pipe(from);
    for (const socket of [from, to]) socket.on("error", () => socket.destroy());
  });
  await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
  const made = connect(`mqtt://127.0.0.1:${(relay.address() as AddressInfo).port}`, { reconnect: false });
  clients.add(made);
  const subscription = made.subscribe("#", { qos: 2 });
  await subscription.ready;
  const sent = Array.from({ length: 300 }, (_, i) =>
    Promise.resolve(made.publish(`t/${i}`, "x".repeat(i), { qos: (i % 3) as 0 | 1 | 2 })),
  );
  let came = 0;
  for await (const _ of subscription) if (++came === 300) break;
  await Promise.all(sent);
  await made.close();
  // What went through the relay last is on its way still.
  await vi.waitFor(() => expect([...server.broker.connections()]).toEqual([]), 5_000);
  relay.close();
  server.tenants.stopMetering();
  const [usage] = server.usageOf("default").months;
  expect(usage).toMatchObject({ messagesReceived: 300, messagesSent: 300, bytesReceived: wire.up, bytesSent: wire.down });
});
