import { createHmac, generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportJWK, type JWTPayload, SignJWT } from "jose";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { AuthRequest, AuthResult } from "../authenticator.ts";
import { type JwtConfig, jwtSchema, type JwtInput } from "./jwt-config.ts";
import { openJwtKeys } from "./jwt-keys.ts";
import { JwtMethod } from "./jwt-method.ts";
import { RemoteKeys } from "./remote-keys.ts";

const never = new AbortController().signal;
const SECRET = "a shared secret that is long enough!";
const EC: { publicKey: KeyObject; privateKey: KeyObject } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const NOW = 1_700_000_000;
let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "bowline-jwt-"));
  await writeFile(join(folder, "secret"), SECRET);
});
afterEach(() => rm(folder, { recursive: true }));

const config = (input: Omit<JwtInput, "kind">): JwtConfig => jwtSchema.parse({ kind: "jwt", ...input });

async function methodOf(input: Omit<JwtInput, "kind">): Promise<JwtMethod> {
  const checked = config(input);
  return new JwtMethod(checked, await openJwtKeys(checked), () => NOW * 1_000);
}
const hmac = (input: Omit<JwtInput, "kind"> = {}): Promise<JwtMethod> =>
  methodOf({ secret: { file: join(folder, "secret") }, ...input });

function request(token: string, username?: string): AuthRequest {
  const password = Buffer.from(token);
  return { tenant: "default", username, password, clientIdentifier: "c1", transport: "tls", remoteAddress: "192.0.2.1" };
}

const sign = (
  payload: JWTPayload,
  alg = "HS256",
  key: KeyObject | Uint8Array = Buffer.from(SECRET),
  kid?: string,
): Promise<string> =>
  new SignJWT({ sub: "ann", exp: NOW + 60, ...payload })
    .setProtectedHeader({ alg, ...(kid === undefined ? {} : { kid }) })
    .sign(key);

const answer = async (method: JwtMethod, token: string, username?: string): Promise<AuthResult | "abstain"> =>
  method.answerNow(request(token, username)) === "abstain" ? "abstain" : method.answer(request(token, username));

test("a signed token lets its subject in until it expires", async () => {
  expect(await answer(await hmac(), await sign({}))).toMatchObject({ allowed: true, owner: "ann", expiresAt: (NOW + 60) * 1_000 });
});

test("what is no token is for others; a token that is wrong is refused", async () => {
  const method = await hmac();
  for (const other of ["", "secret", "a.b", "a.b.c.d", "not a.token at.all"]) expect(await answer(method, other)).toBe("abstain");
  expect(method.answerNow({ ...request(""), password: undefined })).toBe("abstain");
  const good = await sign({});
  for (const wrong of [`${good.slice(0, -4)}AAAA`, "a.b.c", await sign({}, "HS256", Buffer.alloc(32, 1))])
    expect(await answer(method, wrong)).toMatchObject({ allowed: false, reasonCode: 0x86 });
});

test("a claim that must be the user name is refused where neither token nor CONNECT has one", async () => {
  const method = await hmac({ verifyClaims: { who: "${username}" } });
  expect(await answer(method, await sign({}))).toMatchObject({ allowed: false, reasonCode: 0x86 });
  expect(await answer(method, await sign({ who: "ann" }))).toMatchObject({ allowed: false });
  expect(await answer(method, await sign({ who: "ann" }), "ann")).toMatchObject({ allowed: true });
});

test.each<[string, JWTPayload]>([
  ["expired", { exp: NOW }],
  ["not begun", { nbf: NOW + 10 }],
  ["without an end", { exp: undefined as never }],
  ["for others", { aud: "elsewhere" }],
  ["without a subject", { sub: undefined as never }],
  ["with an empty subject", { sub: "" }],
  ["of a number", { sub: 7 as never }],
  ["of the broker", { sub: "$console" }],
  ["of a name with a NUL", { sub: "a\0b" }],
  ["with a rule that cannot be understood", { acl: [{ permission: "maybe" }] }],
  ["with an odd superuser", { is_superuser: "yes" }],
  ["with odd attributes", { client_attrs: { site: 1 } }],
  ["whose claim is another", { device: "other" }],
])("a token %s is refused", async (_, payload) => {
  const method = await hmac({ audience: "mqtt", verifyClaims: { device: "${clientid}", who: "${username}", v: "1" } });
  const good = { aud: ["mqtt", "x"], device: "c1", who: "ann", v: "1" };
  expect(await answer(method, await sign(good), "ann")).toMatchObject({ allowed: true });
  expect(await answer(method, await sign({ ...good, ...payload }), "ann")).toMatchObject({ allowed: false, reasonCode: 0x86 });
});

