import { createHash } from "node:crypto";
import { beforeAll, expect, test } from "vitest";
import { silentLogger } from "../log/logger.ts";
import { MemoryStorage } from "../storage/memory-storage.ts";
import { AnonymousMethod } from "./anonymous-method.ts";
import { AttemptGuard } from "./attempt-guard.ts";
import type { AuthenticationMethod, AuthRequest } from "./authenticator.ts";
import { AuthenticatorChain } from "./authenticator-chain.ts";
import { PasswordHasher } from "./password-hasher.ts";
import { UserDirectory } from "./user-directory.ts";
import { UserMethod } from "./user-method.ts";

const never = new AbortController().signal;
const bytes = (text: string) => new TextEncoder().encode(text);
let aliceHash = "";

beforeAll(async () => {
  aliceHash = await new PasswordHasher().hash("secret");
});

function request(username?: string, password?: string, remoteAddress = "192.0.2.1"): AuthRequest {
  return {
    tenant: "default",
    username,
    password: password === undefined ? undefined : bytes(password),
    clientIdentifier: "c",
    transport: "tls",
    remoteAddress,
  };
}

function setUp(...more: AuthenticationMethod[]) {
  const clock = { now: 0 };
  const hasher = new PasswordHasher();
  let hashes = 0;
  const counting = Object.assign(Object.create(hasher) as PasswordHasher, {
    verify: (...args: Parameters<PasswordHasher["verify"]>) => {
      hashes++;
      return hasher.verify(...args);
    },
    hash: (password: string) => hasher.hash(password),
  });
  const users = new UserDirectory(new MemoryStorage(), counting, () => clock.now);
  users.loaded({ tenant: "default", username: "alice", passwordHash: aliceHash, createdAt: 1 });
  const methods = [new UserMethod(users, counting, () => clock.now), ...more];
  const chain = new AuthenticatorChain(methods, silentLogger, [], new AttemptGuard(() => clock.now));
  return { chain, users, clock, hashes: () => hashes };
}

test("a user with the right password is let in and owns its sessions by name", async () => {
  const { chain } = setUp();
  expect(await chain.authenticate(request("alice", "secret"), never)).toEqual({ allowed: true, owner: "alice" });
});

test("wrong password, unknown user and missing password get the same reason code", async () => {
  const { chain } = setUp();
  const answers = await Promise.all([
    chain.authenticate(request("alice", "wrong"), never),
    chain.authenticate(request("bob", "secret"), never),
    chain.authenticate(request("alice"), never),
  ]);
  expect(answers.map((answer) => !answer.allowed && answer.reasonCode)).toEqual([0x86, 0x86, 0x86]);
});

test("a password that is no text is a wrong one, and counts as a failure like any other", async () => {
  const { chain } = setUp();
  const odd = { ...request("alice"), password: Uint8Array.of(0xff, 0xfe) };
  for (let i = 0; i < 10; i++) expect(await chain.authenticate(odd, never)).toMatchObject({ reasonCode: 0x86 });
  expect(await chain.authenticate(odd, never)).toMatchObject({ reasonCode: 0x9f });
});

test("an imported user whose password is no text logs in by the imported hash, which stays", async () => {
  const { chain, users } = setUp();
  const [salt, password] = [Buffer.from("salt"), Uint8Array.of(0xff, 0xfe)];
  const hash = createHash("sha512").update(password).update(salt).digest("base64");
  await users.importAll("default", [{ username: "old", passwordHash: `$6$${salt.toString("base64")}$${hash}` }]);
  for (let i = 0; i < 2; i++) {
    expect(await chain.authenticate({ ...request("old"), password }, never)).toEqual({ allowed: true, owner: "old" });
    expect(users.find("default", "old")?.passwordHash).toMatch(/^\$6\$/);
  }
});

test("an unknown user costs a hash like a known one", async () => {
  const { chain, hashes } = setUp();
  await chain.authenticate(request("nobody", "x"), never);
  expect(hashes()).toBe(1);
});

test("a user of one tenant is a stranger to another", async () => {
  const { chain } = setUp();
  expect(await chain.authenticate({ ...request("alice", "secret"), tenant: "other" }, never)).toMatchObject({ allowed: false });
});

test("a verified password is answered without waiting for ten minutes, a wrong one never", async () => {
  const { chain, clock } = setUp();
  expect(chain.authenticateNow(request("alice", "secret"))).toBeUndefined();
  await chain.authenticate(request("alice", "secret"), never);
  await chain.authenticate(request("alice", "wrong"), never);
  expect(chain.authenticateNow(request("alice", "secret"))).toEqual({ allowed: true, owner: "alice" });
  expect(chain.authenticateNow(request("alice", "wrong"))).toBeUndefined();
  clock.now = 10 * 60_000 - 1;
  expect(chain.authenticateNow(request("alice", "secret"))).toEqual({ allowed: true, owner: "alice" });
  clock.now = 10 * 60_000;
  expect(chain.authenticateNow(request("alice", "secret"))).toBeUndefined();
});

