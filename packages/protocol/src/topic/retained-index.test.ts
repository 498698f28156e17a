import { expect, test } from "vitest";
import { RetainedIndex } from "./retained-index.ts";

function indexOf(...topics: string[]): RetainedIndex<string> {
  const index = new RetainedIndex<string>();
  for (const topic of topics) index.set(topic, topic.toUpperCase());
  return index;
}

function matched(index: RetainedIndex<string>, filter: string): string[] {
  const topics: string[] = [];
  index.match(filter, (value, topicName) => {
    expect(value).toBe(topicName.toUpperCase());
    topics.push(topicName);
  });
  return topics.sort();
}

test("keeps one value for a topic", () => {
  const index = indexOf("a/b");
  index.set("a/b", "new");
  expect(index.size).toBe(1);
  expect(index.get("a/b")).toBe("new");
  expect([index.get("a"), index.get("a/b/c"), index.get("")]).toEqual([undefined, undefined, undefined]);
});

test("finds topics by filter", () => {
  const index = indexOf("a", "a/b", "a/c", "a/b/c", "b", "/", "a/");
  expect(matched(index, "a/b")).toEqual(["a/b"]);
  expect(matched(index, "a/+")).toEqual(["a/", "a/b", "a/c"]);
  expect(matched(index, "a/#")).toEqual(["a", "a/", "a/b", "a/b/c", "a/c"]);
  expect(matched(index, "+")).toEqual(["a", "b"]);
  expect(matched(index, "+/+/c")).toEqual(["a/b/c"]);
  expect(matched(index, "#")).toHaveLength(7);
  expect(matched(index, "x/#")).toEqual([]);
});

test("[MQTT-4.7.2-1] keeps $ topics from filters that begin with a wildcard", () => {
  const index = indexOf("$SYS/a", "a/$b", "$x");
  expect(matched(index, "#")).toEqual(["a/$b"]);
  expect(matched(index, "+/a")).toEqual([]);
  expect(matched(index, "+")).toEqual([]);
  expect(matched(index, "$SYS/#")).toEqual(["$SYS/a"]);
});

test("deletes a topic and nothing else on its path", () => {
  const index = indexOf("a", "a/b/c", "a/b/d");
  expect(index.delete("a/b")).toBe(false);
  expect(index.delete("x")).toBe(false);
  expect(index.delete("a/b/c")).toBe(true);
  expect(index.delete("a/b/c")).toBe(false);
  expect(matched(index, "#")).toEqual(["a", "a/b/d"]);
  expect(index.size).toBe(2);
});

test("lets the visitor delete what it is given", () => {
  const index = indexOf("a", "a/b", "a/b/c", "b/c");
  index.match("#", (_, topicName) => index.delete(topicName));
  expect(index.size).toBe(0);
});

test("serves a filter in portions while topics come and go", () => {
  const index = indexOf("a/1", "a/2", "a/3");
  const portion = index.matching("a/+");
  const first = portion.next().value!;
  for (const topic of ["a/1", "a/2", "a/3"]) if (topic !== first.topicName) index.delete(topic);
  expect([...portion]).toEqual([]);
});

test("is not exhausted by 65,535 levels", () => {
  const slashes = "/".repeat(65_535);
  const index = indexOf(slashes);
  expect(matched(index, "#")).toEqual([slashes]);
  expect(matched(index, "/".repeat(65_534).concat("+"))).toEqual([]);
  expect(matched(index, "/".repeat(65_535).concat("+"))).toEqual([slashes]);
  expect(index.delete(slashes)).toBe(true);
});
