import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MqttError } from "@bowline/protocol";
import { lintPrometheus, localServers, lossOf, parsePrometheus } from "@bowline/testkit/broker";
import { expect, test } from "vitest";
import type { BrokerConfigInput } from "../config/broker-config.ts";
import { FrontLog } from "../listeners/front-log.ts";
import { createLogger } from "../log/logger.ts";
import type { Server } from "./start-server.ts";

/* What operators look at, over the network as their tools do. */

const servers = localServers({
  memory: true,
  anonymous: true,
  admin: { listen: "http://127.0.0.1:0" },
  metrics: {},
});

function get(server: Server, path: string, bearer?: string): Promise<Response> {
  return fetch(`${server.adminOrigin}${path}`, bearer === undefined ? {} : { headers: { authorization: `Bearer ${bearer}` } });
}

test("metrics are what Prometheus reads, and count what happened", async () => {
  const server = await servers.start({ metrics: { open: true, sysInterval: 0 } });
  const client = await servers.online();
  await client.subscribe("a/#").ready;
  await client.publish("a/b", "x", { qos: 1, retain: true });
  const response = await get(server, "/metrics");
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  const text = await response.text();
  expect(lintPrometheus(text)).toEqual([]);
  const { samples, value } = parsePrometheus(text);
  expect(value("bowline_build_info", { version: "1.2.3" })).toBe(1);
  const tenant = { tenant: "default" };
  expect(value("bowline_connections", tenant)).toBe(1);
  expect(value("bowline_subscriptions", tenant)).toBe(1);
  expect(value("bowline_retained_messages", tenant)).toBe(1);
  expect(value("bowline_messages_received_total", tenant)).toBe(1);
  expect(value("bowline_received_bytes_total", tenant)).toBeGreaterThan(20);
  expect(value("bowline_messages_dropped_total", { ...tenant, reason: "queue_full" })).toBe(0);
  expect(value("bowline_listener_arrivals_total", { listener: server.listeners[0] ?? "" })).toBe(1);
  expect(value("bowline_storage_writable")).toBe(1);
  expect(value("process_resident_memory_bytes")).toBeGreaterThan(1_000_000);
  expect(value("nodejs_eventloop_lag_seconds", { quantile: "0.99" })).toBeLessThan(60);
  expect(value("nodejs_eventloop_lag_seconds_count")).toBeGreaterThanOrEqual(0);
  expect(samples.length).toBeGreaterThan(40);
});

test("metrics are for the operator key and the token, which may change at any time; health is for everybody", async () => {
  await writeFile(join(servers.folder, "token"), "first\n");
  const server = await servers.start({ metrics: { token: { file: "token" } } });
  const key = (await readFile(server.folder.operatorKey, "utf8")).trim();
  const statusOf = async (bearer?: string): Promise<number> => (await get(server, "/metrics", bearer)).status;
  expect(await statusOf()).toBe(401);
  expect(await statusOf("wrong")).toBe(401);
  expect(await statusOf(key)).toBe(200);
  expect(await statusOf("first")).toBe(200);
  await writeFile(join(servers.folder, "token"), "second\n");
  expect([await statusOf("first"), await statusOf("second")]).toEqual([401, 200]);
  // It reads metrics and nothing else.
  expect((await get(server, "/api/v1/status", "second")).status).toBe(401);
  expect((await get(server, "/api/v1/config", "second")).status).toBe(401);
  expect((await get(server, "/health/live")).status).toBe(200);
  expect((await get(server, "/health/ready")).status).toBe(200);
});

test("the admin listener answers no WebSocket", async () => {
  const server = await servers.start();
  const made = servers.client({}, `${server.adminOrigin?.replace("http", "ws")}/mqtt`);
  await expect(made.online()).rejects.toMatchObject({ stage: expect.stringMatching(/http|ws/) as string });
});

