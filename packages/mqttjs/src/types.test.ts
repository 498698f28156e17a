import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

// One program, written against the types of MQTT.js, compiles against MQTT.js and against the drop-in: the same text, only the
// name of the package differs. Inside the repository, since both packages are found from there.

const root = fileURLToPath(new URL("../../..", import.meta.url));

async function complaints(strictness: Record<string, boolean>): Promise<string> {
  const text = await readFile(new URL("testing/program-of-mqttjs.txt", import.meta.url), "utf8");
  const folder = await mkdtemp(join(root, "packages/mqttjs/dist/types-"));
  try {
    await writeFile(join(folder, "theirs.ts"), text);
    await writeFile(join(folder, "ours.ts"), text.replaceAll('from "mqtt"', 'from "@bowline/mqttjs"'));
    const compilerOptions = {
      ...strictness,
      noEmit: true,
      target: "ES2022",
      module: "nodenext",
      types: ["node"],
      skipLibCheck: true,
      customConditions: ["@bowline/source"],
      allowImportingTsExtensions: true,
    };
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["theirs.ts", "ours.ts"] }));
    const compiled = promisify(execFile)(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", folder]);
    return await compiled.then(
      () => "",
      (error: { stdout?: string; message: string }) => error.stdout || error.message,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test("a program for MQTT.js compiles against both, strictly", async () => {
  expect(await complaints({ strict: true, noUncheckedIndexedAccess: true })).toBe("");
}, 60_000);

test("and without strictness", async () => {
  expect(await complaints({ strict: false })).toBe("");
}, 60_000);
