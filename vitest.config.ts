import { availableParallelism } from "node:os";
import { configDefaults, defineConfig, type TestProjectConfiguration } from "vitest/config";
import { BaseSequencer } from "vitest/node";

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
/**
 * Engines, rules and whatever else keeps nothing outside of its objects: these files come last and share processes, which read their
 * modules once and not a hundred times. Each package has its own processes: what the broker sets for Node's sake the protocol's tests
 * do without. Files that replace something for good, hold a memory or map a store stay apart.
 */
const shared: Readonly<Record<string, readonly string[]>> = {
  protocol: ["packages/protocol/src/**/*.test.ts"],
  client: ["packages/client/src/{reconnect,transport}/**/*.test.ts", "packages/client/src/!(on-demand|types|transports).test.ts"],
  rules: ["packages/{console,doctor}/src/**/*.test.{ts,tsx}", "packages/realtime/src/{answer,policy,request,sst}/**/*.test.ts"],
  tools: ["tools/src/!(test)/**/*.test.ts", "tools/src/*.test.ts"],
  broker: [
    "packages/broker/src/{acl,admin,auth,config,listeners,router,sessions,tenants,tls,trace}/**/*.test.ts",
    "packages/broker/src/connection/!(memory-held).test.ts",
  ],
};

/** What a file replaced for itself is back before the next one. */
const restored = { restoreMocks: true, unstubGlobals: true, unstubEnvs: true };

const isLong = process.env["BOWLINE_LONG"] === "1";
const notApart = [...configDefaults.exclude, ...Object.values(shared).flat(), ...(isLong ? measuring : [])];
const projects: TestProjectConfiguration[] = [
  { extends: true, test: { name: "apart", include, exclude: notApart } },
  ...Object.entries(shared).map(
    ([name, files]): TestProjectConfiguration => ({
      extends: true,
      test: { name, include: [...files], isolate: false, ...restored },
    }),
  ),
];
if (isLong)
  projects.push({ extends: true, test: { name: "alone", include: measuring, maxWorkers: 1, sequence: { groupOrder: 1 } } });

/** Tests that take ten seconds and more, longest first: the last worker shall not begin with one when the others are done. */
const longest: readonly string[] = [
  "testkit/src/runtimes/bundlers.test.ts",
  "testkit/src/farm/page-farm.test.ts",
  "packages/cli/src/process.test.ts",
  "bench/src/compare/compare-brokers.test.ts",
  "testkit/src/chaos/chaos.test.ts",
  "testkit/src/browser/page-life.test.ts",
  "testkit/src/runtimes/runtimes.test.ts",
  "testkit/src/scenarios/refused-by-brokers.test.ts",
  "testkit/src/scenarios/ending-at-brokers.test.ts",
  "testkit/src/browser/slow-handler.test.ts",
  "testkit/src/runtimes/pages.test.ts",
  "packages/cli/src/reload.test.ts",
  "testkit/src/limits/slow-consumer.test.ts",
  "testkit/src/browser/console.test.ts",
  "testkit/src/stores/kill-page.test.ts",
  "testkit/src/conformance/client/foreign-clients.test.ts",
  "packages/broker/src/storage/lmdb/backup-store.test.ts",
  "bench/src/soak/soak.test.ts",
  "bench/src/clients/compare-clients.test.ts",
  "testkit/src/scenarios/credentials-at-brokers.test.ts",
  "packages/cli/src/backup.test.ts",
  "packages/cli/src/help-examples.test.ts",
  "testkit/src/crash/kill-cycles.test.ts",
  "testkit/src/system/authorization.test.ts",
  "bench/src/restart/restart.test.ts",
  "testkit/src/scenarios/slow-handler.test.ts",
  "testkit/src/security/slow-peers.test.ts",
  "testkit/src/farm/real-parts.test.ts",
  "testkit/src/interop/mosquitto-clients.test.ts",
  "testkit/src/browser/page-criteria.test.ts",
  "testkit/src/scenarios/credentials.test.ts",
  "testkit/src/browser/proxy-idle-limit.test.ts",
  "testkit/src/security/tls-attacks.test.ts",
  "packages/protocol/src/engine/cut-at-every-byte.test.ts",
  "testkit/src/sim/crash-points.test.ts",
  "testkit/src/farm/farm.test.ts",
  "testkit/src/system/kill-restart.test.ts",
  "packages/realtime/src/handler/handler-pool.test.ts",
  "testkit/src/sim/planted-faults.test.ts",
  "testkit/src/browser/hidden-page.test.ts",
  "testkit/src/scenarios/memory.test.ts",
  "testkit/src/conformance/broker/bowline-broker.test.ts",
  "packages/cli/src/load/run-load.test.ts",
  "testkit/src/browser/page-connection.test.ts",
];

/** What shares processes comes last, and fills the gaps. */
class LongestFirst extends BaseSequencer {
  override async sort(files: Parameters<BaseSequencer["sort"]>[0]): Promise<typeof files> {
    const bySize = await super.sort(files);
    const rank = (path: string): number => {
      const found = longest.findIndex((end) => path.endsWith(`/${end}`));
      return found < 0 ? longest.length : found;
    };
    const orderOf = ({ project }: (typeof files)[number]): number =>
      project.config.sequence.groupOrder * 2 + (project.config.isolate ? 0 : 1);
    return bySize.toSorted((a, b) => orderOf(a) - orderOf(b) || rank(a.moduleId) - rank(b.moduleId));
  }
}

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    projects,
    sequence: { sequencer: LongestFirst },
    // Half the cores: tests start brokers, browsers and child processes which need the other half. But four at least: more than half of
    // their time tests wait, and with four at a time two cores are busy for four fifths of theirs.
    maxWorkers: Math.max(4, Math.floor(availableParallelism() / 2)),
    // Processes and not threads: LMDB maps files per process, and a native crash must not take the whole run along.
    pool: "forks",
    testTimeout: 20_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
  },
});
