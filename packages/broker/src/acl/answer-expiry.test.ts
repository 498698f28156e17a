import { expect, test } from "vitest";
import { MemoryStorage } from "../storage/memory-storage.ts";
import { AnswerExpiry } from "./answer-expiry.ts";
import type { AskedSource } from "./asked-source.ts";
import { parseRule } from "./rule.ts";
import { RuleAccess } from "./rule-access.ts";
import { RuleDirectory } from "./rule-directory.ts";

const who = { tenant: "default", owner: "ann", clientIdentifier: "c" };

function setUp(ask: AskedSource["ask"], keepMs: number) {
  const clock = { now: 0 };
  const expiry = new AnswerExpiry(() => clock.now);
  const access = new RuleAccess(new RuleDirectory(new MemoryStorage()), expiry);
  access.authorizers = new Map([["default", [{ name: "webhook", keepMs, ask }]]]);
  const rights = access.rightsOf(who, { remoteAddress: "" });
  const unknown = (): Promise<void> | undefined => rights.unknown?.("publish", "t", 0, false);
  const mayPublish = (): boolean => (rights.refusedPublishes("t") & 1) === 0;
  return { clock, expiry, access, unknown, mayPublish };
}

test("an answer holds for its time; then it is asked for again, and routes that rest on it are worked out anew", async () => {
  let asked = 0;
  const { clock, expiry, unknown, mayPublish } = setUp(() => Promise.resolve(++asked === 2 ? "deny" : "allow"), 60_000);
  await unknown();
  expect([mayPublish(), unknown(), expiry.sweep().size]).toEqual([true, undefined, 0]);
  clock.now = 59_999;
  expect([mayPublish(), expiry.sweep().size]).toEqual([true, 0]);
  clock.now = 60_000;
  expect(mayPublish()).toBe(false);
  // It is looked at every 5 s.
  expect(expiry.sweep().size).toBe(0);
  clock.now = 64_999;
  expect([...expiry.sweep()]).toEqual(["default"]);
  clock.now += 5_000;
  expect(expiry.sweep().size).toBe(0);
  await unknown();
  expect([mayPublish(), unknown()]).toEqual([false, undefined]);
  clock.now += 60_000;
  // No route rests on a denial: whoever tries again is asked about again.
  expect(expiry.sweep().size).toBe(0);
  await unknown();
  expect(mayPublish()).toBe(true);
});

test("a failure denies for a second, whatever answers are kept for", async () => {
  let fails = true;
  const ask = (): Promise<"allow"> => (fails ? Promise.reject(new Error("away")) : Promise.resolve("allow"));
  const { clock, unknown, mayPublish } = setUp(ask, 60_000);
  await unknown();
  expect([mayPublish(), unknown()]).toEqual([false, undefined]);
  fails = false;
  clock.now = 1_000;
  await unknown();
  expect(mayPublish()).toBe(true);
});

test("an answer to what was asked before the rules changed is none", async () => {
  const answers: ((reply: "allow" | "deny") => void)[] = [];
  const { access, unknown, mayPublish } = setUp(() => new Promise((resolve) => answers.push(resolve)), 60_000);
  const pending = unknown();
  await Promise.resolve();
  access.directory.askAgain("default");
  answers[0]!("allow");
  await new Promise((resolve) => setImmediate(resolve));
  expect([mayPublish(), answers.length]).toEqual([false, 2]);
  answers[1]!("deny");
  await pending;
  expect(mayPublish()).toBe(false);
});

test("authorizers of a tenant are asked about that tenant's clients alone", () => {
  const { access } = setUp(() => Promise.resolve("allow"), 60_000);
  const rights = access.rightsOf({ ...who, tenant: "acme" }, { remoteAddress: "" });
  expect([rights.unknown?.("publish", "t", 0, false), rights.refusedPublishes("t")]).toEqual([undefined, 0b11_1111]);
  const asked = { name: "granted", ask: () => Promise.resolve("ignore" as const) };
  const both = access.rightsOf({ ...who, tenant: "acme" }, { remoteAddress: "", sources: [asked] });
  return both.unknown?.("publish", "t", 0, false)?.then(() => expect(both.refusedPublishes("t")).toBe(0b11_1111));
});

test("nobody is asked about a filter that rules ahead grant, and who was not asked denies nothing", () => {
  const { access } = setUp(() => Promise.reject(new Error("asked")), 60_000);
  const claim = {
    name: "claim",
    rules: [parseRule({ permission: "allow", action: "both", topics: ["a/#"] })],
    isClosed: false,
  };
  const rights = access.rightsOf(who, { remoteAddress: "", sources: [claim] });
  expect(rights.unknown?.("subscribe", "a/b", 0, false)).toBeUndefined();
  expect(rights.subscribing("a/b", 0)).toMatchObject({ isAllowed: true });
  expect(rights.subscribing("b", 0)).toEqual({ isAllowed: false, reason: "webhook denies b" });
});

test("what is tried out is what the rules say, and nobody is asked", async () => {
  const { access } = setUp(() => Promise.reject(new Error("asked")), 60_000);
  await access.directory.add("default", { permission: "allow", action: "both", topics: ["a"] });
  const question = { client: "c", user: "ann", address: "", topic: "a", qos: 0, retain: false } as const;
  for (const action of ["publish", "subscribe", "receive"] as const)
    expect(access.answer("default", { ...question, action })).toEqual({ isAllowed: true, reason: "rule rule-1 allows a" });
});
