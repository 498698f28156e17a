import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, shown } from "../repository.ts";
import { runCommand } from "../run-command.ts";

/** What our packages are run on and bundled with, each with a lock file of its own: nobody who only uses or builds them pays for it. */
const folders: readonly string[] = ["runtimes", "bundlers", "sst"].map((name) => join(root, "tools/matrix", name));

/**
 * Installs runtimes and bundlers where they are not there yet as their lock files have them.
 * @returns the folders that could not be installed; tests that need them skip themselves.
 */
export async function provideMatrix(): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const folder of folders) {
    if (!isInstalled(folder) && !(await install(folder))) failed.push(shown(folder));
  }
  return failed;
}

async function install(folder: string): Promise<boolean> {
  const started = performance.now();
  const result = await runCommand("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder);
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(
    result.code === 0
      ? `Installed ${shown(folder)} in ${seconds} s`
      : `npm ci in ${shown(folder)} failed, so that tests are skipped:\n${result.output}`,
  );
  if (result.code === 0) writeFileSync(stampOf(folder), lockHash(folder));
  return result.code === 0;
}

/** npm ci begins by deleting everything, so it runs only when the lock file is another one. */
function isInstalled(folder: string): boolean {
  return existsSync(stampOf(folder)) && readFileSync(stampOf(folder), "utf8") === lockHash(folder);
}

function stampOf(folder: string): string {
  return join(folder, "node_modules/.installed");
}

function lockHash(folder: string): string {
  return createHash("sha256")
    .update(readFileSync(join(folder, "package-lock.json")))
    .digest("hex");
}