test("rules, attributes and the superuser come from claims", async () => {
  const method = await hmac({ ownerClaim: "client", aclClaim: "rules", requireExpiry: false, from: "username" });
  const token = await sign({
    client: "dev-1",
    rules: { pub: ["a"] },
    client_attrs: { site: "x" },
    is_superuser: true,
    exp: undefined as never,
  });
  const result = await answer(method, "ignored", token);
  expect(result).toEqual({
    allowed: true,
    owner: "dev-1",
    access: {
      isSuperuser: true,
      attributes: { site: "x" },
      sources: [{ name: "claim", isClosed: true, rules: [{ permission: "allow", action: "publish", topics: ["a"] }] }],
    },
  });
});

test("of several audiences one is enough, and of no other claim", async () => {
  const method = await hmac({ verifyClaims: { aud: "mqtt" } });
  expect(await answer(method, await sign({ aud: ["web", "mqtt"] }))).toMatchObject({ allowed: true });
  expect(await answer(method, await sign({ aud: ["web"] }))).toMatchObject({ reasonCode: 0x86 });
  const roles = await hmac({ verifyClaims: { role: "device" } });
  expect(await answer(roles, await sign({ role: ["device"] }))).toMatchObject({ reasonCode: 0x86 });
});

test("the log says which claim is at fault, and the client does not hear of it", async () => {
  const method = await hmac({ audience: "mqtt" });
  const reasonOf = async (claims: Parameters<typeof sign>[0]): Promise<unknown> => {
    const result = await answer(method, await sign({ aud: "mqtt", ...claims }));
    return typeof result === "object" && !result.allowed && result.reason;
  };
  expect(await reasonOf({ exp: NOW - 1 })).toMatch("it has expired");
  expect(await reasonOf({ exp: undefined as never })).toMatch('"exp" is missing');
  expect(await reasonOf({ nbf: NOW + 9 })).toMatch("it is not valid yet");
  expect(await reasonOf({ aud: "web" })).toMatch('"aud" is not what it must be');
});

test("a token of another issuer is for the authenticator behind", async () => {
  const method = await hmac({ issuer: "https://id.example" });
  expect(await answer(method, await sign({ iss: "https://other.example" }))).toBe("abstain");
  expect(await answer(method, await sign({ iss: "https://id.example" }))).toMatchObject({ allowed: true });
});

test("a token does not choose how it is checked", async () => {
  const pem = EC.publicKey.export({ type: "spki", format: "pem" }).toString();
  await writeFile(join(folder, "key.pem"), pem);
  const method = await methodOf({ publicKey: join(folder, "key.pem") });
  expect(await answer(method, await sign({}, "ES256", EC.privateKey))).toMatchObject({ allowed: true });
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = part({ sub: "ann", exp: NOW + 60 });
  const head = `${part({ alg: "HS256" })}.${claims}`;
  const mac = createHmac("sha256", pem).update(head).digest("base64url");
  expect(await answer(method, `${head}.${mac}`)).toMatchObject({ reasonCode: 0x86 });
  expect(await answer(method, `${part({ alg: "none" })}.${claims}.AAAA`)).toMatchObject({ reasonCode: 0x86 });
});

describe.each<[string, string, () => { publicKey: KeyObject; privateKey: KeyObject }]>([
  ["RS256", "rsa", () => generateKeyPairSync("rsa", { modulusLength: 2_048 })],
  ["PS384", "rsa", () => generateKeyPairSync("rsa", { modulusLength: 2_048 })],
  ["ES384", "ec", () => generateKeyPairSync("ec", { namedCurve: "P-384" })],
  ["EdDSA", "ed25519", () => generateKeyPairSync("ed25519")],
])("%s", (alg, _, make) => {
  test("works with a key in a PEM file, and with one of a set in a file", async () => {
    const { publicKey, privateKey } = make();
    await writeFile(join(folder, "key.pem"), publicKey.export({ type: "spki", format: "pem" }));
    await writeFile(join(folder, "set.json"), JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: "1" }] }));
    const token = await sign({}, alg, privateKey, "1");
    expect(await answer(await methodOf({ publicKey: join(folder, "key.pem") }), token)).toMatchObject({ allowed: true });
    const ofSet = await methodOf({ jwks: join(folder, "set.json") });
    expect(await answer(ofSet, token)).toMatchObject({ allowed: true });
    expect(await answer(ofSet, await sign({}, alg, privateKey, "2"))).toMatchObject({ reasonCode: 0x86 });
  });
});

