import { join } from "node:path";
import { defineConfig } from "vitest/config";
import base from "../../vitest.config.ts";

// Stryker runs the tests in a copy of the repository whose node_modules is the original's: there, siblings are found by their
// folders, or the originals would be tested and no mutant would ever die.
const copy = join(import.meta.dirname, "../..");

// The exhaustive cuts take seconds, and a mutant meets every test that reaches it: what they alone notice must have a test of its own.
const exclude = ["**/node_modules/**", "**/cut-at-every-byte.test.ts"];
const include = ["packages/protocol/src/{flow,session,engine}/**/*.test.ts"];

export default defineConfig({
  ...base,
  root: copy,
  resolve: {
    ...base.resolve,
    alias: [
      { find: /^@bowline\/protocol\/internal$/, replacement: join(copy, "packages/protocol/src/internal.ts") },
      { find: /^@bowline\/protocol$/, replacement: join(copy, "packages/protocol/src/index.ts") },
      { find: /^@bowline\/testkit\/(.*)$/, replacement: join(copy, "testkit/src/$1/index.ts") },
    ],
  },
  test: { ...base.test, include, exclude },
});
