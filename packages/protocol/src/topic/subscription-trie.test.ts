import { expect, test } from "vitest";
import { SubscriptionTrie } from "./subscription-trie.ts";

function trieOf(...filters: string[]): SubscriptionTrie<{ filter: string }> {
  const trie = new SubscriptionTrie<{ filter: string }>();
  for (const filter of filters) trie.add(filter, { filter });
  return trie;
}

function matched(trie: SubscriptionTrie<{ filter: string }>, topicName: string): string[] {
  const into: { filter: string }[] = [];
  trie.matchInto(topicName, into);
  return into.map((value) => value.filter).sort();
}

test("finds exact and wildcard filters together", () => {
  const trie = trieOf("a/b", "a/+", "a/#", "#", "+/b", "a/b/c", "b");
  expect(matched(trie, "a/b")).toEqual(["#", "+/b", "a/#", "a/+", "a/b"]);
  expect(matched(trie, "a")).toEqual(["#", "a/#"]);
  expect(matched(trie, "a/b/c")).toEqual(["#", "a/#", "a/b/c"]);
  expect(trie.size).toBe(7);
});

test("[MQTT-4.7.2-1] [v3 MQTT-4.7.2-1] keeps $ topics from filters that begin with a wildcard", () => {
  const trie = trieOf("#", "+/a", "+/#", "$SYS/a", "$SYS/#", "$SYS/+");
  expect(matched(trie, "$SYS/a")).toEqual(["$SYS/#", "$SYS/+", "$SYS/a"]);
  expect(matched(trie, "$SYS")).toEqual(["$SYS/#"]);
});

test("[MQTT-4.7.3-4] [v3 MQTT-4.7.3-4] tells apart what only looks alike", () => {
  const trie = trieOf("\u00e9", "e\u0301", "A", "a", "\uff21", "\ufeffa", "a\u00ad");
  for (const topicName of ["\u00e9", "e\u0301", "A", "a", "\uff21", "\ufeffa", "a\u00ad"]) {
    expect(matched(trie, topicName)).toEqual([topicName]);
  }
});

test("knows empty levels", () => {
  const trie = trieOf("+", "/+", "+/", "/", "a/", "a//#");
  expect(matched(trie, "/")).toEqual(["+/", "/", "/+"]);
  expect(matched(trie, "a/")).toEqual(["+/", "a/", "a//#"]);
  expect(matched(trie, "a//x")).toEqual(["a//#"]);
});

test.each(["a", "a/+", "#"])("holds a value once under %s, and tells values apart by reference", (filter) => {
  const trie = new SubscriptionTrie<{ filter: string }>();
  const values = [{ filter }, { filter }, { filter }];
  expect(values.map((value) => trie.add(filter, value))).toEqual([true, true, true]);
  expect(values.map((value) => trie.add(filter, value))).toEqual([false, false, false]);
  expect(trie.size).toBe(3);
  expect(matched(trie, "a")).toHaveLength(filter === "a/+" ? 0 : 3);
  expect(trie.remove(filter, { filter })).toBe(false);
  expect(values.map((value) => trie.remove(filter, value))).toEqual([true, true, true]);
  expect(values.map((value) => trie.remove(filter, value))).toEqual([false, false, false]);
  expect(trie.size).toBe(0);
});

test("appends a value once for each of its filters that match", () => {
  const trie = new SubscriptionTrie<object>();
  const value = {};
  for (const filter of ["a/b", "a/+", "#"]) trie.add(filter, value);
  const into: object[] = [];
  trie.matchInto("a/b", into);
  expect(into).toEqual([value, value, value]);
});

test("keeps what else lies on the path of a removed filter", () => {
  const trie = trieOf("a/+/c", "a/+", "a/b/#");
  const value = { filter: "a/+/c/d/+" };
  trie.add(value.filter, value);
  expect(trie.remove("a/+/c/d/+", value)).toBe(true);
  expect(trie.remove("x/+", value)).toBe(false);
  expect(matched(trie, "a/b/c")).toEqual(["a/+/c", "a/b/#"]);
});

test("is not exhausted by 65,535 levels", () => {
  const slashes = "/".repeat(65_533);
  const trie = trieOf(`${slashes}/+`, `${slashes}/#`, `${slashes}/`, "+/#");
  expect(matched(trie, `${slashes}/`)).toHaveLength(4);
  const value = { filter: `+${slashes}+` };
  expect(trie.add(value.filter, value)).toBe(true);
  expect(trie.remove(value.filter, value)).toBe(true);
});
