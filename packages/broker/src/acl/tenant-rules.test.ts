import { expect, test } from "vitest";
import { type Rule, RULES_MAX } from "./rule.ts";
import { TenantRules } from "./tenant-rules.ts";

const rule = (id: string, more: Partial<Rule> = {}): Rule => ({ id, permission: "allow", action: "both", topics: ["#"], ...more });
const who = (clientIdentifier: string, owner: string) => ({ tenant: "default", clientIdentifier, owner });
const HERE = { remoteAddress: "10.0.0.1" };

function make(rules: readonly Rule[]): TenantRules {
  return new TenantRules(
    rules.map((each, order) => ({ rule: each, order })),
    "deny",
  );
}

test("a client has the rules of all, of its identifier and of its name, in their order", () => {
  const rules = make([
    rule("user", { user: "ann" }),
    rule("all"),
    rule("client", { client: "c1" }),
    rule("both", { client: "c1", user: "ann" }),
    rule("other", { client: "c1", user: "bob" }),
    rule("there", { addresses: ["10.0.0.0/8"] }),
    rule("elsewhere", { addresses: ["11.0.0.0/8"] }),
    rule("anonymous", { user: "" }),
  ]);
  const of = (client: string, owner: string): string[] =>
    rules.bind(who(client, owner), HERE).rules.map(({ label }) => label.replace("rule ", ""));
  expect(of("c1", "ann")).toEqual(["user", "all", "client", "both", "there"]);
  expect(of("c1", "bob")).toEqual(["all", "client", "other", "there"]);
  expect(of("x", "")).toEqual(["all", "there", "anonymous"]);
  // Away, its address is not known: what one allows is allowed until it is back.
  expect(rules.bind(who("x", "x"), undefined).rules.map(({ label }) => label)).toEqual([
    "rule all",
    "rule there",
    "rule elsewhere",
  ]);
});

test("clients with the same rules share one list, and those with a placeholder have their own", () => {
  const rules = make([rule("all"), rule("own", { topics: ["own/${clientid}"], user: "ann" })]);
  expect(rules.bind(who("a", "x"), HERE)).toBe(rules.bind(who("b", "y"), HERE));
  expect(rules.bind(who("a", "ann"), HERE)).not.toBe(rules.bind(who("b", "ann"), HERE));
});

test("as many rules as there may be, one for each device, are read for none of them", () => {
  const devices = Array.from({ length: RULES_MAX - 1 }, (_, i) => rule(`r${i}`, { client: `device-${i}`, topics: [`d/${i}/#`] }));
  const rules = make([...devices, rule("all")]);
  const started = performance.now();
  for (let i = 0; i < 10_000; i++) expect(rules.bind(who(`device-${i % 9_999}`, ""), HERE).rules).toHaveLength(2);
  // Read through it would be 100 million rules, a matter of many seconds.
  expect(performance.now() - started).toBeLessThan(5_000);
});
