import { readFile } from "node:fs/promises";
import { request, type RequestOptions } from "node:https";
import { join } from "node:path";
import { PacketType } from "@bowline/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AttackedBroker } from "./attacked-broker.ts";
import { Link } from "./link.ts";
import { requestText } from "./web-socket-frames.ts";

/* What a stranger, an MQTT user and a page of another origin reach of the console's origin: nothing. Against the real process. */

const MB = 1_048_576;

let broker: AttackedBroker;
let origin: URL;
let key = "";
let cookie = "";
let csrf = "";
beforeAll(async () => {
  broker = await AttackedBroker.start({ metrics: { sysInterval: 0 }, log: { level: "warn" } }, "--console", "https://localhost:0");
  origin = new URL(broker.process.urls.find((url) => url.startsWith("https:"))!);
  key = (await readFile(join(broker.process.dataFolder, "operator.key"), "utf8")).trim();
  const signedIn = await ask("POST", "/api/v1/session", { ...OWN, ...JSON_TYPE }, JSON.stringify({ key }));
  expect(signedIn.status).toBe(204);
  cookie = String(signedIn.headers["set-cookie"]).split(";")[0]!;
  csrf = (JSON.parse((await ask("GET", "/api/v1/session", { cookie })).body) as { csrf: string }).csrf;
});
afterAll(async () => {
  expect(broker.faults).toEqual([]);
  await broker.remove();
});

const OWN = { "x-bowline-csrf": "1" };
const JSON_TYPE = { "content-type": "application/json" };

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** The whole answer. A body that is refused before all of it was sent is no failure. */
function ask(
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body: string | Buffer = "",
  more: RequestOptions = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host: "localhost",
        port: origin.port,
        path,
        method,
        headers: { ...headers, "content-length": Buffer.byteLength(body) },
        agent: false,
        rejectUnauthorized: false,
        ...more,
      },
      (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (part: string) => (text += part));
        answer.on("close", () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text }));
      },
    );
    asked.on("error", reject).end(body);
  });
}

async function raw(text: string): Promise<string> {
  const link = await Link.openRaw(Number(origin.port), { tls: true, host: "localhost" });
  link.send(text);
  link.end();
  await link.ended;
  return link.text;
}

const paths = [
  "status",
  "connections",
  "metrics",
  "metrics/stream",
  "users",
  "users/dev/password",
  "rules",
  "rules/test",
  "bans",
  "kick",
  "config",
  "config/reload",
  "drain",
  "token",
  "sign-in-links",
  "trace",
  "keys",
  "tenants",
  "audit",
  "nothing/like/it",
];

