import { expect, test } from "vitest";
import { LastComers } from "./last-comers.ts";

test("knows when somebody came last, and nobody who did not", () => {
  const comers = new LastComers();
  expect(comers.come("", 0)).toBeNaN();
  expect(comers.come("a", 1)).toBeNaN();
  expect(comers.come("b", 2)).toBeNaN();
  expect(comers.come("a", 3)).toBe(1);
  expect(comers.come("a", 4)).toBe(3);
  expect(comers.come("b", 5)).toBe(2);
  expect(comers.come("", 6)).toBe(0);
});

test("who comes after very many others may be forgotten, and is never taken for another", () => {
  const comers = new LastComers();
  for (let i = 0; i < 50_000; i++) expect(comers.come(`client-${i}`, i)).toBeNaN();
  let known = 0;
  for (let i = 49_999; i >= 0; i--) {
    const before = comers.come(`client-${i}`, 60_000);
    if (Number.isNaN(before)) continue;
    expect(before).toBe(i);
    known++;
  }
  expect(known).toBeGreaterThan(8_000);
});
