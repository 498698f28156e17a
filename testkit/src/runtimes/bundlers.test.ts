import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { rolldown } from "rolldown";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { missingPrograms } from "../system/missing-programs.ts";
import { browsers } from "./browsers.ts";
import { type App, bundlers, filesOf, missingBundlers, runJest } from "./bundlers.ts";
import type { CaseResult } from "./case.ts";
import { PageHost } from "./page-host.ts";
import { PAGE_HEAD, scopes } from "./page-places.ts";
import { SuiteBroker } from "./suite-broker.ts";

/* Applications that bundle the packages or test with them; what comes out is executed. */

const inProcess = fileURLToPath(new URL("../../dist/runtimes/in-process-main.js", import.meta.url));
const isLong = process.env["BOWLINE_LONG"] === "1";
const missing = missingBundlers || missingPrograms("chromium", "certutil");

describe.skipIf(missing !== "")(`in an application${missing && ` (${missing})`}`, () => {
  let broker: SuiteBroker;
  let host: PageHost;
  let end: (() => Promise<void>) | undefined;
  let outFolder = "";
  beforeAll(async () => {
    outFolder = await mkdtemp(join(tmpdir(), "bowline-bundle-"));
    broker = await SuiteBroker.start();
    host = await PageHost.open();
    end = await browsers[0]!.open(host.url, broker.ca);
  });
  afterAll(async () => {
    await end?.();
    host?.close();
    await broker?.remove();
    await rm(outFolder, { recursive: true, force: true });
  });

  describe.each(bundlers)("bundled by $name", ({ name, bundle }) => {
    const entries = ["client.js", "drop-in-default.js", "drop-in-named.js"];
    // Vite takes no CommonJS in an application's own files. Daily each form of import is one bundler's.
    const webpackOnes = isLong ? [...entries, "drop-in-require.cjs"] : ["client.js", "drop-in-default.js", "drop-in-require.cjs"];
    const viteOnes = isLong ? entries : ["client.js", "drop-in-named.js"];
    const pages = name.startsWith("webpack") ? webpackOnes : viteOnes;
    const folderOf = (entry: string): string => join(outFolder, name, basename(entry));

    beforeAll(async () => {
      const apps = pages.map((entry): App => ({ entry, target: "web", outFolder: folderOf(entry) }));
      await bundle([...apps, { entry: inProcess, target: "node", outFolder: folderOf(inProcess) }]);
    }, 180_000);

    test.each(pages)(
      "%s passes every case in a page",
      async (entry) => {
        const page = `${PAGE_HEAD}<script type="module" src="bundle.js"></script>`;
        const files = { ...(await filesOf(folderOf(entry))), "index.html": page };
        const { results } = await host.run({ setting: await broker.setting("wss", { isBrowser: true }), files });
        expect(results.filter(({ error }) => error !== undefined)).toEqual([]);
        expect(results.length).toBeGreaterThan(5);
      },
      90_000,
    );

    test("both packages in one file for servers pass every case on Node", async () => {
      const file = ["bundle.cjs", "bundle.mjs"].map((each) => join(folderOf(inProcess), each)).find((path) => existsSync(path))!;
      for (const packageName of ["client", "mqttjs"]) {
        const setting = await broker.setting("wss", { isBrowser: false });
        const { stdout } = await promisify(execFile)(process.execPath, [file, packageName, JSON.stringify([setting])]);
        const [results = []] = JSON.parse(/^results (.*)$/m.exec(stdout)?.[1] ?? "[]") as CaseResult[][];
        expect(results.filter(({ error }) => error !== undefined)).toEqual([]);
        expect(results.length).toBeGreaterThan(5);
      }
    }, 90_000);
  });

  test("a service worker in one file has stores too", async () => {
    const input = fileURLToPath(new URL("../../../tools/matrix/bundlers/apps/client.js", import.meta.url));
    const made = await rolldown({ input, platform: "browser", resolve: { conditionNames: ["browser", "import", "default"] } });
    const { output } = await made.generate({ format: "iife", codeSplitting: false });
    await made.close();
    const worker = `importScripts("suite.js"); globalThis.base = new URL(".", location.href).href; ${output[0].code}`;
    const page = `${PAGE_HEAD}<script>navigator.serviceWorker.register("worker.js");</script>`;
    const files = { "index.html": page, "worker.js": worker };
    const { scope, results } = await host.run({ setting: await broker.setting("wss", { isBrowser: true }), files });
    expect(scope).toBe(scopes["service worker"]);
    expect(results.filter(({ error }) => error !== undefined)).toEqual([]);
    expect(results.map(({ name }) => name).join()).toContain("keeps what was stored");
  }, 60_000);

  test("Jest imports and requires both packages in jsdom", async () => {
    expect(await runJest("jsdom", {})).toMatch(/Tests: +2 passed, 2 total/);
  }, 60_000);

  test("Jest passes every case of both packages in its environment for Node", async () => {
    const setting = await broker.setting("mqtts", { isBrowser: false });
    expect(await runJest("node", { BOWLINE_SETTING: JSON.stringify(setting) })).toMatch(/Tests: +2 passed, 2 total/);
  }, 90_000);
});
