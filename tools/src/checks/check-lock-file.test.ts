import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkLockFile } from "./check-lock-file.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lock-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("optional packages of other platforms that the lock file lacks are named, and added beside the package that wants them", () => {
  const wants = (version: string): object => ({
    version,
    dev: true,
    license: "MIT",
    optionalDependencies: { "@x/binding-linux-arm64-musl": version },
  });
  const packages = {
    "node_modules/x": wants("2.0.0"),
    "node_modules/y/node_modules/x": wants("1.0.0"),
    "node_modules/@x/binding-linux-arm64-musl": { version: "2.0.0" },
  };
  writeFileSync(join(folder, "package-lock.json"), JSON.stringify({ packages }));
  const at = "node_modules/y/node_modules/@x/binding-linux-arm64-musl";
  expect(checkLockFile({ base: folder }).findings).toEqual([
    `package-lock.json lacks ${at}: npm ci refuses it; npm run check -- --update adds it`,
  ]);

  checkLockFile({ base: folder, update: true });
  expect(checkLockFile({ base: folder }).findings).toEqual([]);
  const written = JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8")) as { packages: Record<string, unknown> };
  expect(written.packages[at]).toEqual({
    version: "1.0.0",
    os: ["linux"],
    cpu: ["arm64"],
    libc: ["musl"],
    dev: true,
    license: "MIT",
    optional: true,
  });
});
