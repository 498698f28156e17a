import type { ServerResponse } from "node:http";
import { HookServer } from "@bowline/testkit/broker";
import { describe, expect, test } from "vitest";
import type { AuthRequest, AuthResult } from "../authenticator.ts";
import { CircuitBreaker } from "./circuit-breaker.ts";
import { Turnstile } from "../turnstile.ts";
import { webhookSchema, type WebhookInput } from "./webhook-config.ts";
import { webhookKind } from "./webhook-kind.ts";
import { WebhookMethod } from "./webhook-method.ts";

const never = new AbortController().signal;
const hook = HookServer.forEach();
const { json } = HookServer;

function method(input: Partial<WebhookInput> = {}, now?: () => number): WebhookMethod {
  const config = webhookSchema.parse({ kind: "webhook", url: hook.url, ...input });
  return new WebhookMethod(config, config.headers as Record<string, string>, now);
}

const request = (username?: string, password?: string): AuthRequest => ({
  tenant: "default",
  username,
  password: password === undefined ? undefined : Buffer.from(password),
  clientIdentifier: "c1",
  transport: "tls",
  remoteAddress: "192.0.2.1",
});
const ask = (made: WebhookMethod, of = request("ann", "pw")): Promise<AuthResult | "abstain"> => made.answer(of, never);

test.each<[string, Partial<WebhookInput>, string]>([
  ["JSON", {}, '{"clientid":"c1","username":"ann","password":"p&w","tenant":"default"}'],
  ["a form", { encoding: "form" }, "clientid=c1&username=ann&password=p%26w&tenant=default"],
  ["a query", { method: "get" }, "?clientid=c1&username=ann&password=p%26w&tenant=default"],
  ["fields of one's own", { body: { who: "${username}@${peerhost}", none: "${cert_pem}" } }, '{"who":"ann@192.0.2.1"}'],
])("the client is told as %s", async (_, input, expected) => {
  let told = "";
  let key: unknown;
  hook.handle = ({ url: address, headers }, body, response) => {
    told = body || new URL(address ?? "", hook.url).search;
    key = headers["x-key"];
    response.writeHead(204).end();
  };
  expect(await ask(method({ ...input, headers: { "x-key": "k" } }), request("ann", "p&w"))).toMatchObject({
    allowed: true,
    owner: "ann",
  });
  expect(told).toBe(expected);
  expect(key).toBe("k");
});

test("address and headers may hold placeholders, which lead nowhere else", async () => {
  const told: unknown[] = [];
  hook.handle = ({ url, headers }, _, response) => {
    told.push([url, headers["x-who"], headers["x-key"]]);
    response.writeHead(204).end();
  };
  const secret = { file: "key" } as unknown as string;
  const made = new WebhookMethod(
    webhookSchema.parse({
      kind: "webhook",
      url: new URL(hook.url).origin + "/u/${username}/of?c=${clientid}",
      headers: { "x-who": "<${username}>", "x-key": secret },
    }),
    { "x-who": "<${username}>", "x-key": "${username}" },
  );
  expect(await ask(made, request("a/b?é", "pw"))).toMatchObject({ allowed: true });
  expect(told.shift()).toEqual(["/u/a%2Fb%3F%C3%A9/of?c=c1", Buffer.from("<a/b?é>").toString("latin1"), "${username}"]);
  // More of them than it takes to stop asking a webhook that fails.
  for (const name of ["..", ".", "a\r\nx: y", "..", "..", "..", ".."])
    expect(await ask(made, request(name, "pw"))).toMatchObject({ allowed: false, reasonCode: 0x87 });
  expect(told).toEqual([]);
  expect(await ask(made, request("...", "pw"))).toMatchObject({ allowed: true });
});

test("plain HTTP to another machine must be asked for", () => {
  const check = (input: object): void =>
    webhookKind.check?.(webhookSchema.parse({ kind: "webhook", url: "http://auth.example:3000/", ...input }));
  expect(() => check({})).toThrow("an http:// one on the loopback, elsewhere with allowPlaintext");
  expect(() => check({ allowPlaintext: true })).not.toThrow();
  expect(() => check({ allowPlaintext: true, url: "ftp://auth.example/" })).toThrow("url must be");
});

