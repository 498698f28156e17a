import { expect, test } from "vitest";
import { LatencyHistogram } from "./latency-histogram.ts";

test("percentiles are within 0.8 % of the sorted values, from 100 ns to minutes", () => {
  const histogram = new LatencyHistogram();
  const values: number[] = [];
  for (let i = 0; i < 10_000; i++) values.push(100 * 1.0021 ** i);
  for (const value of values) histogram.add(value, 1);
  for (const part of [0.001, 0.1, 0.5, 0.9, 0.99, 1]) {
    const exactUs = values[Math.ceil(part * values.length) - 1]! / 1000;
    expect(Math.abs(histogram.percentile(part) - exactUs)).toBeLessThan(exactUs * 0.008 + 0.1);
  }
});

test("counts weigh, merged ones too, and clear forgets", () => {
  const one = new LatencyHistogram();
  const other = new LatencyHistogram();
  one.add(1_000_000, 10);
  other.add(5_000_000, 990);
  one.merge(other.snapshot());
  expect(one.percentile(0.005)).toBeCloseTo(1000, -1);
  expect(one.percentile(0.5)).toBeCloseTo(5000, -2);
  one.clear();
  expect(one.percentile(0.5)).toBe(0);
});

test("a clock that went back is no latency, and a very long one is the longest", () => {
  const histogram = new LatencyHistogram();
  histogram.add(-5, 1);
  expect(histogram.percentile(1)).toBe(0);
  histogram.add(1e15, 1);
  expect(histogram.percentile(1)).toBeGreaterThan(4e8);
});
