import { request as httpRequest } from "node:http";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, connect } from "@bowline/client";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadConfig } from "../config/load-config.ts";
import { silentLogger } from "../log/logger.ts";
import { type Server, startServer } from "./start-server.ts";

/* The admin API over the network, by keys: who may ask what. The rows of OWASP's list of API risks (2023) are named API1 to API10. */

let folder = "";
let server: Server;
const clients = new Set<Client>();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "bowline-api-"));
  await start();
  for (const name of ["acme", "beta"]) {
    await server.tenants.create({ name });
    await server.users.add(name, "ann", "secret");
    await server.rules.add(name, { permission: "allow", action: "both", topics: ["#"] });
  }
});
afterEach(async () => {
  for (const each of clients) void each.abort();
  clients.clear();
  await server.close();
  await rm(folder, { recursive: true });
});

async function start(): Promise<void> {
  const overrides = {
    data: "data",
    console: false as const,
    listen: ["mqtt://127.0.0.1:0?tenant=acme", "mqtt://127.0.0.1:0?tenant=beta"],
    admin: { listen: "http://127.0.0.1:0" },
    metrics: { sysInterval: 0 },
  };
  server = await startServer({ config: await loadConfig({ directory: folder, overrides }), logger: silentLogger, version: "1" });
}

interface Answer {
  status: number;
  body: Record<string, unknown>;
}

/** At the socket, where the operator is. */
function socket(method: string, path: string, value?: unknown): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json" };
    const sent = httpRequest({ socketPath: server.folder.adminSocket, method, path, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: (text === "" ? {} : JSON.parse(text)) as never }));
    });
    sent.on("error", reject).end(value === undefined ? undefined : JSON.stringify(value));
  });
}

interface Key {
  id: string;
  secret: string;
}

async function makeKey(input: object): Promise<Key> {
  return (await socket("POST", "/api/v1/keys", input)).body as never;
}

