import { expect, test } from "vitest";
import { validateTopicName } from "./topic-name.ts";

test.each([
  "a",
  "/",
  "a/b",
  "/a",
  "a/",
  "a//b",
  " ",
  "$",
  "$a",
  "$SYS/x",
  "$share/g/t",
  "é/ü",
  "温度",
  "😀/a",
  "\uFEFFa",
  "a".repeat(65_535),
])("takes %j", (topicName) => {
  expect(validateTopicName(topicName)).toBeUndefined();
});

// covers: [MQTT-4.7.0-1] [MQTT-4.7.3-1] [MQTT-4.7.3-2] [MQTT-4.7.3-3]
// [v3 MQTT-4.7.1-1] [v3 MQTT-4.7.3-1] [v3 MQTT-4.7.3-2] [v3 MQTT-4.7.3-3]
test.each([
  ["", "MQTT-4.7.3-1"],
  ["+", "MQTT-4.7.0-1"],
  ["a/#", "MQTT-4.7.0-1"],
  ["a+b", "MQTT-4.7.0-1"],
  ["a\0b", "MQTT-4.7.3-2"],
  ["a\uD800", "MQTT-1.5.4-1"],
  ["\uDC00a", "MQTT-1.5.4-1"],
  ["\uD800\uD800\uDC00", "MQTT-1.5.4-1"],
  ["a".repeat(65_536), "MQTT-4.7.3-3"],
  ["é".repeat(32_768), "MQTT-4.7.3-3"],
  ["温".repeat(21_846), "MQTT-4.7.3-3"],
  ["😀".repeat(16_384), "MQTT-4.7.3-3"],
])("refuses %j by %s", (topicName, clause) => {
  expect(validateTopicName(topicName)).toMatchObject({ reasonCode: 0x90, clause });
});

test("[MQTT-4.7.3-3] [v3 MQTT-4.7.3-3] counts UTF-8 bytes and not characters", () => {
  expect(validateTopicName(`a${"é".repeat(32_767)}`)).toBeUndefined();
  expect(validateTopicName("温".repeat(21_845))).toBeUndefined();
  expect(validateTopicName(`${"😀".repeat(16_383)}abc`)).toBeUndefined();
});

test("counts levels, empty ones included, up to the limit of the caller", () => {
  expect(validateTopicName("a/b//d", 4)).toBeUndefined();
  expect(validateTopicName("a/b//d", 3)).toMatchObject({ reasonCode: 0x90, clause: undefined });
  expect(validateTopicName("/".repeat(65_535))).toBeUndefined();
  expect(validateTopicName("/".repeat(65_535), 128)).toMatchObject({ reasonCode: 0x90 });
});

test("does not repeat the text, which may be long or secret", () => {
  expect(validateTopicName("secret\0")?.message).not.toContain("secret");
});
