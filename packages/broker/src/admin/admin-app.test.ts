import { Hono } from "hono";
import { expect, test } from "vitest";
import { PasswordHasher } from "../auth/password-hasher.ts";
import { TokenMethod } from "../auth/token-method.ts";
import { UserDirectory } from "../auth/user-directory.ts";
import { silentLogger } from "../log/logger.ts";
import { Secret } from "../log/secret.ts";
import { MemoryStorage } from "../storage/memory-storage.ts";
import { usersOf } from "../tenants/deployment.ts";
import { adminRoutes } from "./admin-app.ts";
import { AdminGate } from "./admin-gate.ts";
import { ApiKeys } from "./api-keys.ts";
import type { AuditLog } from "./audit-log.ts";
import type { BrokerStats, BrokerView } from "./broker-view.ts";
import { guardOrigin } from "./guard-origin.ts";
import { OperatorAccess } from "./operator-access.ts";
import { RateHistory } from "./rate-history.ts";
import { addSignInLinks, OPERATOR_BY_LINK, signInLink } from "./sign-in-links.ts";
import { SignIns } from "./sign-ins.ts";

const KEY = "k".repeat(43);
const ORIGIN = "https://localhost:18084";
const stats: BrokerStats = {
  connections: 1,
  sessions: 1,
  retainedMessages: 0,
  connectionsAccepted: 1,
  connectionsRefused: 0,
  messagesReceived: 0,
  messagesSent: 0,
  messagesDropped: 0,
  bytesReceived: 0,
  bytesSent: 0,
};

function setUp() {
  const clock = { wall: 1_000_000 };
  const view: BrokerView = {
    startedAt: 1,
    version: "0.1.0",
    listeners: () => ["mqtts://localhost:8883"],
    stats: () => stats,
    connections: () => [],
    health: () => ({ state: "ok" }),
  };
  const users = new UserDirectory(new MemoryStorage(), new PasswordHasher());
  const rates = new RateHistory(stats, 0);
  const tokens = new TokenMethod();
  const deployment = { users: usersOf(users, "default"), connections: () => [], issueToken: () => tokens.issue("default") };
  const context = { view, find: () => deployment as never, rates, logger: silentLogger };
  const audit = { record: () => {} } as unknown as AuditLog;
  const gate = new AdminGate(new ApiKeys(new MemoryStorage()), audit, new Hono());
  const access = new OperatorAccess(new Secret(KEY));
  const signIns = new SignIns(() => clock.wall);
  const link = (): string => signInLink(signIns, ORIGIN, OPERATOR_BY_LINK);
  const socket = adminRoutes(context);
  addSignInLinks(socket, link);
  return { clock, users, rates, link, socket, origin: guardOrigin({ access, signIns, gate }, adminRoutes(context)) };
}

const json = (value: unknown) => ({ method: "POST", body: JSON.stringify(value), headers: { "content-type": "application/json" } });

async function cookieOf(response: Response | Promise<Response>): Promise<string> {
  return (await response).headers.get("set-cookie")?.split(";")[0] ?? "";
}

test("the socket serves status, users and tokens without asking who asks", async () => {
  const { socket, users } = setUp();
  expect(await (await socket.request("/api/v1/status")).json()).toMatchObject({ version: "0.1.0", storage: { state: "ok" } });
  expect((await socket.request("/api/v1/users", json({ username: "ann", password: "pw" }))).status).toBe(201);
  expect(await (await socket.request("/api/v1/users")).json()).toMatchObject({ users: [{ username: "ann" }] });
  const change = { ...json({ password: "new" }), method: "PUT" };
  expect((await socket.request("/api/v1/users/ann/password", change)).status).toBe(204);
  expect((await socket.request("/api/v1/users/ann", { method: "DELETE" })).status).toBe(204);
  expect(users.size).toBe(0);
  expect(await (await socket.request("/api/v1/token", { method: "POST" })).json()).toMatchObject({ username: "$console" });
});

test("faults have a status, a code and a remedy", async () => {
  const { socket } = setUp();
  await socket.request("/api/v1/users", json({ username: "ann", password: "pw" }));
  const answers = await Promise.all([
    socket.request("/api/v1/users", json({ username: "ann", password: "pw" })),
    socket.request("/api/v1/users/bob", { method: "DELETE" }),
    socket.request("/api/v1/users", json({ username: "ann" })),
    socket.request("/api/v1/users", { ...json({}), headers: { "content-type": "text/plain" } }),
    socket.request("/api/v1/users", json({ username: "x", password: "y".repeat(70_000) })),
    socket.request("/api/v1/nothing"),
  ]);
  expect(answers.map((answer) => answer.status)).toEqual([409, 404, 400, 400, 400, 404]);
  expect(await answers[0].json()).toMatchObject({ error: { code: "USER_EXISTS", remedy: expect.any(String) as string } });
});

test("the console's origin answers nobody who is not signed in", async () => {
  const { origin } = setUp();
  for (const path of ["status", "connections", "metrics", "metrics/stream", "users"]) {
    const response = await origin.request(`/api/v1/${path}`);
    expect(response.status).toBe(401);
    expect(response.headers.get("cache-control")).toBe("no-store");
  }
  expect((await origin.request("/api/v1/token", { method: "POST" })).status).toBe(401);
  // Whether it is signed in is what a page may ask without being so.
  expect(await (await origin.request("/api/v1/session")).json()).toEqual({ role: null });
  expect(
    (await origin.request("/api/v1/sign-in-links", { method: "POST", headers: { authorization: `Bearer ${KEY}` } })).status,
  ).toBe(404);
});

