import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeCommonJsTypes } from "./common-js-types.ts";

async function twinOf(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "bowline-types-"));
  try {
    await writeFile(join(folder, "a.d.ts"), text);
    writeCommonJsTypes(folder);
    return await readFile(join(folder, "a.d.cts"), "utf8");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test("a package's types are imported as types, which TypeScript demands beside the attribute", async () => {
  const text = `import { Flow, type Entry as Kept } from "@bowline/protocol/internal";\nexport declare const flow: Flow<Kept>;\n`;
  expect(await twinOf(text)).toBe(
    text
      .replace("import {", "import type {")
      .replace("type Entry", "Entry")
      .replace('";', '" with { "resolution-mode": "import" };'),
  );
});

test("what is a type import already gets the attribute alone, and a relative one the name of its twin", async () => {
  const text = `import type { Options } from "@bowline/client";\nimport { type Store } from "./store.js";\n`;
  expect(await twinOf(text)).toBe(
    text.replace('client";', 'client" with { "resolution-mode": "import" };').replace("store.js", "store.cjs"),
  );
});
