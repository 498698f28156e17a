import { expect, test } from "vitest";
import { MemoryStorage } from "../storage/memory-storage.ts";
import { AnswerExpiry } from "./answer-expiry.ts";
import type { AskedRights } from "./asked-rights.ts";
import type { AccessCase, AskedSource } from "./asked-source.ts";
import { parseRule } from "./rule.ts";
import { RuleAccess } from "./rule-access.ts";
import { RuleDirectory } from "./rule-directory.ts";

const who = { tenant: "default", owner: "ann", clientIdentifier: "c" };

function setUp(ask: AskedSource["ask"], keepMs: number, grantMs?: number) {
  const clock = { now: 0 };
  const expiry = new AnswerExpiry(() => clock.now);
  const access = new RuleAccess(new RuleDirectory(new MemoryStorage()), expiry);
  access.authorizers = new Map([["default", [{ name: "webhook", keepMs, ...(grantMs === undefined ? {} : { grantMs }), ask }]]]);
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

test("a Subscription that was granted is asked about again after its time, withdrawn by a word and not by a silence", async () => {
  let word: "allow" | "deny" | "silence" = "allow";
  const asked: string[] = [];
  const ask = ({ topic }: AccessCase): Promise<"allow" | "deny"> => {
    asked.push(topic);
    return word === "silence" ? Promise.reject(new Error("away")) : Promise.resolve(word);
  };
  const { clock, access } = setUp(ask, 60_000, 300_000);
  const rights = access.rightsOf(who, { remoteAddress: "" }) as AskedRights;
  const filters = ["a/#", "b"].map((topicFilter) => ({ topicFilter, qos: 1 as const }));
  for (const { topicFilter } of filters) {
    await rights.unknown("subscribe", topicFilter, 1, false);
    expect(rights.subscribing(topicFilter, 1).isAllowed).toBe(true);
  }
  const renew = (): Promise<boolean> | undefined => rights.renewGrants(() => filters);
  const delivers = (): boolean[] =>
    filters.map(({ topicFilter }) => rights.mayReceive(topicFilter.replace("#", "x"), 1, topicFilter));
  expect(renew()).toBeUndefined();
  clock.now = 299_999;
  expect(renew()).toBeUndefined();
  clock.now = 300_000;
  expect(await renew()).toBe(false);
  expect(asked).toEqual(["a/#", "b", "a/#", "b"]);
  word = "silence";
  clock.now += 300_000;
  expect([await renew(), delivers()]).toEqual([false, [true, true]]);
  word = "deny";
  const { version } = rights;
  expect(renew()).toBeUndefined();
  clock.now += 5_000;
  expect([await renew(), delivers(), rights.isFree("b", 1)]).toEqual([true, [false, false], false]);
  expect([rights.version === version, rights.mayReceive("b", 1)]).toEqual([false, false]);
  // By a new SUBSCRIBE, and by the next look.
  word = "allow";
  clock.now += 60_000;
  await rights.unknown("subscribe", "b", 1, false);
  rights.subscribing("b", 1);
  expect(delivers()).toEqual([false, true]);
  clock.now += 300_000;
  expect([await renew(), delivers()]).toEqual([true, [true, true]]);
  // One that is not there any more is not asked about.
  asked.length = 0;
  clock.now += 300_000;
  await rights.renewGrants(() => filters.slice(1));
  expect(asked).toEqual(["b"]);
});

test("a client that comes back is asked about at the next look, and where no time is set nobody is", async () => {
  const asked: string[] = [];
  const ask = ({ topic }: AccessCase): Promise<"deny"> => {
    asked.push(topic);
    return Promise.resolve("deny");
  };
  const filters = [{ topicFilter: "a", qos: 0 as const }];
  const back = setUp(ask, 60_000, 300_000).access.rightsOf(who, { remoteAddress: "" }) as AskedRights;
  expect(back.mayReceive("a", 0, "a")).toBe(true);
  expect(await back.renewGrants(() => filters)).toBe(true);
  expect([back.mayReceive("a", 0, "a"), asked]).toEqual([false, ["a"]]);
  const endless = setUp(ask, 60_000).access.rightsOf(who, { remoteAddress: "" }) as AskedRights;
  expect(endless.renewGrants(() => filters)).toBeUndefined();
});

test("what is tried out is what the rules say, and nobody is asked", async () => {
  const { access } = setUp(() => Promise.reject(new Error("asked")), 60_000);
  await access.directory.add("default", { permission: "allow", action: "both", topics: ["a"] });
  const question = { client: "c", user: "ann", address: "", topic: "a", qos: 0, retain: false } as const;
  for (const action of ["publish", "subscribe", "receive"] as const)
    expect(access.answer("default", { ...question, action })).toEqual({ isAllowed: true, reason: "rule rule-1 allows a" });
});
