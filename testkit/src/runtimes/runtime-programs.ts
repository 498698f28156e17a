import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A program that executes JavaScript with Node's modules. */
export interface Runtime {
  readonly name: string;
  readonly file: string;
  /** What stands before the script. */
  readonly args: readonly string[];
}

const brought = (path: string): string =>
  fileURLToPath(new URL(`../../../tools/matrix/runtimes/node_modules/${path}`, import.meta.url));

/** The Node that runs the tests, and those that `npm test` brings from the registry into a folder of their own. */
export const runtimes: readonly Runtime[] = [
  { name: `Node ${process.versions.node} (this one)`, file: process.execPath, args: [] },
  { name: "Node 22", file: brought("node-22/bin/node"), args: [] },
  { name: "Node 24", file: brought("node-24/bin/node"), args: [] },
  { name: "Node 26", file: brought("node-26/bin/node"), args: [] },
  // Manual: packages are found as npm has laid them out, and nothing is fetched.
  { name: "Deno", file: brought("@deno/linux-x64-glibc/deno"), args: ["run", "--no-remote", "--node-modules-dir=manual", "-A"] },
  { name: "Bun", file: brought("@oven/bun-linux-x64/bin/bun"), args: ["run"] },
];

/** Why a runtime is skipped, or the empty text. */
export function missingRuntime(runtime: Runtime): string {
  return existsSync(runtime.file) ? "" : "not brought: npm ci in tools/matrix/runtimes";
}
