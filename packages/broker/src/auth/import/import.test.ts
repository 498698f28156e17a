import { createHash, pbkdf2Sync, randomBytes } from "node:crypto";
import { hash as argon2 } from "@node-rs/argon2";
import { hashSync } from "bcryptjs";
import { expect, test } from "vitest";
import { silentLogger } from "../../log/logger.ts";
import { MemoryStorage } from "../../storage/memory-storage.ts";
import type { AuthRequest } from "../authenticator.ts";
import { AuthenticatorChain } from "../authenticator-chain.ts";
import { PasswordHasher } from "../password-hasher.ts";
import { UserDirectory } from "../user-directory.ts";
import { UserMethod } from "../user-method.ts";
import { isForeignHash, verifyForeignHash } from "./foreign-hash.ts";
import { EMQX_HASHES, type EmqxHashing, emqxHashing } from "./emqx-hashing.ts";
import { hasPasswords, parseEmqxUsers, parseMosquittoUsers, parsePlainUsers, writeEmqxUsers } from "./user-files.ts";

const never = new AbortController().signal;
const bytes = (text: string) => new TextEncoder().encode(text);

/** As mosquitto_passwd 2.0.11 wrote them, for "secret" and "secret2". */
const SEVEN = "$7$101$otTwoY5mYTA7XTYM$aphJYfurvLosLppeBDv7eRWe+TZvwmx5HsL31BIEPUGoesldxl2DAiS+ZjQa1YL73Mt5ZILGOpNCAoXsCbY1+w==";
const SIX = "$6$ZQ+PenaJPgpwhCgk$d36g8fXAqvdFhfA3apLxrMMdNT1eTExBoeQ/AQupzaz4fnSjDIWL2HTXp2OpuypW8PQF7L6e4nCljhBhg7+CNg==";

test("mosquitto's password file is read, and its hashes are checked", async () => {
  const users = parseMosquittoUsers(`# ours\n\nann:${SEVEN}\r\nbob:${SIX}\n`, "passwd");
  expect(users.map(({ username }) => username)).toEqual(["ann", "bob"]);
  expect(await verifyForeignHash(users[0]!.passwordHash, bytes("secret"))).toBe(true);
  expect(await verifyForeignHash(users[0]!.passwordHash, bytes("secret2"))).toBe(false);
  expect(await verifyForeignHash(users[1]!.passwordHash, bytes("secret2"))).toBe(true);
  expect(await verifyForeignHash(users[1]!.passwordHash, bytes("secret"))).toBe(false);
});

const hex = (digest: string, text: string): string => createHash(digest).update(text).digest("hex");
const EMQX: [string, EmqxHashing, string, string][] = [
  ["sha256, salt first", { algorithm: "sha256", saltPosition: "prefix" }, "s4lt", hex("sha256", "s4ltpass")],
  ["sha256, salt last", { algorithm: "sha256", saltPosition: "suffix" }, "s4lt", hex("sha256", "passs4lt")],
  ["sha512 without salt", { algorithm: "sha512", saltPosition: "disable" }, "", hex("sha512", "pass")],
  [
    "pbkdf2",
    { algorithm: "pbkdf2", digest: "sha256", iterations: 4_096 },
    "3ca5db40",
    pbkdf2Sync("pass", "3ca5db40", 4_096, 32, "sha256").toString("hex"),
  ],
  ["md5", { algorithm: "md5", saltPosition: "suffix" }, "s4lt", hex("md5", "passs4lt")],
  ["sha", emqxHashing("sha", "prefix", 1), "s4lt", hex("sha1", "s4ltpass")],
  [
    "pbkdf2 with SHA-1",
    emqxHashing("pbkdf2-sha", "prefix", 1_000),
    "s4lt",
    pbkdf2Sync("pass", "s4lt", 1_000, 20, "sha1").toString("hex"),
  ],
  ["bcrypt", { algorithm: "bcrypt" }, "$2b$04$abcdefghijklmnopqrstuu", hashSync("pass", 4)],
];

test.each(EMQX)("EMQX's CSV with %s is read, and its hashes are checked", async (_, hashing, salt, hash) => {
  const text = `user_id,password_hash,salt,is_superuser\nann,${hash},${salt},true\n`;
  const [user] = parseEmqxUsers(text, "users.csv", hashing);
  expect(user).toMatchObject({ username: "ann", isSuperuser: true });
  expect(await verifyForeignHash(user!.passwordHash, bytes("pass"))).toBe(true);
  expect(await verifyForeignHash(user!.passwordHash, bytes("past"))).toBe(false);
});

