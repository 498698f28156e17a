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
  /** Of each setting. */
  readonly results: readonly (readonly CaseResult[])[];
  readonly code: number | string | null;
  readonly endedAfterMs: number;
  readonly stderr: string;
}

function run({ file, args }: Runtime, packageName: string, settings: readonly CaseSetting[]): Promise<Ended> {
  // What vitest and npm tell their own processes must not reach the program under test.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|VITEST|NODE_|VITE_)/.test(name)));
  const child = spawn(file, [...args, script, packageName, JSON.stringify(settings)], { env: { ...env, NO_COLOR: "1" } });
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
      const results = JSON.parse(/^results (.*)$/m.exec(stdout)?.[1] ?? "[]") as CaseResult[][];
      resolve({ results, code: code ?? signal, endedAfterMs: performance.now() - resultsAt, stderr });
    });
  });
}

for (const runtime of runtimes) {
  const missing = missingRuntime(runtime);
  describe.skipIf(missing !== "")(`${runtime.name}${missing && ` (${missing})`}`, () => {
    describe.each(["client", "mqttjs"])("@bowline/%s", (packageName) => {
      let settings: readonly CaseSetting[] = [];
      let ended: Ended;
      // One process for all schemes: most of the time of four would be their starts.
      beforeAll(async () => {
        settings = await Promise.all(schemes.map((scheme) => broker.setting(scheme, { isBrowser: false })));
        ended = await run(runtime, packageName, settings);
      }, 120_000);

      test.each(schemes)("over %s passes every case", async (scheme) => {
        const at = schemes.indexOf(scheme);
        const results = ended.results[at] ?? [];
        expect(results.filter(({ error }) => error !== undefined)).toEqual([]);
        expect(results.length).toBeGreaterThan(5);
        await broker.leftBy(settings[at]!);
      });

      test("its process ends by itself, and has nothing to complain of", () => {
        expect({ stderr: ended.stderr, code: ended.code }).toEqual({ stderr: "", code: 0 });
      });
    });
  });
}
