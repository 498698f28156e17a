import { availableParallelism } from "node:os";
import { configDefaults, defineConfig, type TestProjectConfiguration } from "vitest/config";

// vitest 5 runs on Node 20 but for three newer functions which its own process calls: Map.groupBy to print a failed test (without
// it the run dies there, and with it the message and the report), the others for snapshots and watching. Workers are processes
// that do not load this file, so what is tested still meets the real Node 20.
function groupBy<K, V>(items: Iterable<V>, keyOf: (item: V) => K): Map<K, V[]> {
  const groups = new Map<K, V[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

function withResolvers(): object {
  const resolvers: Record<string, unknown> = {};
  resolvers["promise"] = new Promise((resolve, reject) => Object.assign(resolvers, { resolve, reject }));
  return resolvers;
}

function provide(holder: object, name: string, value: unknown): void {
  if (!(name in holder)) Object.defineProperty(holder, name, { value, writable: true, configurable: true });
}

provide(Map, "groupBy", groupBy);
provide(Object, "groupBy", <V>(items: Iterable<V>, keyOf: (item: V) => PropertyKey) => Object.fromEntries(groupBy(items, keyOf)));
provide(Promise, "withResolvers", withResolvers);

// The sources are tested, not dist: under this condition each package's entries point at src. `node` stands after it, so
// that an entry which also asks for the runtime (`#platform`) gets Node's side.
// `import` and `require` are added by how a module asks: named here, CommonJS packages would be given ES modules.
const conditions = ["@bowline/source", "node", "module"];

const include = ["{packages/*,testkit,bench,fuzz,tools}/src/**/*.test.{ts,tsx}"];
// What holds a time, a rate or a memory in the long run, whose bars are stated for a machine that does nothing else: these files come
// after all others, one at a time.
const measuring = [
  "bench/src/{compare,restart,soak}/**/*.test.ts",
  "packages/broker/src/server/tenants.test.ts",
  "fuzz/src/sockets/fuzz-sockets.test.ts",
  "testkit/src/browser/{page-criteria,page-failures,page-life,drop-in-page-life}.test.ts",
  "testkit/src/chaos/chaos.test.ts",
  "testkit/src/limits/*.test.ts",
  "testkit/src/realtime/hostile-handlers.test.ts",
  "testkit/src/scenarios/{ending-at-brokers,memory,refused-by-brokers,will}.test.ts",
  "testkit/src/security/memory-rows.test.ts",
  "testkit/src/tenants/neighbour.test.ts",
];
const inTheLongRun: TestProjectConfiguration[] = [
  { extends: true, test: { name: "together", include, exclude: [...configDefaults.exclude, ...measuring] } },
  { extends: true, test: { name: "alone", include: measuring, maxWorkers: 1, sequence: { groupOrder: 1 } } },
];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    ...(process.env["BOWLINE_LONG"] === "1" ? { projects: inTheLongRun } : { include }),
    // Half the cores: tests start brokers, browsers and child processes which need the other half. But three at least: half of their time
    // tests wait, and two at a time they would take 13 minutes on two cores.
    maxWorkers: Math.max(3, Math.floor(availableParallelism() / 2)),
    // Processes and not threads: LMDB maps files per process, and a native crash must not take the whole run along.
    pool: "forks",
    testTimeout: 20_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
  },
});