test("a bcrypt hash is checked beside the event loop, and bytes that are no text are wrong", async () => {
  const hash = hashSync("pass", 11);
  let [turns, isDone] = [0, false];
  const checked = Promise.all([
    verifyForeignHash(hash, bytes("pass")),
    verifyForeignHash(hash, bytes("past")),
    verifyForeignHash(hash, Uint8Array.of(0xff)),
  ]).finally(() => (isDone = true));
  while (!isDone) {
    turns++;
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await checked).toEqual([true, false, false]);
  // In JavaScript between them there would be room for a handful.
  expect(turns).toBeGreaterThan(50);
});

test.each<[string, string]>([
  ["", "line 1: "],
  ["user_id,salt\n", "password_hash is missing"],
  ["user_id,password_hash,colour\n", '"colour" is not known; known are user_id, password_hash, salt, is_superuser'],
  ["ann:$7$101$AAAA$AAAA\n", "line 1: this is no head with the names of columns"],
  ["user_id,password_hash\na\n", "line 2: "],
  ["user_id,password_hash\na,xyz\n", "none of that algorithm"],
  ["user_id,password_hash\na,abcd\n", "none of that algorithm"],
  [`user_id,password_hash,is_superuser\na,${hex("sha256", "")},perhaps\n`, "neither true nor false"],
])("%j is no file of EMQX's: %s", (text, words) => {
  const hashing = { algorithm: "sha256", saltPosition: "prefix" } as const;
  const read = (): unknown => parseEmqxUsers(text, "users.csv", hashing);
  expect(read).toThrow(expect.objectContaining({ code: "OPTION_INVALID", message: expect.stringContaining(words) as string }));
});

test("passwords themselves come in two forms of EMQX's", () => {
  const read = (text: string): unknown => [hasPasswords(text, "f"), hasPasswords(text, "f") && parsePlainUsers(text, "f")];
  const ann = { username: "ann", password: "p,w", isSuperuser: false };
  expect(read('username,password\nann,"p,w"\n')).toEqual([true, [ann]]);
  expect(read('user_id,password,is_superuser\nann,"p,w",true\n')).toEqual([true, [{ ...ann, isSuperuser: true }]]);
  expect(read("user_id,password_hash\nann,00\n")).toEqual([false, false]);
  expect(() => read("username,password,colour\na,b,c\n")).toThrow("known are username, password, is_superuser");
  expect(() => read("username,password\na\n")).toThrow("line 2: 1 fields");
});

