import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { removeStrays } from "./remove-strays.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bowline-strays-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(...names: string[]): void {
  for (const name of names) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), "");
  }
}

test("what the compiler made of a source that is gone is removed; bundles and the rest stay", () => {
  writeFileSync(join(folder, "tsconfig.json"), '{ "compilerOptions": { "outDir": "dist" } }');
  const kept = [
    "a.js",
    "a.js.map",
    "a.d.ts",
    "a.d.cts",
    "b/page.js",
    "index.cjs",
    "browser.min.js",
    "browser-x.min.js.map",
    "tsconfig.tsbuildinfo",
  ];
  write("src/a.ts", "src/b/page.tsx", ...kept.map((name) => `dist/${name}`));
  const strays = ["old.js", "old.d.ts", "old.d.ts.map", "b/old.d.cts"];
  write(...strays.map((name) => `dist/${name}`));
  expect(removeStrays(folder).sort()).toEqual([...strays].sort());
  const left = readdirSync(join(folder, "dist"), { recursive: true, encoding: "utf8" }).filter((name) => name.includes("."));
  expect(left.sort()).toEqual([...kept].sort());
});

test("a package that is bundled alone is left as it is", () => {
  writeFileSync(join(folder, "tsconfig.json"), '{ "compilerOptions": { "outDir": "../../.cache/console" } }');
  write("dist/assets/index-1.js");
  expect(removeStrays(folder)).toEqual([]);
});
