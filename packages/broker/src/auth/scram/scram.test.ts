import { pbkdf2Sync, randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { PacketType } from "@bowline/protocol";
import { BrokerWorld, connectOf } from "@bowline/testkit/broker";
import { silentLogger } from "../../log/logger.ts";
import { MemoryStorage } from "../../storage/memory-storage.ts";
import type { AuthRequest, ExchangeStep } from "../authenticator.ts";
import { AuthenticatorChain } from "../authenticator-chain.ts";
import { PasswordHasher } from "../password-hasher.ts";
import { UserDirectory } from "../user-directory.ts";
import { UserMethod } from "../user-method.ts";
import { saslprep } from "./saslprep.ts";
import { deriveScramKeys, hash, hmac, SCRAM_MECHANISMS, type ScramMechanism, scramKeysOf } from "./scram-keys.ts";
import { scramKind } from "./scram-kind.ts";
import { ScramMethod } from "./scram-method.ts";

const never = new AbortController().signal;
const request: AuthRequest = {
  tenant: "default",
  username: undefined,
  password: undefined,
  clientIdentifier: "c",
  transport: "tls",
  remoteAddress: "192.0.2.1",
};

const textOf = (step: ExchangeStep): string => {
  const data = "continueWith" in step ? step.continueWith : step.allowed ? step.data : undefined;
  return Buffer.from(data ?? []).toString();
};

/** The client's side of RFC 5802. */
function answerTo(
  mechanism: ScramMechanism,
  password: string,
  bare: string,
  serverFirst: string,
): { final: string; signature: string } {
  const [, nonce = "", salt = "", iterations] = /^r=(.*),s=(.*),i=(\d+)$/.exec(serverFirst) ?? [];
  const digest = mechanism === "SCRAM-SHA-256" ? "sha256" : "sha512";
  const salted = pbkdf2Sync(password, Buffer.from(salt, "base64"), Number(iterations), digest === "sha256" ? 32 : 64, digest);
  const withoutProof = `c=biws,r=${nonce}`;
  const authMessage = `${bare},${serverFirst},${withoutProof}`;
  const clientKey = hmac(mechanism, salted, "Client Key");
  const signature = hmac(mechanism, hash(mechanism, clientKey), authMessage);
  const proof = Buffer.from(clientKey.map((byte, i) => byte ^ signature[i]!)).toString("base64");
  return {
    final: `${withoutProof},p=${proof}`,
    signature: `v=${hmac(mechanism, hmac(mechanism, salted, "Server Key"), authMessage).toString("base64")}`,
  };
}

async function setUp() {
  const hasher = new PasswordHasher();
  const users = new UserDirectory(new MemoryStorage(), hasher);
  users.scramIterations = 4_096;
  const { enhanced = [] } = await scramKind.open(
    { kind: "scram", mechanisms: [...SCRAM_MECHANISMS], iterations: 4_096 },
    {
      users,
      hasher,
      logger: silentLogger,
    },
  );
  const chain = new AuthenticatorChain([new UserMethod(users, hasher)], silentLogger, enhanced);
  const login = async (mechanism: ScramMechanism, username: string, password: string): Promise<ExchangeStep> => {
    const exchange = chain.enhancedMethod(mechanism)!.begin(request);
    const bare = `n=${username},r=${randomBytes(9).toString("base64")}`;
    const first = await exchange.next(Buffer.from(`n,,${bare}`), never);
    if (!("continueWith" in first)) return first;
    const { final, signature } = answerTo(mechanism, password, bare, textOf(first));
    const last = await exchange.next(Buffer.from(final), never);
    if ("allowed" in last && last.allowed) expect(textOf(last)).toBe(signature);
    return last;
  };
  return { users, chain, login, hasher };
}

test("the exchange of RFC 7677, byte by byte", async () => {
  const keys = await deriveScramKeys("SCRAM-SHA-256", "pencil", 4_096, Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64"));
  const [salt, storedKey, serverKey] = [keys!.salt, keys!.storedKey, keys!.serverKey].map((key) => key.toString("base64"));
  const storage = new MemoryStorage();
  const users = new UserDirectory(storage, new PasswordHasher());
  users.loaded({
    tenant: "default",
    username: "user",
    passwordHash: `x SCRAM-SHA-256$4096:${salt}$${storedKey}:${serverKey}`,
    createdAt: 1,
  });
  const exchange = new ScramMethod("SCRAM-SHA-256", users, 4_096, () => "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0").begin(request);
  const first = await exchange.next(Buffer.from("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"), never);
  expect(textOf(first)).toBe("r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
  expect(exchange.claimedUser).toBe("user");
  const proof = "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
  const last = await exchange.next(Buffer.from(`c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,${proof}`), never);
  expect(last).toMatchObject({ allowed: true, owner: "user" });
  expect(textOf(last)).toBe("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
});

test.each(SCRAM_MECHANISMS)("%s: a user proves its password, and gets the server's proof", async (mechanism) => {
  const { users, login } = await setUp();
  await users.add("default", "a,b=c", "secret");
  expect(await login(mechanism, "a=2Cb=3Dc", "secret")).toMatchObject({ allowed: true, owner: "a,b=c" });
  expect(await login(mechanism, "a=2Cb=3Dc", "wrong")).toMatchObject({ allowed: false, reasonCode: 0x86 });
  await users.setPassword("default", "a,b=c", "other");
  expect(await login(mechanism, "a=2Cb=3Dc", "secret")).toMatchObject({ allowed: false });
  expect(await login(mechanism, "a=2Cb=3Dc", "other")).toMatchObject({ allowed: true });
  await users.setDisabled("default", "a,b=c", true);
  expect(await login(mechanism, "a=2Cb=3Dc", "other")).toMatchObject({ reasonCode: 0x87 });
});

test("a user who does not exist is asked like one who does, always with one salt", async () => {
  const { chain, login } = await setUp();
  const saltOf = async (name: string): Promise<string | undefined> => {
    const step = await chain
      .enhancedMethod("SCRAM-SHA-256")!
      .begin(request)
      .next(Buffer.from(`n,,n=${name},r=x`), never);
    return /s=([^,]*),i=4096$/.exec(textOf(step))?.[1];
  };
  const salt = await saltOf("nobody");
  expect(salt).toHaveLength(24);
  expect(await saltOf("nobody")).toBe(salt);
  expect(await saltOf("noone")).not.toBe(salt);
  expect(await login("SCRAM-SHA-256", "nobody", "x")).toMatchObject({ reasonCode: 0x86 });
});

test("guesses are limited by the user that is claimed", async () => {
  const { users, login } = await setUp();
  await users.add("default", "ann", "secret");
  for (let i = 0; i < 10; i++) await login("SCRAM-SHA-256", "ann", "wrong");
  expect(await login("SCRAM-SHA-512", "ann", "secret")).toMatchObject({ reasonCode: 0x9f });
  await users.add("default", "bob", "secret");
  expect(await login("SCRAM-SHA-512", "bob", "secret")).toMatchObject({ allowed: true });
});

test("a user from before gets its keys at its next login by password, and nobody else is told", async () => {
  const { users, chain, login, hasher } = await setUp();
  const passwordHash = await hasher.hash("secret");
  users.loaded({ tenant: "default", username: "old", passwordHash, createdAt: 1 });
  expect(await login("SCRAM-SHA-256", "old", "secret")).toMatchObject({ allowed: false });
  const byPassword = { ...request, username: "old", password: Buffer.from("secret") };
  expect(await chain.authenticate(byPassword, never)).toMatchObject({ allowed: true });
  expect(scramKeysOf(users.find("default", "old")!.passwordHash, "SCRAM-SHA-512")).toBeDefined();
  expect(await login("SCRAM-SHA-256", "old", "secret")).toMatchObject({ allowed: true });
  expect(chain.authenticateNow(byPassword)).toMatchObject({ allowed: true });
});

test("a password that SCRAM cannot have is hashed once and not at each login", async () => {
  const { users, chain, login } = await setUp();
  await users.add("default", "odd", "a\u0007b");
  const before = users.find("default", "odd");
  expect(await chain.authenticate({ ...request, username: "odd", password: Buffer.from("a\u0007b") }, never)).toMatchObject({
    allowed: true,
  });
  expect(users.find("default", "odd")).toBe(before);
  expect(await login("SCRAM-SHA-256", "odd", "ab")).toMatchObject({ reasonCode: 0x86 });
});

test("a user that is changed during the exchange is refused", async () => {
  const { users, chain } = await setUp();
  await users.add("default", "ann", "secret");
  const exchange = chain.enhancedMethod("SCRAM-SHA-256")!.begin(request);
  const first = await exchange.next(Buffer.from("n,,n=ann,r=x"), never);
  await users.setPassword("default", "ann", "other");
  const { final } = answerTo("SCRAM-SHA-256", "secret", "n=ann,r=x", textOf(first));
  expect(await exchange.next(Buffer.from(final), never)).toMatchObject({ reasonCode: 0x86 });
});

test.each([
  "",
  "n=ann,r=x",
  "p=tls-unique,,n=ann,r=x",
  "n,a=bob,n=ann,r=x",
  "n,,n=ann",
  "n,,r=x",
  "n,,n=a=b,r=x",
  "n,,n=ann,r=",
  "\xff",
])("%j does not begin an exchange", async (message) => {
  const { chain } = await setUp();
  expect(await chain.enhancedMethod("SCRAM-SHA-256")!.begin(request).next(Buffer.from(message), never)).toMatchObject({
    reasonCode: 0x86,
  });
  expect(await chain.enhancedMethod("SCRAM-SHA-256")!.begin(request).next(undefined, never)).toMatchObject({ reasonCode: 0x86 });
});

test.each([
  "",
  "c=biws,r=other,p=AAAA",
  "c=eSws,r=NONCE,p=AAAA",
  "c=biws,r=NONCE",
  "c=biws,r=NONCE,p=AAAA",
  "c=biws,p=AAAA,r=NONCE",
])("%j does not end one", async (message) => {
  const { users, chain } = await setUp();
  await users.add("default", "ann", "secret");
  const exchange = chain.enhancedMethod("SCRAM-SHA-256")!.begin(request);
  const nonce = /^r=([^,]*)/.exec(textOf(await exchange.next(Buffer.from("n,,n=ann,r=x"), never)))?.[1] ?? "";
  expect(await exchange.next(Buffer.from(message.replace("NONCE", nonce)), never)).toMatchObject({
    allowed: false,
    reasonCode: 0x86,
  });
});

test("[MQTT-4.12.0-2] [MQTT-4.12.1-1] at a broker, and again on the open connection", async () => {
  const { users, chain } = await setUp();
  await users.add("default", "ann", "secret");
  const world = await BrokerWorld.start({ authenticator: chain });
  const client = world.dial();
  const data = (text: string) => ({ authenticationMethod: "SCRAM-SHA-256", authenticationData: Buffer.from(text) });
  const bare = "n=ann,r=abc";
  const prove = async (): Promise<string> => {
    const [question] = await client.takeOfType(PacketType.AUTH);
    const serverFirst = Buffer.from(question!.properties!.authenticationData!).toString();
    const { final, signature } = answerTo("SCRAM-SHA-256", "secret", bare, serverFirst);
    client.send({ type: PacketType.AUTH, reasonCode: 0x18, properties: data(final) });
    return signature;
  };
  client.send(connectOf(5, { clientIdentifier: "c", properties: data(`n,,${bare}`) }));
  const first = await prove();
  expect(await client.take()).toMatchObject([
    { type: PacketType.CONNACK, reasonCode: 0, properties: { authenticationData: Buffer.from(first) } },
  ]);
  client.send({ type: PacketType.AUTH, reasonCode: 0x19, properties: data(`n,,${bare}`) });
  const second = await prove();
  expect(await client.take()).toMatchObject([
    { type: PacketType.AUTH, reasonCode: 0, properties: { authenticationData: Buffer.from(second) } },
  ]);
  expect([...world.broker.connections()][0]?.session?.owner).toBe("ann");
});

test.each([
  ["I\u00adX", "IX"],
  ["user", "user"],
  ["USER", "USER"],
  ["\u00aa", "a"],
  ["\u2168", "IX"],
  ["a\u00a0b", "a b"],
  ["\u0007", undefined],
])("saslprep of %j is %j (RFC 4013, section 3)", (text, expected) => {
  expect(saslprep(text)).toBe(expected);
});
