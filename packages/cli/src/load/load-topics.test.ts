import { expect, test } from "vitest";
import { plainServer } from "./load-server.ts";
import { topicFiltersOf, topicInTurn, topicOf, topicOfClient } from "./load-topics.ts";

const server = { ...plainServer("127.0.0.1", 1883, 5, "user-%i"), firstNumber: 100 };
const options = { topology: "pairs", prefix: "p", topics: 1, publishers: 3, subscribers: 3, server } as const;

test.each([
  [1, "p/pair/2", ["p/pair/2"]],
  [3, "p/pair/2/0", ["p/pair/2/+"]],
  [12, "p/pair/2/0000/0", Array.from({ length: 6 }, (_, i) => `p/pair/2/000${i}/+`)],
])("of %i topics the first is one of those in turn, and the filters cover all", (topics, first, filters) => {
  const several = { ...options, topics };
  expect(topicOf(several, 2)).toBe(first);
  expect(topicFiltersOf(several, 2)).toEqual(filters);
  const all = Array.from({ length: topics }, (_, turn) => topicInTurn(several, 2, turn));
  expect(new Set(all).size).toBe(topics);
  expect(all[0]).toBe(first);
  expect(topicInTurn(several, 2, topics)).toBe(first);
});

test("%i, %c and %u make a topic of each client's own", () => {
  const each = { ...options, prefix: "x/%i/%u/%c" };
  // Its connection is the sixth, after the subscribers'.
  expect(topicOf(each, 2)).toBe(`x/102/user-105/${server.connect.clientIdentifier.replace("%i", "105")}`);
  expect(topicFiltersOf(each, 2)).toEqual([topicOf(each, 2)]);
  expect(topicOfClient({ ...options, publishers: 0, prefix: "x/%u/#" }, 1)).toBe("x/user-101/#");
});
