import { expect, test } from "vitest";
import { OutputLines } from "./output-lines.ts";

function linesOf(...texts: string[]): string[] {
  const told: string[] = [];
  const lines = new OutputLines((line) => told.push(line));
  for (const text of texts) lines.push(text);
  lines.end();
  return told;
}

test("what is printed is told by lines, wherever it was cut on its way", () => {
  expect(linesOf("one\ntw", "o\r", "\n", "\nthree")).toEqual(["one", "two", "", "three"]);
  expect(linesOf("one\n")).toEqual(["one"]);
});

test("a line that does not end is told once, cut, as soon as it is too long", () => {
  const told: string[] = [];
  const lines = new OutputLines((line) => told.push(line));
  for (let i = 0; i < 1_000; i++) lines.push("x".repeat(1_999));
  expect(told).toEqual(["x".repeat(2_000)]);
  lines.push("y\nnext\n");
  expect(told).toEqual(["x".repeat(2_000), "next"]);
});
