import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../../", import.meta.url));
const folder = join(root, "tools/matrix/bundlers");

/** Why what needs these tools is skipped, or the empty text. */
export const missingBundlers: string = existsSync(join(folder, "node_modules/webpack"))
  ? ""
  : "not brought: npm ci in tools/matrix/bundlers";

/** An application of one file, and what it is bundled for. */
export interface App {
  /** A file of tools/matrix/bundlers/apps, or an absolute path. */
  readonly entry: string;
  readonly target: "web" | "node";
  readonly outFolder: string;
}

/** Bundles with the options that nobody sets: what an application gets that knows nothing of us. */
export interface Bundler {
  readonly name: string;
  /** One after the other, in a process that is started once. */
  bundle(apps: readonly App[]): Promise<void>;
}

const pathOf = ({ entry }: App): string => (entry.startsWith("/") ? entry : join(folder, "apps", entry));

/** In a process of its own, as bundlers keep what they know; the script gets its configurations as its argument. */
async function runScript(script: string, configs: readonly unknown[]): Promise<void> {
  const { NODE_OPTIONS: _, ...env } = process.env;
  await run(process.execPath, ["--input-type=module", "-e", script, JSON.stringify(configs)], {
    cwd: folder,
    env: { ...env, NODE_ENV: "production" },
  });
}

const WEBPACK = `
import webpack from "webpack";
webpack(JSON.parse(process.argv[1]), (error, stats) => {
  const text = error?.stack ?? (stats.hasErrors() ? stats.toString({ all: false, errors: true }) : undefined);
  if (text !== undefined) { console.error(text); process.exitCode = 1; }
});`;

const VITE = `
import { build } from "vite";
for (const config of JSON.parse(process.argv[1])) await build(config);`;

export const bundlers: readonly Bundler[] = [
  {
    name: "webpack 5",
    bundle: (apps) =>
      runScript(
        WEBPACK,
        apps.map((app) => ({
          mode: "production",
          target: app.target,
          context: folder,
          entry: pathOf(app),
          output: { path: app.outFolder, filename: app.target === "node" ? "bundle.cjs" : "bundle.js" },
          // Their sizes are no concern of these tests.
          performance: false,
        })),
      ),
  },
  {
    name: "Vite 8",
    bundle: (apps) =>
      runScript(
        VITE,
        apps.map((app) => ({
          root: folder,
          configFile: false,
          base: "./",
          logLevel: "error",
          build: {
            outDir: app.outFolder,
            emptyOutDir: false,
            ...(app.target === "node" ? { ssr: pathOf(app) } : {}),
            rolldownOptions: {
              ...(app.target === "node" ? {} : { input: pathOf(app) }),
              output: { entryFileNames: app.target === "node" ? "bundle.mjs" : "bundle.js" },
            },
          },
          // Otherwise the bundle for servers would only name the packages.
          ssr: { noExternal: true },
        })),
      ),
  },
];

/** What a bundler has written, by name. */
export async function filesOf(outFolder: string): Promise<Record<string, string>> {
  const names = await readdir(outFolder, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    await Promise.all(files.map(async (path) => [path.slice(outFolder.length + 1), await readFile(path, "utf8")] as const)),
  );
}

/**
 * Runs the test files of tools/matrix/bundlers/jest/ENVIRONMENT, one after the other, since they would cut each other's connections.
 * Rejects with Jest's output when one fails.
 */
export async function runJest(environment: "node" | "jsdom", env: Readonly<Record<string, string>>): Promise<string> {
  const args = ["--rootDir", join(folder, "jest", environment), "--env", environment, "--testMatch", "**/*.test.*js"];
  const { stderr } = await run(
    process.execPath,
    [join(folder, "node_modules/jest/bin/jest.js"), ...args, "--watchman=false", "--ci", "--runInBand"],
    {
      cwd: folder,
      env: { ...process.env, NODE_ENV: "test", NODE_OPTIONS: "--experimental-vm-modules", ...env },
    },
  );
  return stderr;
}
