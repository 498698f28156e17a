import { expect, test } from "vitest";
import { SharedCounters } from "./shared-counters.ts";

test("sums count on where 32 bits end", () => {
  const counters = new SharedCounters(2, 1);
  const [first, second] = [counters.threadCell(0, "received"), counters.threadCell(1, "received")];
  let expected = 0;
  for (let i = 0; i < 7; i++) {
    Atomics.add(counters.cells, first, 0x5555_5555);
    Atomics.add(counters.cells, second, 0x4000_0000);
    expected += 0x5555_5555 + 0x4000_0000;
    expect(counters.ofThreads("received")).toBe(expected);
  }
  expect(expected).toBeGreaterThan(2 ** 33);
});
