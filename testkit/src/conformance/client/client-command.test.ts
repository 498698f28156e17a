import { join } from "node:path";
import { expect, test } from "vitest";
import { runClientCommand } from "./client-command.ts";

/** Built by `tsc -b`: a program cannot be started from the sources. */
const program = join(import.meta.dirname, "../../../dist/conformance/client/serve-main.js");

test("a client in a program of its own is judged like one in the process", async () => {
  const lines: string[] = [];
  const options = { chapter: "3.8", strict: true };
  expect(await runClientCommand({ program: [process.execPath, program] }, options, (line) => lines.push(line))).toBe(0);
  expect(lines[0]).toMatch(/^chapter +passed +failed +diverges +not applicable$/);
  expect(lines[1]).toMatch(/^3\.8 +SUBSCRIBE +[1-9]\d* +0 +0 +0$/);
});

test("a client that fails ends with 1, and one that is not there is named", async () => {
  const lines: string[] = [];
  const options = { case: "above the server's Maximum QoS", json: true };
  expect(await runClientCommand({ module: "mqtt" }, options, (line) => lines.push(line))).toBe(1);
  expect(lines.join("")).toContain("QoS 0 at most");
  await expect(runClientCommand({ program: ["/does/not/exist"] }, options, () => undefined)).rejects.toThrow("ENOENT");
  await expect(runClientCommand({ program: [process.execPath, "-e", "0"] }, options, () => undefined)).rejects.toThrow(
    "said no hello",
  );
});