/** With a key as scripts for EMQX do: Basic, AppID and AppSecret. */
async function ask({ id, secret }: Key, method: string, path: string, value?: unknown): Promise<Answer> {
  const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`;
  const response = await fetch(`${server.adminOrigin}${path}`, {
    method,
    headers: { authorization, "content-type": "application/json" },
    ...(value === undefined ? {} : { body: JSON.stringify(value) }),
  });
  const text = await response.text();
  return { status: response.status, body: (text === "" ? {} : JSON.parse(text)) as never };
}

async function client(tenant: "acme" | "beta", clientId: string, options: Parameters<typeof connect>[1] = {}): Promise<Client> {
  const url = server.listeners.find((each) => each.endsWith(tenant))!.replace(/\?.*/, "");
  const credentials = { username: "ann", password: "secret" };
  const made = connect(url, { reconnect: false, credentials, session: { clientId }, ...options });
  clients.add(made);
  await made.online();
  return made;
}

describe("keys", () => {
  test("[API2] the secret of a key is shown once, kept as a hash, and works until it is replaced, removed or over", async () => {
    const key = await makeKey({ tenant: "acme", name: "provisioning" });
    expect(key.secret).toMatch(/^[\w-]{43}$/);
    expect(JSON.stringify((await socket("GET", "/api/v1/keys")).body)).not.toContain(key.secret);
    expect((await ask(key, "GET", "/api/v1/users")).status).toBe(200);
    await server.close();
    await start();
    expect((await ask(key, "GET", "/api/v1/users")).status).toBe(200);
    const rows: string[] = [];
    await server.broker.storage.load({
      rule: ({ rule }) => void rows.push(rule),
      user: () => {},
      session: () => {},
      retained: () => {},
      message: () => {},
    });
    expect(rows.join()).toContain("provisioning");
    expect(rows.join()).not.toContain(key.secret);

    const next = (await socket("POST", `/api/v1/keys/${key.id}/rotate`, { overlapSeconds: 60 })).body as never as Key;
    expect(next.id).toBe(key.id);
    expect((await ask(key, "GET", "/api/v1/users")).status).toBe(200);
    expect((await ask(next, "GET", "/api/v1/users")).status).toBe(200);
    const last = (await socket("POST", `/api/v1/keys/${key.id}/rotate`, {})).body as never as Key;
    expect((await ask(key, "GET", "/api/v1/users")).status).toBe(401);
    expect((await ask(next, "GET", "/api/v1/users")).status).toBe(401);
    expect((await ask(last, "GET", "/api/v1/users")).status).toBe(200);
    await socket("DELETE", `/api/v1/keys/${key.id}`);
    expect((await ask(last, "GET", "/api/v1/users")).status).toBe(401);
    expect((await ask(await makeKey({ tenant: "acme", expiresAt: 1 }), "GET", "/api/v1/users")).status).toBe(401);
  });

  test("[API1] a tenant's key reaches that tenant alone, and of others not even whether they are there", async () => {
    const key = await makeKey({ tenant: "acme" });
    expect(await ask(key, "GET", "/api/v1/users")).toMatchObject({
      status: 200,
      body: { users: [{ tenant: "acme", username: "ann" }] },
    });
    expect((await ask(key, "GET", "/api/v1/tenants/acme/users")).status).toBe(200);
    for (const other of ["beta", "default", "none"]) {
      for (const path of ["users", "rules", "bans", "connections", "limits", "trace", "audit"]) {
        expect(await ask(key, "GET", `/api/v1/tenants/${other}/${path}`)).toMatchObject({
          status: 404,
          body: { error: { code: "TENANT_UNKNOWN" } },
        });
      }
      expect((await ask(key, "DELETE", `/api/v1/tenants/${other}/users/ann`)).status).toBe(404);
    }
    expect(server.users.list("beta")).toHaveLength(1);
  });

  test("[API5] what is the operator's is not there for a tenant's key, and a key that may read changes nothing", async () => {
    const key = await makeKey({ tenant: "acme" });
    const operators = ["status", "metrics", "metrics/stream", "tenants", "keys", "config", "audit?all"];
    for (const path of operators.slice(0, -1)) expect((await ask(key, "GET", `/api/v1/${path}`)).status, path).toBe(404);
    for (const path of ["tenants", "keys", "drain", "config/reload", "tenants/acme/pause", "sign-in-links"])
      expect((await ask(key, "POST", `/api/v1/${path}`, {})).status, path).toBe(404);
    expect((await ask(key, "DELETE", "/api/v1/tenants/acme")).status).toBe(404);
    const reader = await makeKey({ tenant: "acme", access: "read" });
    expect((await ask(reader, "GET", "/api/v1/rules")).status).toBe(200);
    expect((await ask(reader, "POST", "/api/v1/users", { username: "bob", password: "x" })).status).toBe(403);
    expect((await ask(reader, "POST", "/api/v1/token")).status).toBe(403);
    expect((await ask(reader, "POST", "/api/v5/publish", { topic: "a" })).status).toBe(403);
  });

  test("an operator's key looks across all and makes keys; nobody makes one for a tenant that is not there", async () => {
    const operator = await makeKey({ name: "automation" });
    expect((await ask(operator, "GET", "/api/v1/tenants")).body["tenants"]).toHaveLength(2);
    expect((await ask(operator, "GET", "/api/v1/tenants/beta/users")).status).toBe(200);
    expect((await ask(operator, "POST", "/api/v1/keys", { tenant: "acme" })).status).toBe(201);
    expect(await ask(operator, "POST", "/api/v1/keys", { tenant: "none" })).toMatchObject({ status: 404 });
    expect((await ask(operator, "DELETE", "/api/v1/tenants/acme")).status).toBe(204);
    expect((await ask(operator, "GET", "/api/v1/keys")).body["keys"]).toHaveLength(1);
  });

  test("[API4] wrong keys are slowed down by address, and every caller has a rate", async () => {
    const codes: number[] = [];
    for (let i = 0; i < 25; i++) codes.push((await ask({ id: "a", secret: "b" }, "GET", "/api/v1/users")).status);
    expect(codes.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => 401));
    expect(codes.at(-1)).toBe(429);
    const key = await makeKey({ tenant: "acme" });
    const seen: number[] = [];
    // On a slow machine 300 may take so long that the rate lets all of them pass.
    while (!seen.includes(429) && seen.length < 3_000) {
      const wave = await Promise.all(Array.from({ length: 300 }, () => ask(key, "GET", "/api/v1/limits")));
      seen.push(...wave.map(({ status }) => status));
    }
    expect(seen.filter((status) => status === 200).length).toBeGreaterThanOrEqual(200);
    expect(seen).toContain(429);
  });

  test("[API3] fields that nobody may set are refused, and lists come in pages", async () => {
    const key = await makeKey({ tenant: "acme" });
    for (let i = 0; i < 5; i++) await server.rules.add("acme", { permission: "deny", action: "both", topics: [`t/${i}`] });
    expect((await ask(key, "POST", "/api/v1/users", { username: "x", password: "y", tenant: "beta" })).status).toBe(400);
    expect((await ask(key, "POST", "/api/v1/users", { username: "x", passwordHash: "y" })).status).toBe(400);
    expect((await ask(key, "GET", "/api/v1/rules?page=2&limit=4")).body).toMatchObject({
      rules: [{}, {}],
      meta: { page: 2, limit: 4, count: 6, hasNext: false },
    });
    expect((await ask(key, "GET", "/api/v1/rules?limit=0")).status).toBe(400);
    expect(JSON.stringify((await ask(key, "GET", "/api/v1/users")).body)).not.toContain("argon2");
  });

  test("every change is in the audit log with who, what and the answer, without secrets; a tenant sees its own", async () => {
    const key = await makeKey({ tenant: "acme" });
    await ask(key, "POST", "/api/v1/users", { username: "bob", password: "s3cr3t-of-bob" });
    await ask(key, "DELETE", "/api/v1/tenants/beta/users/ann");
    await ask({ id: "x", secret: "wrong-secret" }, "GET", "/api/v1/users");
    await socket("POST", "/api/v1/tenants/beta/pause");
    const own = (await ask(key, "GET", "/api/v1/audit")).body["entries"] as { path: string }[];
    expect(own).toMatchObject([
      { by: key.id, role: "tenant", tenant: "acme", path: "/api/v1/tenants/beta/users/ann", status: 404 },
      { by: key.id, method: "POST", path: "/api/v1/users", status: 201, from: "127.0.0.1" },
    ]);
    const all = (await socket("GET", "/api/v1/audit")).body["entries"];
    expect(all).toMatchObject([
      { by: "socket", tenant: "beta", path: "/api/v1/tenants/beta/pause" },
      { by: "nobody", status: 401 },
      {},
      {},
      {},
    ]);
    await server.close();
    const text = await readFile(server.folder.auditLog, "utf8");
    expect(text.trimEnd().split("\n")).toHaveLength(5);
    expect(text).not.toMatch(/s3cr3t|wrong-secret/);
    expect(text).not.toContain(key.secret);
    expect((await stat(server.folder.auditLog)).mode & 0o777).toBe(0o600);
    await start();
    expect((await socket("GET", "/api/v1/audit")).body["entries"]).toHaveLength(5);
  });
});

describe("the rest of OWASP's list", () => {
  test("[API6] nobody fills the broker by the API: keys, tenants, users and rules have bounds, and plans theirs", async () => {
    await server.tenants.putPlan("small", { limits: {}, maximumUsers: 2, maximumRules: 1 });
    await server.tenants.setPlan("acme", "small");
    const key = await makeKey({ tenant: "acme" });
    expect((await ask(key, "POST", "/api/v1/users", { username: "bob", password: "x" })).status).toBe(201);
    expect(await ask(key, "POST", "/api/v1/users", { username: "cid", password: "x" })).toMatchObject({
      status: 403,
      body: { error: { message: expect.stringContaining("maximumUsers") as string } },
    });
    expect((await ask(key, "POST", "/api/v1/rules", { permission: "allow", action: "both", topics: ["a"] })).status).toBe(403);
    const many = Array.from({ length: 1_001 }, () => ({ topic: "a" }));
    expect((await ask(key, "POST", "/api/v5/publish/bulk", many)).status).toBe(400);
    expect((await ask(key, "POST", "/api/v1/users", { username: "x", password: "y".repeat(70_000) })).status).toBe(400);
  });

  test("[API7] no request makes the broker fetch anything: where it takes a place, that is a file, and the operator's to name", async () => {
    const url = "https://169.254.169.254/latest";
    const operator = await makeKey({});
    const tls = { certificate: url, key: url };
    expect((await ask(operator, "POST", "/api/v1/tenants", { name: "new", tls })).status).toBe(400);
    expect((await ask(operator, "POST", "/api/v1/tenants", { name: "new", callback: url })).status).toBe(400);
    const key = await makeKey({ tenant: "acme" });
    expect((await ask(key, "POST", "/api/v5/publish", { topic: "a", payload: url })).status).toBe(202);
  });

  test("[API8] answers are for nobody's cache and no other origin, and faults show no inside", async () => {
    const key = await makeKey({ tenant: "acme" });
    const authorization = `Basic ${Buffer.from(`${key.id}:${key.secret}`).toString("base64")}`;
    const headers = { authorization, origin: "https://evil.example" };
    const response = await fetch(`${server.adminOrigin}/api/v1/users`, { headers });
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect([...response.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
    const preflight = await fetch(`${server.adminOrigin}/api/v1/users`, { method: "OPTIONS", headers });
    expect(preflight.status).toBeGreaterThanOrEqual(400);
    const bad = await ask(key, "GET", "/api/v1/connections/%00");
    expect(bad.status).toBeGreaterThanOrEqual(400);
    expect(JSON.stringify(bad.body)).not.toMatch(/node:|at .*\.ts/);
  });

  test("[API9] what there is is described, and a tenant's key is shown its own part", async () => {
    const pathsOf = async (key: Key): Promise<string[]> =>
      Object.keys((await ask(key, "GET", "/api/v1/openapi.json")).body["paths"] as object);
    const own = await pathsOf(await makeKey({ tenant: "acme" }));
    const all = await pathsOf(await makeKey({}));
    expect(own).toContain("/api/v1/users");
    expect(own).not.toContain("/api/v1/keys");
    expect(all).toContain("/api/v1/keys");
    expect((await ask(await makeKey({}), "GET", "/api/v2/users")).status).toBe(404);
  });

  test("[API10] what other brokers' files and hashes say is checked as any stranger's word", async () => {
    const key = await makeKey({ tenant: "acme" });
    const costly = `$argon2id$v=19$m=9999999,t=99,p=1$${"a".repeat(22)}$${"a".repeat(43)}`;
    for (const passwordHash of [costly, "plain", `$2b$31$${"a".repeat(53)}`])
      expect((await ask(key, "POST", "/api/v1/users/import", { users: [{ username: "x", passwordHash }] })).status).toBe(400);
  });
});

describe("EMQX's API", () => {
  test("clients are listed, filtered, shown and kicked with their session, in EMQX's shapes", async () => {
    const key = await makeKey({ tenant: "acme" });
    const one = await client("acme", "one", { session: { clientId: "one", expiryInterval: 600 } });
    await one.subscribe("a/#", { qos: 1 }).ready;
    await client("acme", "two", { protocolVersion: 4 });
    await client("beta", "one");
    expect((await ask(key, "GET", "/api/v5/clients?page=1&limit=1")).body).toMatchObject({
      data: [{ clientid: "one" }],
      meta: { page: 1, limit: 1, count: 2, hasnext: true },
    });
    expect((await ask(key, "GET", "/api/v5/clients?proto_ver=4")).body).toMatchObject({ data: [{ clientid: "two" }] });
    expect((await ask(key, "GET", "/api/v5/clients?like_clientid=w&conn_state=connected")).body).toMatchObject({
      meta: { count: 1 },
    });
    expect((await ask(key, "GET", "/api/v5/clients/one")).body).toMatchObject({
      clientid: "one",
      username: "ann",
      connected: true,
      proto_name: "MQTT",
      proto_ver: 5,
      ip_address: "127.0.0.1",
      expiry_interval: 600,
      is_persistent: true,
      subscriptions_cnt: 1,
    });
    expect((await ask(key, "GET", "/api/v5/subscriptions?match_topic=a/b")).body).toMatchObject({
      data: [{ clientid: "one", topic: "a/#", qos: 1, nl: 0, rap: 0, rh: 0 }],
      meta: { count: 1 },
    });
    const lost = new Promise((resolve) => one.on("connectionLost", resolve));
    expect((await ask(key, "DELETE", "/api/v5/clients/one")).status).toBe(204);
    expect(await lost).toMatchObject({ reasonCode: 0x98 });
    expect(await ask(key, "GET", "/api/v5/clients/one")).toEqual({
      status: 404,
      body: { code: "CLIENT_UNKNOWN", message: expect.stringContaining("one") as string },
    });
    expect((await ask(key, "DELETE", "/api/v5/clients/none")).status).toBe(404);
  });

  test("what a client loses while it is away is counted for it, in the list of those who are away too", async () => {
    const key = await makeKey({ tenant: "acme" });
    await server.tenants.putPlan("short", { limits: { maximumQueuedMessages: 2 } });
    await server.tenants.setPlan("acme", "short");
    const away = await client("acme", "away", { session: { clientId: "away", expiryInterval: 600 } });
    await away.subscribe("a", { qos: 1 }).ready;
    await away.close();
    const sender = await client("acme", "sender");
    for (let i = 0; i < 5; i++) await sender.publish("a", "x", { qos: 1 });
    const lost = { connected: false, mqueue_len: 2, mqueue_dropped: 3 };
    expect((await ask(key, "GET", "/api/v5/clients/away")).body).toMatchObject(lost);
    const row = { clientIdentifier: "away", owner: "ann", queued: 2, dropped: 3 };
    expect((await ask(key, "GET", "/api/v1/sessions")).body).toMatchObject({ sessions: [row] });
  });

  test("a client is subscribed and unsubscribed from outside, within its rights, and messages are published to it", async () => {
    const key = await makeKey({ tenant: "acme" });
    await server.rules.add("acme", { permission: "deny", action: "subscribe", topics: ["secret/#"] }, 0);
    const one = await client("acme", "one");
    const other = await client("beta", "one");
    for (const each of [one, other]) await each.subscribe("own").ready;
    const messages = one.subscribe("x/#");
    await messages.ready;
    expect(await ask(key, "POST", "/api/v5/clients/one/subscribe", { topic: "more/+", qos: 1, nl: 1 })).toMatchObject({
      status: 200,
      body: { clientid: "one", topic: "more/+", qos: 1 },
    });
    expect((await ask(key, "POST", "/api/v5/clients/one/subscribe", { topic: "secret/a" })).status).toBe(400);
    expect((await ask(key, "POST", "/api/v5/clients/one/subscribe/bulk", [{ topic: "b/1" }, { topic: "b/2" }])).body).toHaveLength(
      2,
    );
    expect((await ask(key, "GET", "/api/v5/clients/one/subscriptions")).body).toHaveLength(5);
    expect((await ask(key, "POST", "/api/v5/clients/one/unsubscribe", { topic: "more/+" })).status).toBe(204);
    expect((await ask(key, "POST", "/api/v5/clients/one/unsubscribe/bulk", [{ topic: "b/1" }, { topic: "b/2" }])).status).toBe(204);
    expect((await ask(key, "GET", "/api/v5/clients/one/subscriptions")).body).toHaveLength(2);

    expect(
      await ask(key, "POST", "/api/v5/publish", { topic: "x/y", payload: "aGk=", payload_encoding: "base64", qos: 1 }),
    ).toMatchObject({
      status: 200,
      body: { id: expect.stringMatching(/^[0-9A-F]{32}$/) as string },
    });
    for await (const message of messages) {
      expect(message.text()).toBe("hi");
      break;
    }
    expect(await ask(key, "POST", "/api/v5/publish", { topic: "nobody", payload: "x" })).toEqual({
      status: 202,
      body: { reason_code: 16, message: "no_matching_subscribers" },
    });
    expect((await ask(key, "POST", "/api/v5/publish/bulk", [{ topic: "own" }, { topic: "x/z", payload: "2" }])).body).toHaveLength(
      2,
    );
    for (const topic of ["a/+", "$SYS/x", "", "t/".repeat(300)])
      expect((await ask(key, "POST", "/api/v5/publish", { topic, payload: "x" })).status, topic).toBe(400);
    expect((await ask(key, "POST", "/api/v5/publish", { topic: "a", qos: 3 })).body).toMatchObject({ code: "OPTION_INVALID" });
  });
});
