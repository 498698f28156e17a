import { expect, test } from "vitest";
import { simulate, summary } from "./simulate.ts";

const given = process.env["BOWLINE_SEED"];
const base = Number(given ?? 1_000_000);
const seeds = given === undefined ? 500 : 1;

test(`${seeds} seeds from ${base}`, { timeout: 120_000 }, async () => {
  const started = performance.now();
  const totals = await simulate(base, seeds);
  console.log(`simulation, BOWLINE_SEED=${base}: ${summary(totals)}; ${Math.round(performance.now() - started)} ms`);
  expect(totals.failure?.text).toBeUndefined();
});
