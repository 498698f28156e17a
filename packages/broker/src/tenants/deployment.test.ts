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

test("a plan bounds rules, however they come", async () => {
  const rules = boundedRules(rulesOf(new RuleAccess(new RuleDirectory(new MemoryStorage())), "acme"), 2);
  const rule = { permission: "allow", action: "both", topics: ["a"] } as const;
  await rules.add(rule);
  await expect(rules.addAll([rule, rule])).rejects.toMatchObject(refused);
  await expect(rules.replaceAll([rule, rule, rule])).rejects.toMatchObject(refused);
  await rules.replaceAll([rule, rule]);
  await expect(rules.add(rule)).rejects.toThrow(/maximumRules/);
});