test("$SYS topics are told to new subscribers, are the tenant's own, and nobody else may publish them", async () => {
  const server = await servers.start();
  const client = await servers.online();
  const seen = new Map<string, { text: string; retain: boolean }>();
  const names = [
    "version",
    "uptime",
    "clients/connected",
    "messages/received",
    "bytes/sent",
    "retained messages/count",
    "load/messages/sent/15min",
  ];
  const subscription = client.subscribe("$SYS/#");
  await subscription.ready;
  for await (const message of subscription) {
    seen.set(message.topicName, { text: message.text(), retain: message.retain });
    if (names.every((name) => seen.has(`$SYS/broker/${name}`))) break;
  }
  expect(seen.get("$SYS/broker/version")).toEqual({ text: "bowline version 1.2.3", retain: true });
  expect(seen.get("$SYS/broker/uptime")?.text).toMatch(/^\d+ seconds$/);
  for (const name of names.slice(2)) expect(seen.get(`$SYS/broker/${name}`)?.text).toMatch(/^\d+(\.\d\d)?$/);
  await expect(client.publish("$SYS/broker/version", "mine", { qos: 1 })).rejects.toMatchObject({ reasonCode: 0x87 });
  // Nobody gets them by a filter that begins with a wildcard, [MQTT-4.7.2-1], and they are no retained messages of anybody's.
  expect(server.broker.retainedCount).toBe(0);
});

test("$SYS follows a reload: off, they are gone", async () => {
  const server = await servers.start();
  await server.reload(await servers.config({ metrics: { sysInterval: 0 } }));
  const client = await servers.online();
  const subscription = client.subscribe("$SYS/#");
  await subscription.ready;
  await client.subscribe("end").ready;
  const end = client.subscribe("end/here", { qos: 1 });
  await end.ready;
  await client.publish("end/here", "x", { qos: 1 });
  for await (const message of end) {
    expect(message.topicName).toBe("end/here");
    break;
  }
  expect(await Promise.race([subscription[Symbol.asyncIterator]().next(), Promise.resolve("nothing")])).toBe("nothing");
});

