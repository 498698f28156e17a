import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CaseResult, CaseSetting } from "./case.ts";
import { missingRuntime, type Runtime, runtimes } from "./runtime-programs.ts";
import { schemes, SuiteBroker } from "./suite-broker.ts";

/* The built packages, by their names, in every runtime: what their users get. */

const script = fileURLToPath(new URL("../../dist/runtimes/in-process-main.js", import.meta.url));
/** From the results to the end of the process: nothing may be left that keeps it. */
const END_WITHIN_MS = 2_000;

let broker: SuiteBroker;
beforeAll(async () => {
  broker = await SuiteBroker.start();
});
afterAll(() => broker?.remove());

interface Ended {
  readonly results: readonly CaseResult[];
  readonly code: number | string | null;
  readonly endedAfterMs: number;
  readonly stderr: string;
}

function run({ file, args }: Runtime, packageName: string, setting: CaseSetting): Promise<Ended> {
  // What vitest and npm tell their own processes must not reach the program under test.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|VITEST|NODE_|VITE_)/.test(name)));
  const child = spawn(file, [...args, script, packageName, JSON.stringify(setting)], { env: { ...env, NO_COLOR: "1" } });
  let [stdout, stderr] = ["", ""];
  let resultsAt = Number.NaN;
  let timer: ReturnType<typeof setTimeout> | undefined;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    if (!stdout.endsWith("\n") || timer !== undefined) return;
    resultsAt = performance.now();
    timer = setTimeout(() => child.kill("SIGKILL"), END_WITHIN_MS);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  return new Promise((resolve) => {
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      const results = JSON.parse(/^results (.*)$/m.exec(stdout)?.[1] ?? "[]") as CaseResult[];
      resolve({ results, code: code ?? signal, endedAfterMs: performance.now() - resultsAt, stderr });
    });
  });
}

for (const runtime of runtimes) {
  const missing = missingRuntime(runtime);
  describe.skipIf(missing !== "")(`${runtime.name}${missing && ` (${missing})`}`, () => {
    for (const packageName of ["client", "mqttjs"]) {
      test.each(schemes)(
        `@bowline/${packageName} over %s passes every case, and its process ends by itself`,
        async (scheme) => {
          const setting = await broker.setting(scheme, { isBrowser: false });
          const ended = await run(runtime, packageName, setting);
          const failed = ended.results.filter(({ error }) => error !== undefined);
          expect({ failed, stderr: ended.stderr, code: ended.code }).toEqual({ failed: [], stderr: "", code: 0 });
          expect(ended.results.length).toBeGreaterThan(5);
          await broker.leftBy(setting);
        },
        120_000,
      );
    }
  });
}
