import { expect, test } from "vitest";
import { bytes, count, rate } from "./numbers.ts";
import { duration } from "./times.ts";
import { visibleLine } from "./visible-text.ts";

test("numbers and their units", () => {
  expect([count(1_234_567), rate(0.44), rate(123.4), rate(12_345)]).toEqual(["1,234,567", "0.4", "123", "12,345"]);
  expect([0, 0.5, 1_023, 1_024, 1.5 * 2 ** 20, 2 ** 60].map(bytes)).toEqual([
    "0 B",
    "0.5 B",
    "1,023 B",
    "1 KiB",
    "1.5 MiB",
    "1,024 PiB",
  ]);
});

test("durations have two units at most", () => {
  const minute = 60_000;
  expect([-5, 59_999, 90_000, 125 * minute, 49 * 60 * minute].map(duration)).toEqual([
    "0 s",
    "59 s",
    "1 min",
    "2 h 5 min",
    "2 d 1 h",
  ]);
});

test("a name stays on its line", () => {
  expect(visibleLine("a\nb\u0000c<d>")).toBe("a\\u{0a}b\\u{00}c<d>");
});