describe("who is not signed in", () => {
  test("is answered 401 at every path and by every verb, before a body is read", async () => {
    const answers = await Promise.all(
      paths.flatMap((path) =>
        ["GET", "POST", "PUT", "PATCH", "DELETE"].map(async (verb) => ({
          path,
          verb,
          ...(await ask(verb, `/api/v1/${path}`, { ...OWN, ...JSON_TYPE }, "{}")),
        })),
      ),
    );
    for (const { path, verb, status, body } of answers) {
      expect(status, `${verb} ${path}`).toBe(401);
      expect(body).not.toMatch(/dev|processId|listeners/);
    }
  });

  test.each([
    ["no key", {}],
    ["an empty one", { authorization: "Bearer " }],
    ["another scheme", { authorization: `Basic ${Buffer.from("operator:operator").toString("base64")}` }],
    ["a cookie of his own", { cookie: `__Host-bowline=${"a".repeat(43)}` }],
    ["an empty cookie", { cookie: "__Host-bowline=" }],
    ["a cookie of 8 KiB", { cookie: `__Host-bowline=${"a".repeat(8_000)}` }],
    ["the name of an inherited property", { cookie: "__Host-bowline=__proto__; constructor=1" }],
  ])("with %s is nobody", async (_what, headers) => {
    expect((await ask("GET", "/api/v1/status", headers as Record<string, string>)).status).toBe(401);
  });

  test("an MQTT user's password is none of the operator's", async () => {
    const { username, password } = await broker.process.user();
    const basic = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
    for (const authorization of [`Bearer ${password}`, basic])
      expect((await ask("GET", "/api/v1/users", { authorization })).status).toBe(401);
    expect((await ask("POST", "/api/v1/session", { ...OWN, ...JSON_TYPE }, JSON.stringify({ key: password }))).status).toBe(401);
    expect((await ask("GET", `/api/v1/sign-in?token=${password}`)).status).toBe(403);
  });

  test("the operator's key is no MQTT user's password", async () => {
    const link = await Link.open(broker.url("tcp"), 5);
    const who = { username: "operator", password: Buffer.from(key) };
    link.sendPacket({
      type: PacketType.CONNECT,
      protocolVersion: 5,
      cleanStart: true,
      keepAlive: 0,
      clientIdentifier: "x",
      ...who,
    });
    expect((await link.packet(PacketType.CONNACK))?.reasonCode).not.toBe(0);
  });

  test("cannot make it read much: the body of a sign-in has an end", async () => {
    const answer = await ask("POST", "/api/v1/session", { ...OWN, ...JSON_TYPE }, Buffer.alloc(10 * MB, "x")).catch(
      () => undefined,
    );
    // The answer comes before the end of the body, so that the connection may be cut under the rest of it.
    if (answer !== undefined) expect(answer.status).toBe(401);
    const head = requestText(
      "POST /api/v1/session HTTP/1.1",
      "Host: localhost",
      "X-Bowline-CSRF: 1",
      "Content-Type: application/json",
      "Transfer-Encoding: chunked",
    );
    const endless = await Link.openRaw(Number(origin.port), { tls: true, host: "localhost" });
    endless.send(head);
    const chunk = Buffer.from(`4000\r\n${"x".repeat(0x4000)}\r\n`);
    for (let i = 0; i < 100 && endless.chunks.length === 0 && !endless.isEnded; i++) await endless.sendAndDrain(chunk);
    await endless.until(() => endless.chunks.length > 0);
    expect(endless.text).toMatch(/^HTTP\/1\.1 401 /);
    endless.destroy();
  });
});

describe("a page of another origin, in a browser that is signed in", () => {
  const evil = { origin: "https://evil.example", ...OWN, ...JSON_TYPE };

  test.each(["POST", "PUT", "PATCH", "DELETE"])("cannot act by %s", async (verb) => {
    for (const path of paths.filter((one) => one !== "nothing/like/it")) {
      // Not even if it knew what it cannot read.
      for (const known of ["1", csrf]) {
        const { status } = await ask(verb, `/api/v1/${path}`, { ...evil, cookie, "x-bowline-csrf": known }, "{}");
        expect([403, 404], path).toContain(status);
      }
    }
  });

  test("is not told that it may: no answer allows an origin, a header or a verb", async () => {
    for (const [verb, path] of [
      ["OPTIONS", "/api/v1/users"],
      ["OPTIONS", "/"],
      ["GET", "/api/v1/status"],
      ["GET", "/"],
    ] as const) {
      const asks = { "access-control-request-method": "POST", "access-control-request-headers": "x-bowline-csrf" };
      const { headers } = await ask(verb, path, { ...evil, ...asks, cookie });
      expect(Object.keys(headers).filter((name) => name.startsWith("access-control-"))).toEqual([]);
    }
  });

  test.each(["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", "text/plain;application/json"])(
    "cannot send a form of the type %s, which needs no asking",
    async (type) => {
      const body = JSON.stringify({ username: "mallory", password: "x" });
      expect(
        (await ask("POST", "/api/v1/users", { cookie, origin: "https://evil.example", "content-type": type }, body)).status,
      ).toBe(403);
      // Its own page could, and is still asked for JSON.
      const own = { cookie, "x-bowline-csrf": csrf, "content-type": type };
      expect((await ask("POST", "/api/v1/users", own, body)).status).toBe(400);
    },
  );

  test("has no cookie to send: it is the host's own, never sent along from elsewhere, and no script reads it", async () => {
    const { headers } = await ask("POST", "/api/v1/session", { ...OWN, ...JSON_TYPE }, JSON.stringify({ key }));
    expect(String(headers["set-cookie"])).toMatch(/^__Host-bowline=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Strict$/);
  });

  test("reaches nothing by a name that leads here (DNS rebinding)", async () => {
    // By the name of another site there is no certificate, and not even a handshake.
    await expect(ask("GET", "/api/v1/status", { cookie }, "", { servername: "evil.example" })).rejects.toMatchObject({
      code: expect.stringMatching(/SSL|TLS|ECONNRESET|EPROTO/) as string,
    });
    expect((await ask("GET", "/api/v1/status", { cookie, host: "evil.example" }, "", { servername: "localhost" })).status).toBe(
      421,
    );
    expect(
      (
        await ask(
          "POST",
          "/api/v1/token",
          { host: `evil.example:${origin.port}`, origin: `https://evil.example:${origin.port}`, ...OWN },
          "",
          { servername: "" },
        )
      ).status,
    ).toBe(401);
  });

  test("cannot frame the console or have it run anything", async () => {
    const policy = String((await ask("GET", "/")).headers["content-security-policy"]);
    for (const directive of [
      "default-src 'none'",
      "script-src 'self'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
      "form-action 'none'",
    ])
      expect(policy).toContain(directive);
    expect(policy).not.toMatch(/unsafe|\*/);
  });
});