test("mosquitto 2.1's Argon2id hashes are read, checked and replaced, and none that would cost too much", async () => {
  const argon2id = await argon2("secret3", {
    memoryCost: 47_104,
    timeCost: 1,
    parallelism: 1,
    outputLen: 64,
    salt: randomBytes(64),
  });
  const [user] = parseMosquittoUsers(`ann:${argon2id}\n`, "passwd");
  const { users, chain, request } = setUp();
  await users.importAll("default", [user!]);
  expect(await chain.authenticate(request("wrong"), never)).toMatchObject({ reasonCode: 0x86 });
  expect(await chain.authenticate(request("secret3"), never)).toMatchObject({ allowed: true });
  expect(users.find("default", "ann")?.passwordHash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  for (const cost of ["m=9999999,t=1,p=1", "m=47104,t=200,p=1", "m=47104,t=1,p=100", "m=1,t=1,p=1", "m=47104,t=0,p=1"])
    expect(isForeignHash(argon2id.replace("m=47104,t=1,p=1", cost))).toBe(false);
});

test("what is exported can be imported, of those too who have not logged in yet", () => {
  const hashing = emqxHashing("sha256", "suffix", 1);
  const [made] = parseEmqxUsers(`user_id,password_hash,salt\nann,${hex("sha256", "pws")},s\n`, "f", hashing);
  const users = [made!, { username: "bob", passwordHash: SEVEN }, { username: "c,d", passwordHash: hashSync("pw", 4) }];
  const read = parseEmqxUsers(writeEmqxUsers(users), "f", emqxHashing("pbkdf2-sha512", "prefix", 1));
  expect(read.map(({ username, passwordHash }) => ({ username, passwordHash }))).toEqual(
    users.map(({ username, passwordHash }) => ({ username, passwordHash })),
  );
});

test("nothing of a file that is another one's is told", () => {
  const hashing = emqxHashing("sha256", "prefix", 1);
  for (const text of [`ann:${SEVEN}\n`, "ann:secret\n"])
    expect(() => parseEmqxUsers(text, "f", hashing)).toThrow(/^(?!.*(ann|secret))/);
  expect(EMQX_HASHES.map((name) => emqxHashing(name, "suffix", 9))).toContainEqual({
    algorithm: "pbkdf2",
    digest: "sha384",
    iterations: 9,
  });
});

test.each(["ann", "ann:secret", ":x", "ann:$6$only", "ann:$2b$04$abc"])("%j is no line of mosquitto's", (line) => {
  expect(() => parseMosquittoUsers(`\n${line}\n`, "passwd")).toThrow(
    expect.objectContaining({ code: "OPTION_INVALID", message: expect.stringContaining("line 2: ") as string }),
  );
});

/** 66 bytes. */
const LONG = "A".repeat(88);

test("hashes that would keep the machine busy, or are of no kind, are none", async () => {
  const none = [
    `$7$99999999$AAAA$${LONG}`,
    // Cut short: so many bytes are derived as are there, and none are the same for every password.
    "$7$101$AAAA$A",
    "$7$101$AAAA$AAAA",
    "$emqx-pbkdf2-sha256$4096$AAAA$A=",
    `$7$0$AAAA$${LONG}`,
    `$2b$31$${"a".repeat(53)}`,
    "$argon2id$v=19$m=1,t=1,p=1$AAAA$AAAA",
    "plain",
  ];
  expect(none.filter(isForeignHash)).toEqual([]);
  await expect(verifyForeignHash("plain", bytes("x"))).rejects.toThrow(RangeError);
});

function setUp() {
  const hasher = new PasswordHasher();
  const users = new UserDirectory(new MemoryStorage(), hasher);
  const changes: string[] = [];
  users.onChange(({ kind }) => changes.push(kind));
  const chain = new AuthenticatorChain([new UserMethod(users, hasher)], silentLogger);
  const request = (password: string): AuthRequest => ({
    tenant: "default",
    username: "ann",
    password: bytes(password),
    clientIdentifier: "c",
    transport: "tls",
    remoteAddress: "192.0.2.1",
  });
  return { users, chain, changes, request };
}

test("an imported user logs in with its password, from then on by a hash of ours, and nobody is disconnected", async () => {
  const { users, chain, changes, request } = setUp();
  await users.importAll("default", [{ username: "ann", passwordHash: SEVEN }]);
  expect(await chain.authenticate(request("wrong"), never)).toMatchObject({ reasonCode: 0x86 });
  expect(users.find("default", "ann")?.passwordHash).toBe(SEVEN);
  expect(await chain.authenticate(request("secret"), never)).toEqual({ allowed: true, owner: "ann" });
  expect(users.find("default", "ann")?.passwordHash).toMatch(/^\$argon2id\$/);
  expect(chain.authenticateNow(request("secret"))).toEqual({ allowed: true, owner: "ann" });
  expect(await chain.authenticate(request("wrong"), never)).toMatchObject({ reasonCode: 0x86 });
  expect(changes).toEqual(["added"]);
});

test("several logins at once, one of which replaces the hash, all get in", async () => {
  const { users, chain, request } = setUp();
  await users.importAll("default", [{ username: "ann", passwordHash: SIX }]);
  const answers = await Promise.all(
    Array.from({ length: 25 }, (_, i) => chain.authenticate({ ...request("secret2"), remoteAddress: `192.0.2.${i}` }, never)),
  );
  expect(answers.filter(({ allowed }) => allowed)).toHaveLength(25);
});

test("an import is done as a whole or not at all", async () => {
  const { users } = setUp();
  await users.add("default", "old", "pw");
  const good = { username: "ann", passwordHash: SIX };
  const wrong = [
    [good, good],
    [good, { username: "a/b", passwordHash: SIX }],
    [good, { username: "b", passwordHash: "plain" }],
    [good, { username: "old", passwordHash: SIX }],
  ];
  for (const each of wrong) await expect(users.importAll("default", each)).rejects.toMatchObject({ source: "usage" });
  expect(users.list("default").map(({ username }) => username)).toEqual(["old"]);
});
