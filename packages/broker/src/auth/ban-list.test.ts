import { expect, test } from "vitest";
import { silentLogger } from "../log/logger.ts";
import { MemoryStorage } from "../storage/memory-storage.ts";
import { StoreImage } from "../storage/store-image.ts";
import type { StoredRule } from "../storage/storage.ts";
import type { AuthRequest } from "./authenticator.ts";
import { AuthenticatorChain } from "./authenticator-chain.ts";
import { BanList } from "./ban-list.ts";
import { BanningAuthenticator } from "./banning-authenticator.ts";

const never = new AbortController().signal;
const request = (clientIdentifier: string, remoteAddress: string, username = "ann"): AuthRequest => ({
  tenant: "default",
  username,
  password: undefined,
  clientIdentifier,
  transport: "tcp",
  remoteAddress,
});

function setUp() {
  const image = new StoreImage();
  const clock = { now: 1_000 };
  const bans = new BanList(new MemoryStorage({ image }), () => clock.now);
  let asked = 0;
  const allow = ({ username = "" }: AuthRequest) => {
    asked++;
    return { allowed: true, owner: `${username}@example` } as const;
  };
  const method = { answerNow: () => "later" as const, answer: (each: AuthRequest) => Promise.resolve(allow(each)) };
  const exchange = { name: "M", begin: (each: AuthRequest) => ({ next: () => allow(each) }) };
  const authenticator = new BanningAuthenticator(new AuthenticatorChain([method], silentLogger, [exchange]), bans);
  const login = async (...of: Parameters<typeof request>) =>
    authenticator.authenticateNow(request(...of)) ?? (await authenticator.authenticate(request(...of), never));
  return { image, clock, bans, login, authenticator, asked: () => asked };
}

test("an address or a Client Identifier is refused with 0x8A before anybody is asked", async () => {
  const { bans, login, authenticator, asked } = setUp();
  await bans.add("default", { kind: "address", value: "10.0.0.0/8" });
  await bans.add("default", { kind: "client", value: "bad" });
  expect(await login("good", "::ffff:10.1.2.3")).toMatchObject({ reasonCode: 0x8a });
  expect(await login("bad", "192.0.2.1")).toMatchObject({ reasonCode: 0x8a });
  expect(
    await authenticator.enhancedMethod("M", "default")!.begin(request("bad", "192.0.2.1")).next(undefined, never),
  ).toMatchObject({
    reasonCode: 0x8a,
  });
  expect(asked()).toBe(0);
  expect(await login("good", "192.0.2.1")).toMatchObject({ allowed: true });
  expect(authenticator.enhancedMethod("none", "default")).toBeUndefined();
});

test("a user is banned by the name that the authenticator gives, in exchanges too", async () => {
  const { bans, login, authenticator } = setUp();
  await bans.add("default", { kind: "user", value: "ann@example" });
  expect(await login("c", "192.0.2.1")).toMatchObject({ reasonCode: 0x8a });
  expect(await login("c", "192.0.2.1", "bob")).toMatchObject({ allowed: true });
  expect(await authenticator.enhancedMethod("M", "default")!.begin(request("c", "192.0.2.1")).next(undefined, never)).toMatchObject(
    {
      reasonCode: 0x8a,
    },
  );
});

test("a ban ends in time, or when it is lifted, and is kept", async () => {
  const { image, clock, bans, login } = setUp();
  await bans.add("default", { kind: "client", value: "a", until: 2_000, reason: "noise" });
  await bans.add("default", { kind: "client", value: "b" });
  const rows: StoredRule[] = [];
  const nothing = (): void => {};
  await new MemoryStorage({ image }).load({
    rule: (rule) => rows.push(rule),
    user: nothing,
    message: nothing,
    session: nothing,
    retained: nothing,
  });
  const again = new BanList(new MemoryStorage(), () => clock.now);
  again.begin(rows);
  expect(again.list("default")).toEqual([
    { kind: "client", value: "a", until: 2_000, reason: "noise" },
    { kind: "client", value: "b" },
  ]);
  clock.now = 2_000;
  expect(await login("a", "")).toMatchObject({ allowed: true });
  expect(bans.list("default")).toHaveLength(1);
  expect(await bans.lift("default", { kind: "client", value: "b" })).toBe(true);
  expect(await bans.lift("default", { kind: "client", value: "b" })).toBe(false);
  expect(await login("b", "")).toMatchObject({ allowed: true });
  expect(bans.find({ ...request("b", ""), tenant: "other", owner: undefined })).toBeUndefined();
});

test("what is wrong is named, and a row that cannot be read is damage", async () => {
  const { bans } = setUp();
  for (const value of ["", "nowhere", "10.0.0.0/99", "10.0.0.0/8/8"]) {
    await expect(bans.add("default", { kind: "address", value })).rejects.toMatchObject({ code: "OPTION_INVALID" });
  }
  expect(() => bans.begin([{ tenant: "default", id: "$ban:user:x", order: -1, rule: "{" }])).toThrow(
    expect.objectContaining({ code: "STORE_DAMAGED" }),
  );
});

test("the front of a listener is told of addresses alone, as long as a ban is in force", async () => {
  const { bans, clock } = setUp();
  expect(bans.isBannedAddress("default", "192.0.2.1")).toBe(false);
  await bans.add("default", { kind: "address", value: "192.0.2.1", until: 2_000 });
  await bans.add("default", { kind: "address", value: "2001:DB8::/32" });
  await bans.add("default", { kind: "client", value: "192.0.2.9" });
  for (const address of ["192.0.2.1", "2001:db8::7"]) expect(bans.isBannedAddress("default", address)).toBe(true);
  expect(bans.isBannedAddress("default", "192.0.2.9")).toBe(false);
  expect(bans.isBannedAddress("acme", "192.0.2.1")).toBe(false);
  clock.now = 2_000;
  expect(bans.isBannedAddress("default", "192.0.2.1")).toBe(false);
  await bans.lift("default", { kind: "address", value: "2001:DB8::/32" });
  expect(bans.isBannedAddress("default", "2001:db8::7")).toBe(false);
});