describe("paths and verbs", () => {
  test.each([
    "/../../../../etc/passwd",
    "/..%2f..%2f..%2fetc/passwd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/%252e%252e/etc/passwd",
    "/assets/..%5c..%5cetc%5cpasswd",
    "//etc/passwd",
    "/etc/passwd",
    "/operator.key",
    "/../operator.key",
    "/index.html%00.js",
    "/%c0%ae%c0%ae/etc/passwd",
    "/%ff",
    "/%",
    "/__proto__",
    "/constructor",
    "/assets/",
    "/package.json",
    `/${"a/".repeat(4_000)}`,
    "http://evil.example/api/v1/status",
    "/api/v1/../../api/v1/status",
    "/api/v1/./status",
    "/API/v1/status",
    "//api/v1/status",
    "/api%2fv1%2fstatus",
    "/api/v1/status/",
    "/api/v1/status%00",
  ])("%s leads nowhere", async (path) => {
    const text = await raw(requestText(`GET ${path} HTTP/1.1`, "Host: localhost", "Connection: close"));
    expect(text).toMatch(/^HTTP\/1\.1 (400|401|404|421) /);
    expect(text).not.toMatch(/root:|BEGIN|processId|startedAt/);
    expect(text).not.toContain(key);
  });

  test.each([
    "TRACE / HTTP/1.1",
    "TRACE /api/v1/status HTTP/1.1",
    "CONNECT evil.example:443 HTTP/1.1",
    "DEBUG / HTTP/1.1",
    "PROPFIND / HTTP/1.1",
    "GET * HTTP/1.1",
    "OPTIONS * HTTP/1.1",
  ])("%s is neither echoed nor passed on", async (line) => {
    const text = await raw(requestText(line, "Host: localhost", "X-Secret: 12345", "Connection: close"));
    expect(text).not.toMatch(/^HTTP\/1\.1 2/);
    expect(text).not.toContain("12345");
  });
});

