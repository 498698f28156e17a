import { expect, test } from "vitest";
import { LatencyHistogram } from "./latency-histogram.ts";
import type { LoadOptions } from "./load-options.ts";
import { chargeUnsent, unsentOf } from "./unsent.ts";

const SECOND_NS = 1e9;

function options(changes: Partial<LoadOptions>): LoadOptions {
  return { rate: 1_000, count: 0, publishers: 2, ...changes } as LoadOptions;
}

test("an open loop that kept its rate owes nothing, or the message of this moment", () => {
  expect(unsentOf(options({}), 10 * SECOND_NS, 10_001)).toEqual({ count: 0, isTooMany: false });
  expect(unsentOf(options({}), 10 * SECOND_NS, 10_000)).toEqual({ count: 1, isTooMany: false });
});

test("a broker that stalled to the end leaves messages that are due and not sent", () => {
  expect(unsentOf(options({}), 10 * SECOND_NS, 7_000)).toEqual({ count: 3_001, isTooMany: true });
});

test("a count that was sent is all that was due, and a closed loop owes nothing", () => {
  expect(unsentOf(options({ count: 50 }), 10 * SECOND_NS, 100)).toEqual({ count: 0, isTooMany: false });
  expect(unsentOf(options({ rate: 0 }), 10 * SECOND_NS, 1)).toEqual({ count: 0, isTooMany: false });
});

test("each message that never left is charged with the time that it had waited", () => {
  const latencies = new LatencyHistogram();
  latencies.add(1_000, 7_000);
  chargeUnsent(latencies, 3_000, 1_000);
  expect(latencies.percentile(0.5)).toBeCloseTo(1, 1);
  expect(latencies.percentile(0.99) / 1e6).toBeGreaterThan(2.7);
  expect(latencies.percentile(1) / 1e6).toBeCloseTo(3, 0);
  const many = new LatencyHistogram();
  chargeUnsent(many, 1_000_003, 1_000_000);
  expect(many.percentile(0.5) / 1e6).toBeCloseTo(0.5, 1);
});
