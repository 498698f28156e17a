import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { root } from "../repository.ts";
import { runVitest, type VitestOutcome } from "./run-vitest.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vitest-"));
  mkdirSync(join(folder, "tools/src"), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function run(files: Readonly<Record<string, string>>, limitMs = 60_000): Promise<VitestOutcome> {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, "tools/src", name), text);
  const args = ["--root", folder, "--config", join(root, "vitest.config.ts"), "--globals"];
  return runVitest({ args, print: () => {}, limitMs, environment: {}, reportPath: join(folder, "report.json") });
}

test("passed, failed and skipped tests and files that cannot be loaded are counted on the oldest Node too", async () => {
  const outcome = await run({
    "a.test.ts":
      'test("good", () => { console.log("seed 42"); console.log("figure: 17 of them"); }); test("bad", () => { expect(1).toBe(2); }); test.skip("later", () => {});',
    "b.test.ts": 'import "./gone.ts"; test("never", () => {});',
  });
  expect(outcome).toMatchObject({ passed: 1, failed: 2, skipped: 1, seeds: ["seed 42"], figures: ["17 of them"] });
  expect(outcome.trouble).toBeUndefined();
});

test("an error outside of any test is a failure", async () => {
  const outcome = await run({ "a.test.ts": 'test("good", () => { void Promise.reject(new Error("nobody listens")); });' });
  expect(outcome).toMatchObject({ passed: 1, failed: 1 });
  expect(outcome.trouble).toContain("although no test failed");
});

test("a run that does not end is killed at its limit and counts as failed", async () => {
  const outcome = await run(
    { "a.test.ts": 'test("endless", () => new Promise(() => { setInterval(() => {}, 1000); }), 60_000);' },
    1500,
  );
  expect(outcome.failed).toBe(1);
  expect(outcome.trouble).toContain("was killed");
});
