import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkSize } from "./check-size.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sizes-"));
  mkdirSync(join(folder, "tools/src"), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function writeFunction(lines: number): void {
  writeFileSync(join(folder, "tools/src/a.ts"), `export function long(): void {\n${"  void 0;\n".repeat(lines - 2)}}\n`);
}

test("a function of 70 lines passes and one of 71 is named", () => {
  writeFunction(70);
  expect(checkSize({ base: folder }).findings).toEqual([]);
  writeFunction(71);
  expect(checkSize({ base: folder }).findings).toEqual(["tools/src/a.ts#long has 71 lines, at most 70 allowed"]);
});

test("a listed function may stay as it is, may not grow, and leaves the list when it is short", () => {
  writeFunction(80);
  checkSize({ base: folder, update: true });
  expect(checkSize({ base: folder }).findings).toEqual([]);
  writeFunction(81);
  expect(checkSize({ base: folder }).findings).toEqual(["tools/src/a.ts#long has 81 lines, at most 80 allowed"]);
  writeFunction(20);
  expect(checkSize({ base: folder }).findings).toEqual([
    "tools/src/a.ts#long is short now: take it out of tools/size-baseline.json",
  ]);
});

test("a file over 600 lines is named, a test too", () => {
  writeFileSync(join(folder, "tools/src/b.test.ts"), "void 0;\n".repeat(601));
  expect(checkSize({ base: folder }).findings).toEqual(["tools/src/b.test.ts has 601 lines, at most 600 allowed"]);
});
