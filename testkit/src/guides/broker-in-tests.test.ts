import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

test("the example passes as a test of somebody else's", async () => {
  const file = fileURLToPath(new URL("../../../examples/broker-in-tests.js", import.meta.url));
  const run = spawn(process.execPath, ["--test", "--test-reporter=tap", file], { stdio: ["ignore", "pipe", "inherit"] });
  const [printed, [code]] = await Promise.all([text(run.stdout), once(run, "exit")]);
  expect(printed).toMatch(/^# pass [23]$/m);
  expect(code).toBe(0);
});