describe("a set at an address", () => {
  let server: Server;
  let asked = 0;
  let body: string | undefined;
  let url = "";
  beforeEach(async () => {
    asked = 0;
    server = createServer((_request, response) => {
      asked++;
      response.statusCode = body === undefined ? 500 : 200;
      response.end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });
  const setOf = async (kid: string): Promise<string> =>
    JSON.stringify({ keys: [{ ...(await exportJWK(EC.publicKey)), kid, alg: "ES256" }] });

  test("is asked once for many, and for unknown names not more often than twice a minute", async () => {
    body = await setOf("1");
    const method = await methodOf({ jwks: url });
    expect(asked).toBe(0);
    const token = await sign({}, "ES256", EC.privateKey, "1");
    const answers = await Promise.all(Array.from({ length: 20 }, () => answer(method, token)));
    expect(answers.every((each) => each !== "abstain" && each.allowed)).toBe(true);
    for (let i = 0; i < 20; i++)
      expect(await answer(method, await sign({}, "ES256", EC.privateKey, `unknown-${i}`))).toMatchObject({ reasonCode: 0x86 });
    expect(asked).toBe(1);
  });

  test("that cannot be had lets nobody in, and works as soon as it is there", async () => {
    const method = await methodOf({ jwks: url });
    const token = await sign({}, "ES256", EC.privateKey, "1");
    body = undefined;
    expect(await answer(method, token)).toMatchObject({
      reasonCode: 0x88,
      reason: expect.stringContaining("cannot be had (") as string,
    });
    body = "no set";
    expect(await answer(method, token)).toMatchObject({ reasonCode: 0x88 });
    body = await setOf("1");
    expect(await answer(method, token)).toMatchObject({ allowed: true });
  });

  test("goes on to be believed for an hour while its address does not answer, which is not pressed", async () => {
    let now = 0;
    body = await setOf("1");
    const { keyOf } = new RemoteKeys(url, 300, () => now);
    const find = async (kid: string): Promise<unknown> => keyOf({ alg: "ES256", kid }, { payload: "", signature: "" });
    await find("1");
    body = undefined;
    now = 300_000;
    for (let i = 0; i < 5; i++) await find("1");
    expect(asked).toBe(2);
    await expect(find("2")).rejects.toThrow("no applicable key");
    now += 30_000;
    await find("1");
    expect(asked).toBe(3);
    now = 3_900_000;
    await expect(find("1")).rejects.toThrow("200 OK");
    body = await setOf("2");
    await find("2");
    await expect(find("1")).rejects.toThrow("no applicable key");
    // A crowd with a new key waits for the one answer.
    [now, body] = [now + 30_000, await setOf("3")];
    await Promise.all([find("3"), find("3"), find("3")]);
    expect(asked).toBe(6);
  });
});

test("a set in a file is read anew when it changed, and a bad one leaves the old in force", async () => {
  const file = join(folder, "set.json");
  const write = async (text: string, at: number): Promise<void> => {
    await writeFile(file, text);
    await utimes(file, at, at);
  };
  const key = await exportJWK(EC.publicKey);
  await write(JSON.stringify({ keys: [{ ...key, kid: "1" }] }), 1);
  const checked = { ...config({ jwks: file }), jwksRefreshSeconds: 0 };
  const method = new JwtMethod(checked, await openJwtKeys(checked), () => NOW * 1_000);
  const [one, two] = [await sign({}, "ES256", EC.privateKey, "1"), await sign({}, "ES256", EC.privateKey, "2")];
  expect(await answer(method, two)).toMatchObject({ allowed: false });
  await write(JSON.stringify({ keys: [{ ...key, kid: "2" }] }), 2);
  expect(await answer(method, two)).toMatchObject({ allowed: true });
  expect(await answer(method, one)).toMatchObject({ allowed: false });
  await write("{", 3);
  expect(await answer(method, two)).toMatchObject({ allowed: true });
});

test("a token may come as Authentication Data", async () => {
  const [named] = (await hmac({ authenticationMethods: ["CUSTOM-JWT"] })).enhanced;
  expect(named!.name).toBe("CUSTOM-JWT");
  const step = (data: string | undefined) =>
    named!.begin(request("")).next(data === undefined ? undefined : Buffer.from(data), never);
  expect(await step(await sign({}))).toMatchObject({ allowed: true, owner: "ann" });
  expect(await step("no token")).toMatchObject({ reasonCode: 0x86 });
  expect(await step(undefined)).toMatchObject({ reasonCode: 0x86 });
});

test("keys that are none, too short or far away without TLS are refused at the start", async () => {
  await writeFile(join(folder, "short"), "too short");
  await writeFile(join(folder, "bad.pem"), "no key");
  await writeFile(
    join(folder, "rsa.pem"),
    generateKeyPairSync("rsa", { modulusLength: 1_024 }).publicKey.export({ type: "spki", format: "pem" }),
  );
  const wrong: Omit<JwtInput, "kind">[] = [
    { secret: { file: join(folder, "short") } },
    { secret: { file: join(folder, "none") } },
    { publicKey: join(folder, "bad.pem") },
    { publicKey: join(folder, "rsa.pem") },
    { jwks: join(folder, "none.json") },
    { jwks: "http://id.example/keys" },
  ];
  for (const each of wrong) await expect(openJwtKeys(config(each))).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  expect(jwtSchema.safeParse({ kind: "jwt" }).success).toBe(false);
  expect(jwtSchema.safeParse({ kind: "jwt", jwks: "a", publicKey: "b" }).success).toBe(false);
});
