import { expect, test } from "vitest";
import { rankNames } from "./rank-names.ts";

test("what is named most often gets the shortest names, and the rest keep their order", () => {
  const names = { $rare: "a", $other: "b", $once: "aa", $often: "ba", $twice: "ca" };
  const text = "x.often.often(y.often).twice.twice.rare({other:1,once:2})";
  expect(rankNames(names, text)).toEqual({ $rare: "aa", $other: "ba", $once: "ca", $often: "a", $twice: "b" });
});

test("every name is given once, whatever the text says", () => {
  const names = { $one: "a", $two: "b", $three: "aa" };
  expect(Object.values(rankNames(names, "")).toSorted()).toEqual(["a", "aa", "b"]);
});
