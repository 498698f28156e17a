import { describe, expect, test } from "vitest";
import { MemoryStorage } from "../storage/memory-storage.ts";
import type { StoredRule } from "../storage/storage.ts";
import { StoreImage } from "../storage/store-image.ts";
import type { RuleInput } from "./rule.ts";
import { RuleDirectory } from "./rule-directory.ts";

const rule = (topic: string, id?: string): RuleInput => ({
  permission: "allow",
  action: "both",
  topics: [topic],
  ...(id === undefined ? {} : { id }),
});

function open(image: StoreImage): RuleDirectory {
  const directory = new RuleDirectory(new MemoryStorage({ image }));
  const rows: StoredRule[] = [];
  image.visit({ rule: (row) => rows.push(row), message() {}, session() {}, retained() {}, user() {} });
  directory.begin(rows);
  return directory;
}

/** As they are, and as the next start finds them. */
function both(directory: RuleDirectory, image: StoreImage): string[] {
  const ids = directory.list("default").map(({ id }) => id);
  expect(open(image).list("default")).toEqual(directory.list("default"));
  return ids;
}

test("rules keep their order, wherever they are put and moved, and over a restart", async () => {
  const image = new StoreImage();
  const directory = open(image);
  await directory.addAll("default", [rule("a", "a"), rule("b", "b"), rule("c", "c")]);
  await directory.add("default", rule("x", "x"), 1);
  expect(both(directory, image)).toEqual(["a", "x", "b", "c"]);
  await directory.move("default", "c", 0);
  await directory.move("default", "a", 99);
  expect(both(directory, image)).toEqual(["c", "x", "b", "a"]);
  await directory.remove("default", "x");
  await directory.put("default", "b", { ...rule("other"), permission: "deny" });
  expect(both(directory, image)).toEqual(["c", "b", "a"]);
  expect(directory.list("default")[1]).toEqual({ ...rule("other", "b"), permission: "deny" });
  // So often into the same gap that there is no number left in it.
  for (let i = 0; i < 80; i++) await directory.add("default", rule("n", `n${i}`), 1);
  expect(both(directory, image).slice(0, 3)).toEqual(["c", "n79", "n78"]);
  expect(both(directory, image).slice(-2)).toEqual(["b", "a"]);
});

test("a rule without a name gets one that nobody had", async () => {
  const directory = open(new StoreImage());
  await directory.addAll("default", [rule("a"), rule("b", "rule-7"), rule("c")]);
  expect(directory.list("default").map(({ id }) => id)).toEqual(["rule-1", "rule-7", "rule-2"]);
  expect((await directory.add("default", rule("d"))).id).toBe("rule-8");
});

describe("what is wrong is refused, and nothing of it is kept", () => {
  test.each([
    [[rule("a", "one"), rule("b", "one")], "RULE_EXISTS"],
    [[rule("a"), rule("a/#/b")], "OPTION_INVALID"],
    [[rule("a"), { ...rule("b"), addresses: ["10.0.0.0/33"] }], "OPTION_INVALID"],
    [[rule("a", "$settings")], "OPTION_INVALID"],
  ] as const)("%#", async (rules, code) => {
    const image = new StoreImage();
    const directory = open(image);
    await expect(directory.addAll("default", rules)).rejects.toMatchObject({ code });
    await expect(directory.replaceAll("default", rules)).rejects.toMatchObject({ code });
    expect(both(directory, image)).toEqual([]);
    expect(directory.isUntouched("default")).toBe(true);
  });

  test("a rule that is not there", async () => {
    const directory = open(new StoreImage());
    await expect(directory.remove("default", "x")).rejects.toMatchObject({ code: "RULE_UNKNOWN" });
    await expect(directory.move("default", "x", 0)).rejects.toMatchObject({ code: "RULE_UNKNOWN" });
    await expect(directory.put("default", "x", rule("a"))).rejects.toMatchObject({ code: "RULE_UNKNOWN" });
  });
});

test("what is seeded comes once, also when it was taken away", async () => {
  const image = new StoreImage();
  const directory = open(image);
  expect(await directory.seed("default", "anonymous", [rule("#", "anonymous")])).toBe(true);
  await directory.remove("default", "anonymous");
  const again = open(image);
  expect(again.isUntouched("default")).toBe(false);
  expect(await again.seed("default", "anonymous", [rule("#", "anonymous")])).toBe(false);
  expect(again.list("default")).toEqual([]);
});

test("tenants have rules and settings of their own, and each change is told", async () => {
  const image = new StoreImage();
  const directory = open(image);
  const told: string[] = [];
  directory.onChange((tenant) => told.push(tenant));
  await directory.add("one", rule("a"));
  await directory.setNoMatch("two", "allow");
  await directory.setNoMatch("two", "allow");
  expect(told).toEqual(["one", "two"]);
  const again = open(image);
  expect([again.noMatch("one"), again.noMatch("two"), again.noMatch("three")]).toEqual(["deny", "allow", "deny"]);
  expect([again.list("one").length, again.list("two").length]).toEqual([1, 0]);
});

test.each(["nonsense", "{}", '{"permission":"allow","action":"both","topics":["a"],"later":1}'])(
  "a stored rule that cannot be read ends the start: %s",
  (text) => {
    const row = { tenant: "default", id: "x", order: 1, rule: text };
    const directory = new RuleDirectory(new MemoryStorage());
    expect(() => directory.begin([row])).toThrow(expect.objectContaining({ code: "STORE_DAMAGED" }));
  },
);
