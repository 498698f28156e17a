import { expect, test } from "vitest";
import { compareDurable, missedByDurable } from "./compare-durable.ts";

test("durable QoS 1 is measured beside the library, and everything acknowledged is there afterwards", async () => {
  const found = await compareDurable({ rounds: 1, seconds: 0.3, warm: 0.1 });
  expect(found.libraryPerSecond).toBeGreaterThan(0);
  expect(found.alone.perSecond).toBeGreaterThan(0);
  expect(found.hashing.perSecond).toBeGreaterThan(0);
  expect([found.alone.hashed, found.hashing.hashed > 0]).toEqual([0, true]);
});

test("what is below a target is named", () => {
  const figures = { lagP99: 25, lagMax: 100, hashed: 0 };
  const missed = missedByDurable({
    libraryPerSecond: 1_000,
    alone: { ...figures, perSecond: 300 },
    hashing: { ...figures, perSecond: 100 },
  });
  expect(missed).toEqual([
    "durable QoS 1: 0.30 of the library's rate, not 0.4",
    "durable QoS 1 with password hashes: 0.33 of the rate without, not 0.5",
    "durable QoS 1: the event loop is 25.0 ms late, not under 20",
  ]);
});
