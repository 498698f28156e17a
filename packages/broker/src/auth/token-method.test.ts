import { decodeJwt, decodeProtectedHeader, SignJWT } from "jose";
import { beforeEach, expect, test } from "vitest";
import type { AuthRequest, AuthResult } from "./authenticator.ts";
import { TokenMethod } from "./token-method.ts";

let now: number;
let signedIn: Set<string>;
let tokens: TokenMethod;
beforeEach(() => {
  now = 1_000_000;
  signedIn = new Set(["s1"]);
  tokens = new TokenMethod(
    (signIn) => signedIn.has(signIn),
    () => now,
  );
});

function request(password: string, tenant = "acme", username = "$console"): AuthRequest {
  const bytes = Buffer.from(password);
  return { tenant, username, password: bytes, clientIdentifier: "c", transport: "wss", remoteAddress: "127.0.0.1" };
}

const answer = (password: string, tenant?: string, username?: string): Promise<AuthResult | "abstain"> =>
  tokens.answer(request(password, tenant, username));
const no = (word: string) => ({ allowed: false, reasonCode: 0x86, reason: expect.stringContaining(word) as string });

test("is a JSON Web Token that lets whoever is signed in into its tenant for five minutes, and into no other", async () => {
  const { username, token, expiresAt } = await tokens.issue("acme", "s1");
  const text = token.reveal();
  expect(decodeProtectedHeader(text)).toEqual({ alg: "HS256", typ: "JWT" });
  expect(decodeJwt(text)).toMatchObject({ sub: "$console", tenant: "acme", signIn: "s1", iat: 1_000, exp: 1_300 });
  expect([username, expiresAt]).toEqual(["$console", now + 300_000]);
  expect(tokens.answerNow(request(text))).toBe("later");
  expect(await answer(text)).toEqual({ allowed: true, owner: "$console-s1", expiresAt, access: { isSuperuser: true } });
  expect(await answer(text, "beta")).toMatchObject(no("another tenant's"));
  expect(await answer(text, "acme", "ann")).toBe("abstain");
  now = expiresAt;
  expect(await answer(text)).toMatchObject(no("exp"));
});

test("is worth nothing when its browser is signed out, and when its tenant has gone", async () => {
  const [ofBrowser, ofProgram] = [await tokens.issue("acme", "s1"), await tokens.issue("acme")];
  signedIn.clear();
  expect(await answer(ofBrowser.token.reveal())).toMatchObject(no("signed out"));
  expect(await answer(ofProgram.token.reveal())).toMatchObject({ allowed: true, owner: "$console" });
  now += 10;
  tokens.revokeAll("acme");
  expect(await answer(ofProgram.token.reveal())).toMatchObject(no("not the one"));
  now += 1;
  expect(await answer((await tokens.issue("acme")).token.reveal())).toMatchObject({ allowed: true });
});

test("renews the open connection as Authentication Data", async () => {
  const exchange = tokens.enhanced.begin(request("", "acme"));
  const { token } = await tokens.issue("acme", "s1");
  const never = new AbortController().signal;
  expect(await exchange.next(Buffer.from(token.reveal()), never)).toMatchObject({ allowed: true, owner: "$console-s1" });
  expect(await exchange.next(undefined, never)).toMatchObject(no("none"));
});

test("of another process, key, audience or algorithm is none, however long it is", async () => {
  const other = await new TokenMethod(() => true).issue("acme");
  const sign = (alg: string, audience: string): Promise<string> =>
    new SignJWT({ tenant: "acme" })
      .setProtectedHeader({ alg })
      .setIssuer("bowline")
      .setAudience(audience)
      .setSubject("$console")
      .setIssuedAt(now / 1_000)
      .setExpirationTime(now / 1_000 + 60)
      .sign(Buffer.alloc(64, 1));
  const unsigned = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${(await sign("HS256", "x")).split(".")[1]}.`;
  const wrong = [other.token.reveal(), await sign("HS256", "bowline-console"), await sign("HS512", "bowline-console"), unsigned];
  for (const text of [...wrong, "", "a.b.c", "x".repeat(100_000)])
    expect(await answer(text)).toMatchObject({ allowed: false, reasonCode: 0x86 });
});
