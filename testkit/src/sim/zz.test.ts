import { expect, test } from "vitest";
import { simulate, summary } from "./simulate.ts";
test("x", { timeout: 590_000 }, async () => {
  const started = performance.now();
  const totals = await simulate(2000000, 3000);
  console.log(summary(totals), performance.now() - started);
  expect(totals.failure?.text).toBeUndefined();
});