describe("the operator's own requests", () => {
  const authorization = (): Record<string, string> => ({ authorization: `Bearer ${key}` });

  test.each([
    ["users", '{"__proto__":{"polluted":1},"username":"p","password":"x"}'],
    ["users", '{"constructor":{"prototype":{"polluted":1}},"username":"p","password":"x"}'],
    ["rules", '{"__proto__":{"polluted":1},"permission":"allow","action":"both","topics":["p"]}'],
    ["rules", '{"permission":"allow","action":"both","topics":["p"],"constructor":{"prototype":{"polluted":1}}}'],
    ["rules/test", '{"__proto__":{"polluted":1},"action":"publish","topic":"p"}'],
    ["drain", '{"__proto__":{"seconds":0,"polluted":1},"seconds":"x"}'],
  ])("change no prototype: %s %s", async (path, body) => {
    await ask("POST", `/api/v1/${path}`, { ...authorization(), ...JSON_TYPE }, body);
    for (const read of ["status", "rules", "users"])
      expect((await ask("GET", `/api/v1/${read}`, authorization())).body).not.toContain("polluted");
    expect((await ask("GET", "/api/v1/status", authorization())).status).toBe(200);
  });

  test("row 25, CVE-2025-52136: there is no way to bring code along", async () => {
    const archive = Buffer.from("504b0304140000000800", "hex");
    const guessed = ["plugins", "plugins/install", "upload", "modules", "extensions", "eval", "exec", "scripts", "hooks"];
    for (const path of guessed) {
      for (const verb of ["POST", "PUT"])
        expect((await ask(verb, `/api/v1/${path}`, authorization(), archive)).status, path).toBe(404);
    }
    for (const path of ["users", "users/import", "rules", "bans", "drain"]) {
      for (const type of [
        "application/zip",
        "application/javascript",
        "multipart/form-data; boundary=x",
        "application/octet-stream",
      ]) {
        expect(
          (await ask("POST", `/api/v1/${path}`, { ...authorization(), "content-type": type }, archive)).status,
          path,
        ).toBeGreaterThanOrEqual(400);
      }
    }
  });

  test("a body larger than what a request needs is refused, and the next one is answered", async () => {
    const large = JSON.stringify({ username: "x", password: "y".repeat(2 * MB) });
    const answer = await ask("POST", "/api/v1/users", { ...authorization(), ...JSON_TYPE }, large).catch(() => undefined);
    if (answer !== undefined) expect(answer.status).toBe(400);
    expect((await ask("GET", "/api/v1/status", authorization())).status).toBe(200);
  });

  test("deeply nested JSON, and numbers and names that are none, are refused and harm nothing", async () => {
    for (const body of [
      "[".repeat(60_000),
      '{"a":'.repeat(10_000),
      '{"username":1e999}',
      '{"username":"\\ud800"}',
      "\u0000",
      '{"username":"x","username":"y"}',
    ]) {
      expect((await ask("POST", "/api/v1/users", { ...authorization(), ...JSON_TYPE }, body)).status).toBe(400);
    }
  });

  test("rules and filters that are made to be slow are not", { timeout: 60_000 }, async () => {
    const plus = Array.from({ length: 120 }, () => "+").join("/");
    const topics = ["#", `${plus}/#`, `a/${plus}`, ...Array.from({ length: 100 }, (_, i) => `${"+/a/".repeat(i % 60)}+`)];
    const rules = topics.map((topic, i) => ({ permission: i % 2 === 0 ? "allow" : "deny", action: "both", topics: [topic] }));
    expect(
      (await ask("PUT", "/api/v1/rules", { ...authorization(), ...JSON_TYPE }, JSON.stringify({ mode: "append", rules }))).status,
    ).toBe(200);
    const { username, password } = await broker.process.user();
    const link = await Link.open(broker.url("tls"), 5);
    const who = { username, password: Buffer.from(password) };
    link.sendPacket({
      type: PacketType.CONNECT,
      protocolVersion: 5,
      cleanStart: true,
      keepAlive: 0,
      clientIdentifier: "slow",
      ...who,
    });
    expect(await link.packet(PacketType.CONNACK)).toMatchObject({ reasonCode: 0 });
    const started = performance.now();
    const options = { qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 } as const;
    const subscriptions = Array.from({ length: 200 }, (_, i) => ({ topicFilter: `${"+/a/".repeat(i % 60)}+/${plus}`, ...options }));
    link.sendPacket({ type: PacketType.SUBSCRIBE, packetIdentifier: 1, subscriptions });
    await link.packet(PacketType.SUBACK);
    const topicName = Array.from({ length: 250 }, () => "a").join("/");
    link.sendPacket({
      type: PacketType.PUBLISH,
      topicName,
      payload: new Uint8Array(1),
      qos: 1,
      retain: false,
      dup: false,
      packetIdentifier: 2,
    });
    await link.packet(PacketType.PUBACK);
    expect(performance.now() - started).toBeLessThan(2_000);
    link.destroy();
  });
});
