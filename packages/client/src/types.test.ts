import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));

test("a page's program compiles without @types/node, and with libraries from before asyncDispose", async () => {
  await mkdir(join(root, "packages/client/dist"), { recursive: true });
  const folder = await mkdtemp(join(root, "packages/client/dist/types-"));
  try {
    await writeFile(join(folder, "page.ts"), `import { connect } from "@bowline/client";\nconnect("/mqtt");\n`);
    const compilerOptions = {
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      target: "ES2022",
      lib: ["ES2022", "DOM", "DOM.AsyncIterable"],
      types: [],
      module: "esnext",
      moduleResolution: "bundler",
      customConditions: ["@bowline/source"],
      allowImportingTsExtensions: true,
    };
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["page.ts"] }));
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const complaints = await promisify(execFile)(process.execPath, [tsc, "-p", folder]).then(
      () => "",
      (error: { stdout?: string; message: string }) => error.stdout || error.message,
    );
    expect(complaints).toBe("");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 60_000);