test("the operator key opens it to programs", async () => {
  const { origin } = setUp();
  expect((await origin.request("/api/v1/status", { headers: { authorization: `Bearer ${KEY}` } })).status).toBe(200);
  expect((await origin.request("/api/v1/status", { headers: { authorization: "Bearer wrong" } })).status).toBe(401);
});

test("a link signs in one browser, once, within 15 minutes", async () => {
  const { origin, link: makeLink, clock } = setUp();
  const link = makeLink();
  const first = await origin.request(link);
  expect(first.status).toBe(303);
  expect(first.headers.get("location")).toBe("/");
  expect(first.headers.get("set-cookie")).toMatch(/^__Host-bowline=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Strict$/);
  expect((await origin.request(link)).status).toBe(403);
  const cookie = await cookieOf(first);
  const again = await origin.request(link, { headers: { cookie } });
  expect([again.status, again.headers.get("location"), again.headers.get("set-cookie")]).toEqual([303, "/", null]);
  const late = makeLink();
  clock.wall += 15 * 60_000;
  expect((await origin.request(late)).status).toBe(403);
});

test("the socket makes links, and a session ends after twelve hours or when it signs out", async () => {
  const { socket, origin, clock } = setUp();
  const { url } = (await (await socket.request("/api/v1/sign-in-links", { method: "POST" })).json()) as { url: string };
  const cookie = await cookieOf(origin.request(url));
  const own = { cookie, "x-bowline-csrf": "1", "content-type": "application/json" };
  expect((await origin.request("/api/v1/status", { headers: own })).status).toBe(200);
  clock.wall += 12 * 60 * 60_000;
  expect((await origin.request("/api/v1/status", { headers: own })).status).toBe(401);
  const again = await cookieOf(origin.request("/api/v1/session", { ...json({ key: KEY }), headers: own }));
  const roleOf = async (): Promise<unknown> => (await origin.request("/api/v1/session", { headers: { cookie: again } })).json();
  const session = await roleOf();
  expect(session).toEqual({ role: "operator", access: "full", csrf: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
  const signOut = async (csrf: string): Promise<number> =>
    (await origin.request("/api/v1/session", { method: "DELETE", headers: { cookie: again, "x-bowline-csrf": csrf } })).status;
  expect([await signOut("1"), await signOut((session as { csrf: string }).csrf)]).toEqual([403, 204]);
  expect(await roleOf()).toEqual({ role: null });
});

test("a page of another origin cannot act for a browser that is signed in", async () => {
  const { origin, link } = setUp();
  const cookie = await cookieOf(origin.request(link()));
  const { csrf } = (await (await origin.request("/api/v1/session", { headers: { cookie } })).json()) as { csrf: string };
  const attempt = (headers: Record<string, string>) =>
    origin.request(`${ORIGIN}/api/v1/token`, { method: "POST", headers: { cookie, host: "localhost:18084", ...headers } });
  expect((await attempt({})).status).toBe(403);
  expect((await attempt({ "x-bowline-csrf": "1", origin: ORIGIN })).status).toBe(403);
  expect((await attempt({ "x-bowline-csrf": csrf, origin: "https://evil.example" })).status).toBe(403);
  expect((await attempt({ "x-bowline-csrf": csrf, origin: "http://localhost:18084" })).status).toBe(403);
  expect((await attempt({ "x-bowline-csrf": csrf, origin: ORIGIN })).status).toBe(201);
  expect((await origin.request("/api/v1/session", json({ key: KEY }))).status).toBe(403);
});

test("a wrong key signs nobody in", async () => {
  const { origin } = setUp();
  const headers = { "x-bowline-csrf": "1", "content-type": "application/json" };
  for (const body of ["{}", "null", "nonsense", "x".repeat(1_000_000), '{"key":""}', '{"key":"wrong"}', '{"key":5}']) {
    expect((await origin.request("/api/v1/session", { method: "POST", headers, body })).status).toBe(401);
  }
});

test("rates are growth per second, five minutes of them, and streamed as they come", async () => {
  const { socket, rates } = setUp();
  rates.sample({ ...stats, messagesReceived: 500 }, 2_000, 10);
  const response = await socket.request("/api/v1/metrics/stream");
  const reader = response.body!.getReader();
  const first = new TextDecoder().decode((await reader.read()).value);
  expect(first).toContain("event: rates");
  expect(JSON.parse(first.slice(first.indexOf("{")))).toMatchObject({ at: 10, rates: { messagesReceived: 250, bytesSent: 0 } });
  const next = reader.read();
  rates.sample({ ...stats, messagesReceived: 600 }, 3_000, 11);
  expect(new TextDecoder().decode((await next).value)).toContain('"messagesReceived":100');
  await reader.cancel();
  for (let i = 4; i < 400; i++) rates.sample(stats, i * 1_000, i);
  expect(rates.samples).toHaveLength(300);
});