test("the log hides whom it is told to, keeps lines of one client together, and never has a secret", async () => {
  const lines: string[] = [];
  const logger = createLogger({
    level: "debug",
    format: "json",
    hide: ["clientId", "from"],
    destination: { write: (line) => void lines.push(line) },
  });
  await servers.start({ logger });
  await servers.online({ session: { clientId: "anna-meier" } });
  logger.warn({ password: "geheim", nested: 1, Authorization: "Bearer geheim" }, "a line written in a hurry");
  const text = lines.join("");
  expect(text).not.toContain("anna-meier");
  expect(text).not.toContain("geheim");
  expect(text).not.toMatch(/"from":"127/);
  const entries = lines.map((line) => JSON.parse(line) as { message: string; clientId?: string });
  expect(entries.find(({ message }) => message === "client connected")?.clientId).toMatch(/^#[0-9a-f]{12}$/);
});

test("clients that the end of the broker sends away are no news in the log", async () => {
  const lines: string[] = [];
  const logger = createLogger({ level: "info", format: "json", destination: { write: (line) => void lines.push(line) } });
  const server = await servers.start({ logger });
  await servers.online();
  await servers.close(server);
  expect(lines.filter((line) => line.includes("clientId"))).toEqual([]);
});

test("what the log hides is in no list, no reason and no error of the same line either, and who is refused at the front is hidden", async () => {
  const lines: string[] = [];
  const hide = ["clientId", "from", "topic"];
  const destination = { write: (line: string): void => void lines.push(line) };
  const logger = createLogger({ level: "debug", format: "json", hide, destination });
  const clients = [{ clientId: "anna-meier", lost: 5 }];
  const reason = "no rule allows plant/7, and plant/71 is another";
  const error = new MqttError("NOT_AUTHORIZED", { detail: "anna-meier may not read plant/7" });
  logger.warn({ clientId: "anna-meier", topic: "plant/7", clients, reason, error }, "a client may not do what it asks for");
  new FrontLog(logger).note({ cause: "otherProtocol", message: "why", remoteAddress: "192.0.2.1", remotePort: 1, localPort: 2 });
  const text = lines.join("");
  expect(text).not.toMatch(/anna-meier|plant\/7\b|192\.0\.2\.1/);
  expect(text).toContain("and plant/71 is another");
  const { clientId, clients: hidden } = JSON.parse(lines[0]!) as { clientId: string; clients: { clientId: string }[] };
  expect(hidden).toEqual([{ clientId, lost: 5 }]);
});

test("the level of the log follows a reload", async () => {
  const lines: string[] = [];
  const logger = createLogger({ level: "info", format: "json", destination: { write: (line) => void lines.push(line) } });
  const server = await servers.start({ logger });
  await servers.online();
  expect(lines.join("")).not.toContain("client connected");
  await server.reload(await servers.config({ log: { level: "debug" } }));
  await servers.online();
  expect(lines.join("")).toContain("client connected");
});

test("lines about a client say who came, from where and how it went", async () => {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  const server = await servers.start({ logger: createLogger({ level: "debug", format: "json", destination }) });
  await server.users.add("default", "ann", "a good password");
  const client = await servers.online({
    session: { clientId: "a" },
    credentials: { username: "ann", password: "a good password" },
  });
  await client.close();
  const who = { tenant: "default", clientId: "a", owner: "ann", from: "127.0.0.1", transport: "tcp" };
  const seen = (): Record<string, unknown>[] => lines.filter(({ message }) => /^c(lient|onnection) /.test(String(message)));
  await expect.poll(seen).toHaveLength(3);
  expect(seen()).toMatchObject([
    { ...who, version: 5, message: "client connected" },
    { ...who, message: "client disconnected" },
    { ...who, message: "connection closed" },
  ]);
});

test("an empty store begins with the users of `bootstrap`, and one that holds any is left alone", async () => {
  await writeFile(join(servers.folder, "pw"), "first password\n");
  const store: BrokerConfigInput = { memory: false, anonymous: false };
  const bootstrap = { users: [{ username: "ann", password: { file: "pw" } }] };
  const first = await servers.start({ ...store, bootstrap });
  await servers.online({ credentials: { username: "ann", password: "first password" } });
  await first.users.remove("default", "ann");
  await first.users.add("default", "bob", "secret of bob");
  await servers.close(first);
  // The first password is taken away when it has done its work.
  await rm(join(servers.folder, "pw"));
  const second = await servers.start({ ...store, bootstrap });
  expect(second.users.list("default").map(({ username }) => username)).toEqual(["bob"]);
});

test("users whom nothing gives a right are warned of at the start, until there is a rule", async () => {
  await writeFile(join(servers.folder, "pw"), "secret of ann\n");
  const bootstrap = { users: [{ username: "ann", password: { file: "pw" } }] };
  const warned = async (more: BrokerConfigInput): Promise<boolean> => {
    const lines: string[] = [];
    const logger = createLogger({ level: "warn", format: "json", destination: { write: (line) => void lines.push(line) } });
    const server = await servers.start({ anonymous: false, ...more, logger, rules: [] });
    await servers.close(server);
    return lines.join("").includes("users have no rights: no rule allows them anything");
  };
  expect(await warned({ bootstrap })).toBe(true);
  const rules = [{ permission: "allow" as const, action: "both" as const, topics: ["#"] }];
  expect(await warned({ bootstrap: { ...bootstrap, rules } })).toBe(false);
  expect(await warned({})).toBe(false);
  // The rule that comes with it is of strangers alone.
  expect(await warned({ bootstrap, anonymous: true })).toBe(true);
});

test.each([
  ["that it ends", {}, 0x8b],
  ["another server, where the configuration names one", { shutdown: { serverReference: "other.example.com:8883" } }, 0x9c],
])("when the broker ends clients are told %s", async (_what, config, reasonCode) => {
  const server = await servers.start(config);
  const client = await servers.online();
  const lost = lossOf(client);
  await servers.close(server);
  expect(await lost).toMatchObject({ reasonCode });
});

test("every metric that the documentation names is there", async () => {
  const server = await servers.start({ memory: false, listen: ["mqtts://localhost:0"], metrics: { open: true, sysInterval: 0 } });
  const { types } = parsePrometheus(await (await get(server, "/metrics")).text());
  const page = await readFile(join(import.meta.dirname, "../../../../docs/operations.md"), "utf8");
  const named = Array.from(page.matchAll(/`((?:bowline|process|nodejs)_\w+?)(?:\{[^`]*\})?`/g), ([, name]) => name);
  expect(named.length).toBeGreaterThan(8);
  for (const name of named) expect([...types.keys()]).toContain(name);
});

test("a reload changes limits for newcomers, and existing connections keep what they were told", async () => {
  const server = await servers.start();
  const before = await servers.online();
  await server.reload(await servers.config({ limits: { maximumQoS: 0 } }));
  const after = await servers.online();
  await expect(after.publish("a", "b", { qos: 1 })).rejects.toMatchObject({ code: expect.any(String) as string });
  await after.publish("a", "b", { qos: 0 });
  expect(before.status.state).toBe("online");
});
