import { defineConfig } from "vitest/config";

// Tests run the TypeScript sources directly: the "@bowline/source" condition of every package points at src.
export default defineConfig({
  resolve: { conditions: ["@bowline/source", "node", "import", "module", "default"] },
  ssr: { resolve: { conditions: ["@bowline/source", "node", "import", "module", "default"] } },
  test: {
    include: ["packages/*/src/**/*.test.{ts,tsx}", "testkit/src/**/*.test.ts", "tools/src/**/*.test.ts", "bench/src/**/*.test.ts"],
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
});