test.each([
  ["url", { url: "https://${username}.example.com/" }, "the host of url is the same for all"],
  ["url", { url: "http://127.0.0.1:80${username}/" }, "the host of url is the same for all"],
  ["url", { url: "https://example.com/${user}" }, "${user} is not known"],
  ["header", { headers: { "x-who": "${user}" } }, "${user} is not known"],
  ["header", { headers: { "x who": "a" } }, 'headers: "x who" cannot be sent'],
  ["header", { headers: { "x-who": "a\nb" } }, 'headers: "x-who" cannot be sent'],
])("a %s that cannot be is refused: %j", (_, input, words) => {
  const config = webhookSchema.parse({ kind: "webhook", url: "https://example.com/", ...input });
  expect(() => webhookKind.check?.(config)).toThrow(words);
});

test("an empty password is not the same as none", async () => {
  const bodies: string[] = [];
  hook.handle = (_, body, response) => {
    bodies.push(body);
    response.writeHead(204).end();
  };
  expect(await ask(method(), request())).toMatchObject({ allowed: true, owner: "" });
  await ask(method(), request("ann", ""));
  expect(bodies).toEqual([
    '{"clientid":"c1","tenant":"default"}',
    '{"clientid":"c1","username":"ann","password":"","tenant":"default"}',
  ]);
});

test("what is granted is in force", async () => {
  hook.handle = json({
    result: "allow",
    is_superuser: true,
    expire_at: 2_000_000_000,
    client_attrs: { site: "x" },
    acl: { sub: ["a"] },
  });
  expect(await ask(method())).toEqual({
    allowed: true,
    owner: "ann",
    expiresAt: 2_000_000_000_000,
    access: {
      isSuperuser: true,
      attributes: { site: "x" },
      sources: [{ name: "claim", isClosed: true, rules: [{ permission: "allow", action: "subscribe", topics: ["a"] }] }],
    },
  });
  hook.handle = (_, __, response) => {
    response
      .writeHead(200, { "content-type": "application/x-www-form-urlencoded" })
      .end("result=allow&is_superuser=true&expire_at=9");
  };
  expect(await ask(method())).toMatchObject({ allowed: true, expiresAt: 9_000, access: { isSuperuser: true } });
});

describe("who is refused, and who is left to the next", () => {
  test.each<[string, unknown, number, unknown]>([
    ["ignore", { result: "ignore" }, 200, "abstain"],
    ["no result", {}, 200, "abstain"],
    ["deny", { result: "deny" }, 200, { reasonCode: 0x87 }],
    ["401", {}, 401, { reasonCode: 0x87 }],
    ["500", {}, 500, { reasonCode: 0x88 }],
    ["another result", { result: "yes" }, 200, { reasonCode: 0x88 }],
    ["no object", [], 200, { reasonCode: 0x88 }],
    ["a bad rule", { result: "allow", acl: [{ permission: "maybe" }] }, 200, { reasonCode: 0x86 }],
    ["a bad end", { result: "allow", expire_at: "soon" }, 200, { reasonCode: 0x86 }],
    ["another identifier", { result: "allow", clientid_override: "x" }, 200, { reasonCode: 0x86 }],
  ])("%s", async (_, value, status, expected) => {
    hook.handle = json(value, status);
    const answer = await ask(method());
    if (expected === "abstain") expect(answer).toBe("abstain");
    else expect(answer).toMatchObject({ allowed: false, ...(expected as object) });
  });

  test("a redirection, another type, too long an answer, silence, and nobody there", async () => {
    hook.handle = (_, __, response) => void response.writeHead(302, { location: hook.url }).end();
    expect(await ask(method())).toMatchObject({ reasonCode: 0x88 });
    hook.handle = (_, __, response) => void response.writeHead(200, { "content-type": "text/plain" }).end("allow");
    expect(await ask(method())).toMatchObject({ reasonCode: 0x88 });
    hook.handle = json({ result: "allow", long: "x".repeat(1_048_576) });
    expect(await ask(method())).toMatchObject({ reasonCode: 0x88 });
    hook.handle = () => {};
    expect(await ask(method({ timeoutMs: 100 }))).toMatchObject({ reasonCode: 0x88 });
    await hook.stop();
    expect(await ask(method())).toMatchObject({ reasonCode: 0x88 });
  });

  test("one who left, and all when it is closed", async () => {
    const made = method();
    const controller = new AbortController();
    hook.handle = () => controller.abort();
    expect(await made.answer(request("ann"), controller.signal)).toMatchObject({ reasonCode: 0x88 });
    hook.handle = () => made.close();
    expect(await ask(made)).toMatchObject({ reasonCode: 0x88 });
  });
});

