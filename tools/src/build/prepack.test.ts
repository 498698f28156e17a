import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { root } from "../repository.ts";

/* What `npm pack` runs first in every package. */

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bowline-prepack-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, text = ""): void {
  mkdirSync(join(folder, name, ".."), { recursive: true });
  writeFileSync(join(folder, name), text);
}

const prepack = (): { status: number | null; stderr: string } =>
  spawnSync(process.execPath, [join(root, "tools/prepack.js")], { cwd: folder, encoding: "utf8" });

test("half a build is refused, and what is missing is named; a whole one is packed", () => {
  const exports = { ".": { "@bowline/source": "./src/index.ts", import: "./dist/index.js", require: "./dist/index.cjs" } };
  write(
    "package.json",
    JSON.stringify({ name: "x", files: ["dist", "!dist/tsconfig.tsbuildinfo"], main: "./dist/index.cjs", exports }),
  );
  write("tsconfig.json", '{ "compilerOptions": { "outDir": "dist" } }');
  for (const source of ["index.ts", "inner/part.tsx", "index.test.ts", "testing/set-up.ts"]) write(`src/${source}`);
  const nothing = prepack();
  expect(nothing.status).toBe(1);
  expect(nothing.stderr).toBe(
    "error: x is not built: dist, ./dist/index.cjs, ./dist/index.js and 2 more missing; run npm run build in the root\n",
  );
  for (const made of ["index.js", "inner/part.js"]) write(`dist/${made}`);
  expect(prepack().stderr).toBe("error: x is not built: ./dist/index.cjs missing; run npm run build in the root\n");
  write("dist/index.cjs");
  expect(prepack()).toMatchObject({ status: 0, stderr: "" });
  expect(readFileSync(join(folder, "LICENSE"), "utf8")).toContain("Apache License");
});
