import { join } from "node:path";
import { runChecks } from "./check.ts";
import { leastScore, type MutationOutcome, runMutation } from "./mutation/run-mutation.ts";
import { root } from "./repository.ts";
import { provideMatrix } from "./test/provide-matrix.ts";
import { provideSystemPackages } from "./test/system-packages.ts";
import { runVitest } from "./test/run-vitest.ts";
import { writeReport } from "./test/write-report.ts";

/** The promise is 15 minutes on two cores; the last one is for saying what went wrong. */
const dailyLimitMs = 14 * 60_000;
const longLimitMs = 24 * 60 * 60_000;

const started = performance.now();
const isLong = process.argv.includes("--long");
const isCi = process.env["CI"] === "true";

// What is installed comes from far away, and the checks need none of it.
const providing = provideSystemPackages().then(async (packages) => [...packages, ...(await provideMatrix())]);
const [missing, outcomes] = await Promise.all([providing, runChecks({ force: true })]);
const limitMs = (isLong ? longLimitMs : dailyLimitMs) - (performance.now() - started);
/** Words of paths: files without any of them are left out. */
const args = process.argv.slice(2).filter((arg) => arg !== "--long");
const print = (chunk: Buffer): void => void process.stdout.write(chunk);
const tests = await runVitest({
  print,
  args,
  reportPath: join(root, ".cache/vitest.json"),
  limitMs,
  environment: isLong ? { BOWLINE_LONG: "1" } : {},
});

const mutation = isLong && args.length === 0 ? await mutate() : undefined;
const isMutationPoor = mutation !== undefined && mutation.score < leastScore;

const failedParts = outcomes.filter((outcome) => outcome.findings.length > 0);
// Elsewhere a missing browser only skips tests; a server that shall prove things may not pass without them.
const isMissingRed = isCi && missing.length > 0;
const passed = outcomes.length - failedParts.length + tests.passed + (mutation !== undefined && !isMutationPoor ? 1 : 0);
const failed = failedParts.length + tests.failed + (isMissingRed ? 1 : 0) + (isMutationPoor ? 1 : 0);
const totals = `${passed} passed, ${failed} failed, ${tests.skipped} skipped`;

console.log("\nThe ten slowest tests:");
for (const { name, ms } of tests.slowest) console.log(`${String(ms).padStart(8)} ms  ${name}`);
console.log(`Total time: ${((performance.now() - started) / 1000).toFixed(1)} s`);
if (failedParts.length > 0) console.log(`Failed checks: ${failedParts.map((part) => part.name).join(", ")}`);
if (tests.trouble !== undefined) console.log(`Failed: ${tests.trouble}`);
if (isMissingRed) console.log(`Failed: CI=true and these packages are missing: ${missing.join(", ")}`);
if (isMutationPoor) console.log(`Failed: mutation testing: ${mutation.score} % noticed, at least ${leastScore} % must be`);
if (isLong) {
  const elapsedMs = performance.now() - started;
  console.log(`Report: ${await writeReport({ args, totals, tests, outcomes, mutation, elapsedMs })}`);
}
process.stdout.write(`${totals}\n`, () => process.exit(failed === 0 ? 0 : 1));

/** A run that could not be made is one without a score, and shows why among its lines. */
async function mutate(): Promise<MutationOutcome> {
  console.log("\nMutation testing of the protocol's flows, sessions and engines ...");
  try {
    return await runMutation();
  } catch (error) {
    return { lines: [String(error)], survivors: [], score: 0 };
  }
}