test("a remembered password is forgotten when the user changes or goes", async () => {
  const { chain, users } = setUp();
  await chain.authenticate(request("alice", "secret"), never);
  await users.setPassword("default", "alice", "new");
  expect(chain.authenticateNow(request("alice", "secret"))).toBeUndefined();
  expect(await chain.authenticate(request("alice", "secret"), never)).toMatchObject({ allowed: false });
  await chain.authenticate(request("alice", "new"), never);
  await users.remove("default", "alice");
  expect(chain.authenticateNow(request("alice", "new"))).toBeUndefined();
  expect(await chain.authenticate(request("alice", "new"), never)).toMatchObject({ allowed: false });
});

test("a user removed while its password is checked is refused", async () => {
  const { chain, users } = setUp();
  const answer = chain.authenticate(request("alice", "secret"), never);
  await users.remove("default", "alice");
  expect(await answer).toMatchObject({ allowed: false, reasonCode: 0x86 });
});

test("guesses are limited per user and address, also when they come at once, and others are not hurt", async () => {
  const { chain, clock, hashes } = setUp();
  const guesses = Array.from({ length: 30 }, (_, i) => chain.authenticate(request("alice", `guess${i}`), never));
  const codes = (await Promise.all(guesses)).map((answer) => !answer.allowed && answer.reasonCode);
  expect(codes.filter((code) => code === 0x86)).toHaveLength(10);
  expect(codes.filter((code) => code === 0x9f)).toHaveLength(20);
  expect(hashes()).toBe(10);
  expect(await chain.authenticate(request("alice", "secret"), never)).toMatchObject({ reasonCode: 0x9f });
  expect(await chain.authenticate(request("alice", "secret", "192.0.2.2"), never)).toMatchObject({ allowed: true });
  clock.now += 6_000;
  expect(await chain.authenticate(request("alice", "secret"), never)).toMatchObject({ allowed: true });
});

test("a crowd that shares a user and comes at once is let in after a few hashes", async () => {
  const { chain } = setUp();
  const before = performance.now();
  const answers = await Promise.all(
    Array.from({ length: 400 }, (_, i) => chain.authenticate(request("alice", "secret", `10.0.0.${i % 100}`), never)),
  );
  expect(answers.every((answer) => answer.allowed)).toBe(true);
  // Hashed one by one they would take several seconds.
  expect(performance.now() - before).toBeLessThan(2_000);
});

test("one password more than may wait is answered 0x89, which is no failure of the client", async () => {
  const hasher = new PasswordHasher({ concurrency: 1, maximumQueued: 2 });
  const users = new UserDirectory(new MemoryStorage(), hasher);
  const chain = new AuthenticatorChain([new UserMethod(users, hasher)], silentLogger);
  const codes = await Promise.all(
    Array.from({ length: 20 }, async (_, i) => {
      const answer = await chain.authenticate(request("bob", "wrong", `192.0.2.${i}`), never);
      return answer.allowed ? 0 : answer.reasonCode;
    }),
  );
  expect(codes).toEqual([0x86, 0x86, 0x86, ...Array<number>(17).fill(0x89)]);
});

test("right passwords use up no attempts", async () => {
  const { chain, clock } = setUp();
  for (let i = 0; i < 12; i++) {
    clock.now += 11 * 60_000;
    expect(await chain.authenticate(request("alice", "secret"), never)).toMatchObject({ allowed: true });
  }
});

test("clients without credentials are refused unless anonymous ones are allowed", async () => {
  const strict = setUp().chain;
  expect(strict.authenticateNow(request())).toMatchObject({ allowed: false, reasonCode: 0x87 });
  const open = setUp(new AnonymousMethod()).chain;
  expect(open.authenticateNow(request())).toEqual({ allowed: true, owner: "" });
  expect(await open.authenticate(request(), never)).toEqual({ allowed: true, owner: "" });
  expect(await open.authenticate(request("alice", "wrong"), never)).toMatchObject({ allowed: false, reasonCode: 0x86 });
});

test("a method that breaks refuses everybody", async () => {
  const broken: AuthenticationMethod = { answerNow: () => "later", answer: () => Promise.reject(new Error("disk")) };
  const chain = new AuthenticatorChain([broken, new AnonymousMethod()], silentLogger);
  expect(await chain.authenticate(request(), never)).toMatchObject({ allowed: false, reasonCode: 0x88 });
});
