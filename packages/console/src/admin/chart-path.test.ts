import { expect, test } from "vitest";
import { axisMaximum, chartPath } from "./chart-path.ts";

const frame = { from: 0, to: 10_000, maximum: 10, width: 100, height: 50 };

test("a line goes from edge to edge, with zero at the bottom", () => {
  const points = [0, 2_500, 5_000, 7_500, 10_000].map((at) => ({ at, value: at / 1_000 }));
  expect(chartPath(points, frame)).toBe("M0.0 50.0L25.0 37.5L50.0 25.0L75.0 12.5L100.0 0.0");
});

test("where samples are missing there is no line", () => {
  const points = [1_000, 2_000, 8_000, 9_000].map((at) => ({ at, value: 0 }));
  expect(chartPath(points, frame)).toBe("M10.0 50.0L20.0 50.0M80.0 50.0L90.0 50.0");
});

test("what is older than the frame is left out", () => {
  expect(chartPath([{ at: -1, value: 5 }], frame)).toBe("");
});

test("an axis ends at 1, 2 or 5 and zeros", () => {
  expect([0, 1, 1.5, 3, 7, 11, 99, 100, 4_321].map(axisMaximum)).toEqual([1, 1, 2, 5, 10, 20, 100, 100, 5_000]);
});
