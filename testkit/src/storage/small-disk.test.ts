import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { SmallDisk } from "./small-disk.ts";

const probe = new SmallDisk();
const { missing } = probe;
probe.remove();

test.skipIf(missing !== "")(`a killed process leaves no file system behind${missing && ` (${missing})`}`, async () => {
  const module = new URL("../../dist/storage/small-disk.js", import.meta.url).href;
  const script = `const { SmallDisk } = await import(${JSON.stringify(module)}); console.log(new SmallDisk().path); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  const [chunk] = (await once(child.stdout, "data")) as [Buffer];
  const path = chunk.toString().trim();
  expect(existsSync(path)).toBe(true);
  child.kill("SIGKILL");
  await once(child, "exit");
  await expect.poll(() => existsSync(path), { timeout: 5000 }).toBe(false);
});
