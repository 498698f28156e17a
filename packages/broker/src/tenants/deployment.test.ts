import { expect, test } from "vitest";
import { RuleAccess } from "../acl/rule-access.ts";
import { RuleDirectory } from "../acl/rule-directory.ts";
import { PasswordHasher } from "../auth/password-hasher.ts";
import { UserDirectory } from "../auth/user-directory.ts";
import { MemoryStorage } from "../storage/memory-storage.ts";
import { boundedRules, boundedUsers, rulesOf, usersOf } from "./deployment.ts";

const refused = { code: "ADMIN_REFUSED" };

test("a plan bounds users, however they come, and not those of another tenant", async () => {
  const all = new UserDirectory(new MemoryStorage(), new PasswordHasher());
  const users = boundedUsers(usersOf(all, "acme"), 2);
  await all.add("beta", "ann", "x");
  await users.add("ann", "x");
  const passwordHash = `$2b$04$${"a".repeat(53)}`;
  const two = ["bob", "cid"].map((username) => ({ username, passwordHash }));
  await expect(users.importAll(two)).rejects.toMatchObject(refused);
  await users.importAll(two.slice(0, 1));
  await expect(users.add("dan", "x")).rejects.toThrow(/no more than 2 users \(maximumUsers\)/);
  await users.remove("bob");
  await users.add("dan", "x");
});

test("a plan bounds users who come at once too", async () => {
  const users = boundedUsers(usersOf(new UserDirectory(new MemoryStorage(), new PasswordHasher()), "acme"), 2);
  const added = await Promise.allSettled(["ann", "bob", "cid", "dan"].map((username) => users.add(username, "x")));
  expect(added.filter(({ status }) => status === "fulfilled")).toHaveLength(2);
  expect(users.list()).toHaveLength(2);
});

test("a plan bounds rules, however they come", async () => {
  const rules = boundedRules(rulesOf(new RuleAccess(new RuleDirectory(new MemoryStorage())), "acme"), { maximumRules: 2 });
  const rule = { permission: "allow", action: "both", topics: ["a"] } as const;
  await rules.add(rule);
  await expect(rules.addAll([rule, rule])).rejects.toMatchObject(refused);
  await expect(rules.replaceAll([rule, rule, rule])).rejects.toMatchObject(refused);
  await rules.replaceAll([rule, rule]);
  await expect(rules.add(rule)).rejects.toThrow(/maximumRules/);
});

test("a plan bounds the rules about one user and about one Client Identifier, also when one is changed to be about them", async () => {
  const all = rulesOf(new RuleAccess(new RuleDirectory(new MemoryStorage())), "acme");
  const rules = boundedRules(all, { maximumRulesPerUser: 2 });
  const about = (whom: { user?: string; client?: string }) =>
    ({ permission: "allow", action: "both", topics: ["a"], ...whom }) as const;
  await rules.addAll([about({ user: "ann" }), about({ user: "ann" }), about({ client: "ann" }), about({}), about({}), about({})]);
  await expect(rules.add(about({ user: "ann" }))).rejects.toThrow(
    'no more than 2 access rules about the user "ann" (maximumRulesPerUser)',
  );
  await expect(rules.addAll([about({ client: "ann" }), about({ client: "ann" })])).rejects.toMatchObject(refused);
  const [first, , third] = rules.list();
  await rules.put(first!.id, about({ user: "ann" }));
  await expect(rules.put(third!.id, about({ user: "ann" }))).rejects.toThrow('the user "ann"');
  await rules.put(third!.id, about({ client: "bob" }));
  await expect(rules.replaceAll(Array.from({ length: 3 }, () => about({ client: "c" })))).rejects.toMatchObject(refused);
  expect(all.list()).toHaveLength(6);
});
