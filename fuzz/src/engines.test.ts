import { expect, test } from "vitest";
import { fuzzEngines } from "./engines.ts";

const isLong = process.env["BOWLINE_LONG"] === "1";
const COUNT = isLong ? 1_000_000 : 6_000;
const seed = Number(process.env["FUZZ_SEED"] ?? Date.now() % 2 ** 31);

test.each(["server", "client"] as const)(
  `the %s engine keeps its promises through ${COUNT} sequences of packets in any order (seed ${seed})`,
  { timeout: isLong ? 3_600_000 : 120_000 },
  (role) => {
    const report = fuzzEngines(role, seed, 0, COUNT);
    expect(report.inputs).toBe(COUNT);
    // A generator that never opens a connection, or never breaks a rule, would test little.
    expect(report.opened).toBeGreaterThan(COUNT / 3);
    expect(report.ended).toBeGreaterThan(COUNT / 3);
    expect(report.written).toBeGreaterThan(COUNT * 3);
  },
);
