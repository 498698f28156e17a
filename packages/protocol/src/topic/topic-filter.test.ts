import { expect, test } from "vitest";
import { hasWildcard, parseShare, validateTopicFilter } from "./topic-filter.ts";

test.each([
  "a",
  "/",
  "#",
  "+",
  "/+",
  "+/",
  "+/+",
  "a/#",
  "/#",
  "+/#",
  "a/+/b",
  "$SYS/#",
  "$share/g/a",
  "$share/g/+/#",
  "$share/g//",
  "$share/g/$share/h",
  "$sharex/a",
  "$shar",
  "é/+/😀",
])("takes %j", (topicFilter) => {
  expect(validateTopicFilter(topicFilter)).toBeUndefined();
});

// covers: [MQTT-4.7.1-1] [MQTT-4.7.1-2] [MQTT-4.7.3-1] [MQTT-4.7.3-2] [MQTT-4.7.3-3]
// [v3 MQTT-4.7.1-2] [v3 MQTT-4.7.1-3] [v3 MQTT-4.7.3-1] [v3 MQTT-4.7.3-2] [v3 MQTT-4.7.3-3]
test.each([
  ["", "MQTT-4.7.3-1"],
  ["a\0", "MQTT-4.7.3-2"],
  ["a\uDFFF", "MQTT-1.5.4-1"],
  ["a/".repeat(32_768), "MQTT-4.7.3-3"],
  ["a#", "MQTT-4.7.1-1"],
  ["#a", "MQTT-4.7.1-1"],
  ["#/a", "MQTT-4.7.1-1"],
  ["a/#/b", "MQTT-4.7.1-1"],
  ["a/#/#", "MQTT-4.7.1-1"],
  ["##", "MQTT-4.7.1-1"],
  ["+#", "MQTT-4.7.1-1"],
  ["a+", "MQTT-4.7.1-2"],
  ["+a/b", "MQTT-4.7.1-2"],
  ["a/b+/c", "MQTT-4.7.1-2"],
  ["++", "MQTT-4.7.1-2"],
  ["+/a/++", "MQTT-4.7.1-2"],
])("refuses %j by %s", (topicFilter, clause) => {
  expect(validateTopicFilter(topicFilter)).toMatchObject({ reasonCode: 0x8f, clause });
});

test.each([
  ["$share", "MQTT-4.8.2-1"],
  ["$share/", "MQTT-4.8.2-1"],
  ["$share//", "MQTT-4.8.2-1"],
  ["$share//t", "MQTT-4.8.2-1"],
  ["$share/ab", "MQTT-4.8.2-2"],
  ["$share/ab/", "MQTT-4.8.2-2"],
  ["$share/a+b/t", "MQTT-4.8.2-2"],
  ["$share/#/t", "MQTT-4.8.2-2"],
  ["$share/+", "MQTT-4.8.2-2"],
  ["$share/g/a#", "MQTT-4.7.1-1"],
  ["$share/g/a+/b", "MQTT-4.7.1-2"],
])("[MQTT-4.8.2-1] [MQTT-4.8.2-2] refuses the shared subscription %j by %s", (topicFilter, clause) => {
  expect(validateTopicFilter(topicFilter)).toMatchObject({ reasonCode: 0x8f, clause });
});

test("counts the levels of the filter that topics are matched against", () => {
  expect(validateTopicFilter("a/+/#", 3)).toBeUndefined();
  expect(validateTopicFilter("a/+/#", 2)).toMatchObject({ reasonCode: 0x8f, clause: undefined });
  expect(validateTopicFilter("$share/g/a/+/#", 3)).toBeUndefined();
  expect(validateTopicFilter("$share/g/a/+/#", 2)).toMatchObject({ reasonCode: 0x8f });
  expect(validateTopicFilter("/".repeat(65_535))).toBeUndefined();
  expect(validateTopicFilter("/".repeat(65_535), 128)).toMatchObject({ reasonCode: 0x8f });
});

test("takes a shared subscription apart", () => {
  expect(parseShare("$share/g/a/#")).toEqual({ shareName: "g", topicFilter: "a/#" });
  expect(parseShare("$share/g//")).toEqual({ shareName: "g", topicFilter: "/" });
  expect(parseShare("a/#")).toBeUndefined();
  expect(parseShare("$share")).toBeUndefined();
  expect(parseShare("$share/g")).toBeUndefined();
});

test("knows a filter that matches one topic only", () => {
  expect(["a", "a/b", "/", "$SYS"].some(hasWildcard)).toBe(false);
  expect(["#", "a/#", "+", "a/+/b"].every(hasWildcard)).toBe(true);
});
