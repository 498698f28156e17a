import { expect, test } from "vitest";
import { covers, matches, overlaps } from "./match.ts";

test.each([
  ["sport/tennis/player1/#", "sport/tennis/player1", true],
  ["sport/tennis/player1/#", "sport/tennis/player1/ranking", true],
  ["sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true],
  ["sport/tennis/player1/#", "sport/tennis/player2", false],
  ["sport/#", "sport", true],
  ["sport/#", "sports", false],
  ["#", "a/b", true],
  ["#", "/", true],
  ["sport/tennis/+", "sport/tennis/player1", true],
  ["sport/tennis/+", "sport/tennis/player1/ranking", false],
  ["sport/+", "sport", false],
  ["sport/+", "sport/", true],
  ["+", "finance", true],
  ["+/+", "/finance", true],
  ["/+", "/finance", true],
  ["+", "/finance", false],
  ["+/#", "a", true],
  ["a", "A", false],
  ["a/b", "a/b", true],
  ["a/b", "a/b/", false],
  ["a//b", "a/b", false],
  ["a/+/b", "a//b", true],
])("section 4.7.1: %j and %j: %j", (topicFilter, topicName, expected) => {
  expect(matches(topicFilter, topicName)).toBe(expected);
});

test.each([
  ["#", "$SYS/x", false],
  ["+/x", "$SYS/x", false],
  ["+/#", "$SYS/x", false],
  ["+", "$SYS", false],
  ["$SYS/#", "$SYS/x", true],
  ["$SYS/#", "$SYS/", true],
  ["$SYS/+", "$SYS/x", true],
  ["a/+", "a/$x", true],
  ["a/#", "a/$x", true],
])("[MQTT-4.7.2-1] [v3 MQTT-4.7.2-1] %j and %j: %j", (topicFilter, topicName, expected) => {
  expect(matches(topicFilter, topicName)).toBe(expected);
});

test("[MQTT-4.7.3-4] [v3 MQTT-4.7.3-4] compares without normalization", () => {
  // Composed and decomposed, width, case, a byte order mark, a soft hyphen, and escapes of other protocols.
  const alike = [
    ["\u00e9", "e\u0301"],
    ["\uff21", "A"],
    ["a", "A"],
    ["\ufeffa", "a"],
    ["a\u00ad", "a"],
    ["a%2Fb", "a/b"],
    ["a\\b", "a/b"],
    ["a/./b", "a/b"],
  ] as const;
  for (const [one, other] of alike) {
    expect(matches(one, other)).toBe(false);
    expect(matches(one, one)).toBe(true);
  }
});

test("takes topics of any depth", () => {
  const slashes = "/".repeat(65_535);
  expect(matches(slashes, slashes)).toBe(true);
  expect(matches("#", slashes)).toBe(true);
  expect(covers(slashes, slashes)).toBe(true);
  expect(overlaps(slashes, slashes)).toBe(true);
});

// Whatever small filters can tell apart shows on topics of one more level than they have, with one level ("z") none of them names.
const filters = enumerate(["", "a", "$s", "+"], 3).flatMap((filter) => [filter, `${filter}/#`]);
filters.push("#");
const wellFormed = filters.filter((filter) => filter !== "");
const topics = enumerate(["", "a", "$s", "z"], 5).filter((topic) => topic !== "");
const matchedBy = new Map(wellFormed.map((filter) => [filter, topics.map((topic) => matches(filter, topic))]));

test("covers agrees with all topics of a small world", () => {
  expect(pairsWhere((one, other, a, b) => covers(one, other) !== isCovered(a, b))).toEqual([]);
});

test("overlaps agrees with all topics of a small world, either way round", () => {
  expect(pairsWhere((one, other, a, b) => overlaps(one, other) !== meet(a, b))).toEqual([]);
});

function pairsWhere(isWrong: (one: string, other: string, a: boolean[], b: boolean[]) => boolean): string[] {
  const all = [...matchedBy];
  return all.flatMap(([one, a]) => all.filter(([other, b]) => isWrong(one, other, a, b)).map(([other]) => `${one} ${other}`));
}

function isCovered(a: boolean[], b: boolean[]): boolean {
  return b.every((isMatched, i) => !isMatched || a[i]);
}

function meet(a: boolean[], b: boolean[]): boolean {
  return b.some((isMatched, i) => isMatched && a[i]);
}

function enumerate(levels: string[], depth: number): string[] {
  let last = levels;
  const all = [...levels];
  for (let i = 1; i < depth; i++) {
    last = last.flatMap((start) => levels.map((level) => `${start}/${level}`));
    all.push(...last);
  }
  return all;
}
