import { expect, test } from "vitest";
import { fuzzDecoder } from "./decoder.ts";

const isLong = process.env["BOWLINE_LONG"] === "1";
const COUNT = isLong ? 10_000_000 : 100_000;
const seed = Number(process.env["FUZZ_SEED"] ?? Date.now() % 2 ** 31);

test(`${COUNT} mutated byte strings are refused or survive encoding (seed ${seed})`, {
  timeout: isLong ? 900_000 : 120_000,
}, () => {
  const report = fuzzDecoder(seed, 0, COUNT);
  expect(report.inputs).toBe(COUNT);
  // A mutator that reaches one side only would test nothing.
  expect(report.packets).toBeGreaterThan(COUNT / 50);
  expect(report.refused).toBeGreaterThan(COUNT / 50);
});