test("one that fails is not asked for a while, then by one client alone", async () => {
  const clock = { now: 0 };
  let asked = 0;
  let status = 500;
  hook.handle = (_, __, response) => {
    asked++;
    response.writeHead(status).end();
  };
  const made = method({}, () => clock.now);
  for (let i = 0; i < 10; i++) expect(await ask(made)).toMatchObject({ reasonCode: 0x88 });
  expect(asked).toBe(5);
  clock.now = 5_000;
  await Promise.all([ask(made), ask(made), ask(made)]);
  expect(asked).toBe(6);
  clock.now = 10_000;
  status = 204;
  expect(await ask(made)).toMatchObject({ allowed: true });
  expect(await ask(made)).toMatchObject({ allowed: true });
});

test("so many are asked about at once, so many more wait, and further ones are told that it is busy", async () => {
  const waiting: ServerResponse[] = [];
  let arrived: () => void = () => {};
  hook.handle = (_, __, response) => {
    waiting.push(response);
    arrived();
  };
  const made = method({ maximumConcurrent: 1, maximumQueued: 1 });
  const first = new Promise<void>((resolve) => (arrived = resolve));
  const answers = [ask(made), ask(made)];
  expect(await ask(made)).toMatchObject({ reasonCode: 0x89 });
  await first;
  expect(waiting).toHaveLength(1);
  const second = new Promise<void>((resolve) => (arrived = resolve));
  waiting[0]!.writeHead(204).end();
  await second;
  waiting[1]!.writeHead(204).end();
  for (const answer of answers) expect(await answer).toMatchObject({ allowed: true });
});

test("whoever stops waiting takes no place", async () => {
  const turnstile = new Turnstile(1, 5);
  expect(await turnstile.enter(never)).toBe("inside");
  const controller = new AbortController();
  const left = turnstile.enter(controller.signal);
  const stays = turnstile.enter(never);
  controller.abort();
  expect(await left).toBe("aborted");
  turnstile.leave();
  expect(await stays).toBe("inside");
  turnstile.leave();
  expect(await turnstile.enter(AbortSignal.abort())).toBe("aborted");
  expect(await turnstile.enter(never)).toBe("inside");
});

test("a probe that tells nothing makes room for another", () => {
  const breaker = new CircuitBreaker(() => 10_000);
  for (let i = 0; i < 5; i++) breaker.failed();
  expect(breaker.mayAsk()).toBe(false);
  const later = new CircuitBreaker(() => now);
  let now = 0;
  for (let i = 0; i < 5; i++) later.failed();
  now = 5_000;
  expect([later.mayAsk(), later.mayAsk()]).toEqual([true, false]);
  later.gaveUp();
  expect(later.mayAsk()).toBe(true);
});

test("an address without TLS, one with a password, and a placeholder that there is not are no configuration", () => {
  const wrong: Partial<WebhookInput>[] = [
    { url: "http://auth.example/" },
    { url: "auth" },
    { url: "ftp://localhost" },
    { url: "https://me:secret@auth.example/" },
    { body: { a: "${zone}" } },
  ];
  for (const each of wrong) {
    const config = webhookSchema.parse({ kind: "webhook", url: hook.url, ...each });
    expect(() => webhookKind.check!(config)).toThrow("CONFIG_INVALID");
  }
});
