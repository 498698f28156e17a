import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

// The sources are tested, not dist: under this condition each package's entries point at src. `node` stands after it, so
// that an entry which also asks for the runtime (`#platform`) gets Node's side.
const conditions = ["@bowline/source", "node", "import", "module", "default"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ["{packages/*,testkit,bench,tools}/src/**/*.test.{ts,tsx}"],
    // Half the cores: tests start brokers, browsers and child processes which need the other half.
    maxWorkers: Math.max(1, Math.floor(availableParallelism() / 2)),
    // Processes and not threads: LMDB maps files per process, and a native crash must not take the whole run along.
    pool: "forks",
    testTimeout: 20_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
  },
});
