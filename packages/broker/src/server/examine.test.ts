import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadConfig } from "../config/load-config.ts";
import { silentLogger } from "../log/logger.ts";
import { type Server, startServer } from "./start-server.ts";

/* An operator has a connection examined from the broker's machine: who may ask, and for what. The broker must be no door to its network. */

let folder = "";
let server: Server;
let asked: { url: string; options: Record<string, unknown> }[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "bowline-examine-"));
  asked = [];
  const overrides = {
    data: "data",
    console: false as const,
    listen: ["mqtt://127.0.0.1:0", "wss://localhost:0/mqtt"],
    hosts: ["broker.example"],
    admin: { listen: "http://127.0.0.1:0", doctorTargets: ["named.example:443", "127.0.0.9:9", "*.0.0.1"] },
    metrics: { sysInterval: 0 },
  };
  server = await startServer({
    config: await loadConfig({ directory: folder, overrides }),
    logger: silentLogger,
    version: "1",
    examine: (url, options) => {
      asked.push({ url, options: { ...options } });
      return Promise.resolve({ v: 1, type: "doctor" });
    },
  });
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const keyOf = async (running: Server): Promise<string> => (await readFile(running.folder.operatorKey, "utf8")).trim();
const portOf = (index: number): string => new URL(server.listeners[index]!.replace(/^\w+/, "http")).port;

async function examine(body: unknown, authorization?: string): Promise<{ status: number; text: string }> {
  const headers = { "content-type": "application/json", authorization: authorization ?? `Bearer ${await keyOf(server)}` };
  const response = await fetch(`${server.adminOrigin}/api/v1/doctor`, { method: "POST", headers, body: JSON.stringify(body) });
  return { status: response.status, text: await response.text() };
}

test("its own listeners, under each of its names, with its own authority and no proxy", async () => {
  const urls = [
    `wss://localhost:${portOf(1)}/mqtt`,
    `wss://broker.example:${portOf(1)}/mqtt?token=hidden`,
    `mqtt://127.0.0.1:${portOf(0)}`,
  ];
  for (const url of urls)
    expect((await examine({ url, origin: "https://page.example", password: "hunter2" })).status, url).toBe(200);
  expect(asked.map(({ url }) => url)).toEqual(urls);
  expect(asked[0]!.options).toMatchObject({ origin: "https://page.example", password: "hunter2", environment: {} });
  expect(asked[0]!.options["ca"]).toBe(server.localCa?.certificate);
  expect(asked[0]!.options["resolver"]).toBeUndefined();
});

test("what the configuration names, without its authority", async () => {
  expect((await examine({ url: "wss://named.example/mqtt" })).status).toBe(200);
  expect((await examine({ url: "mqtt://127.0.0.9:9" })).status).toBe(200);
  expect(asked[0]!.options["ca"]).toBeUndefined();
});

test("nothing else: no other port of its own, no neighbour, no metadata service, and a pattern leads to no private address", async () => {
  const urls = [
    "mqtt://127.0.0.1:22",
    `mqtt://other.example:${portOf(0)}`,
    "mqtt://169.254.169.254:80",
    "mqtt://[::ffff:127.0.0.1]:6379",
    "wss://named.example:8443/mqtt",
    "wss://named.example.evil.example/mqtt",
    "mqtt://127.0.0.1:6379",
  ];
  for (const url of urls)
    expect(await examine({ url }), url).toMatchObject({ status: 403, text: expect.stringContaining("ADMIN_REFUSED") as string });
  expect(asked).toEqual([]);
});

test("no unix socket, no credentials in the URL, and no option that reaches further", async () => {
  const own = `mqtt://127.0.0.1:${portOf(0)}`;
  const bodies = [
    { url: "unix:/run/docker.sock" },
    { url: `mqtt://ann:secret@127.0.0.1:${portOf(0)}` },
    { url: own, connectTo: { host: "127.0.0.1", port: 22 } },
    { url: own, scan: true },
    { url: own, insecure: true },
    { url: "nonsense" },
    {},
  ];
  for (const body of bodies) expect((await examine(body)).status, JSON.stringify(body)).toBe(400);
  expect(asked).toEqual([]);
});

test("only operators who may change something, and a few times a minute", async () => {
  const own = { url: `mqtt://127.0.0.1:${portOf(0)}` };
  expect((await examine(own, "Bearer wrong")).status).toBe(401);
  await server.tenants.create({ name: "acme" });
  for (const input of [
    { access: "read" as const, name: "reader" },
    { access: "full" as const, name: "administrator", tenant: "acme" },
  ]) {
    const { key, secret } = await server.keys.create(input);
    const { status } = await examine(own, `Basic ${Buffer.from(`${key.id}:${secret.reveal()}`).toString("base64")}`);
    expect([403, 404]).toContain(status);
  }
  expect(asked).toEqual([]);
  const statuses: number[] = [];
  for (let i = 0; i < 7; i++) statuses.push((await examine(own)).status);
  expect(statuses.slice(0, 5)).toEqual([200, 200, 200, 200, 200]);
  expect(statuses.at(-1)).toBe(429);
});

test("each is in the audit log with where it led, and without its secrets", async () => {
  await examine({ url: `wss://localhost:${portOf(1)}/mqtt?token=hidden`, username: "ann", password: "hunter2" });
  await server.close();
  const log = await readFile(server.folder.auditLog, "utf8");
  expect(log).toContain(`"method":"DIAL","path":"wss://localhost:${portOf(1)}"`);
  expect(log).not.toMatch(/hidden|hunter2|ann/);
});
