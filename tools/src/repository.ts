import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";

/** The repository's root folder: this file runs as tools/dist/repository.js and is tested as tools/src/repository.ts. */
export const root: string = join(import.meta.dirname, "../..");

/** The part of a package.json that the checks read. */
export interface PackageManifest {
  readonly name: string;
  readonly version?: string;
  readonly private?: boolean;
  readonly license?: string;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly imports?: Readonly<Record<string, unknown>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** One workspace, or `tools`, which has no package.json and lives from the root's. */
export interface Workspace {
  /** The folder's name: `protocol`, `client`, ... `testkit`, `bench`, `tools`. */
  readonly id: string;
  readonly folder: string;
  readonly manifest: PackageManifest;
}

/** The folders with a lock file of their own: what only tests of ours load stands apart from the rest. */
export function lockedFolders(base: string = root): string[] {
  const apart = ["tools/mutation", "tools/matrix/runtimes", "tools/matrix/bundlers", "tools/matrix/sst"].map((name) =>
    join(base, name),
  );
  return [base, ...apart].filter((folder) => existsSync(join(folder, "package-lock.json")));
}

export function readManifest(path: string): PackageManifest {
  return JSON.parse(readFileSync(path, "utf8")) as PackageManifest;
}

/** All workspaces below `base` that have a src folder or a package.json, packages first. */
export function listWorkspaces(base: string = root): Workspace[] {
  const packages = existsSync(join(base, "packages"))
    ? readdirSync(join(base, "packages")).map((name) => join(base, "packages", name))
    : [];
  const folders = [...packages, ...["testkit", "bench", "tools"].map((name) => join(base, name))];
  return folders.filter((folder) => existsSync(join(folder, "package.json")) || existsSync(join(folder, "src"))).map(readWorkspace);
}

function readWorkspace(folder: string): Workspace {
  const path = join(folder, "package.json");
  const id = basename(folder);
  return { id, folder, manifest: existsSync(path) ? readManifest(path) : { name: id, private: true } };
}

/** Every TypeScript source below a folder, declaration files included, sorted. */
export function listSources(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return entries
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => join(folder, name))
    .toSorted();
}

/** A test, or what only tests use: a package keeps that in its folder src/testing, which is not built. */
export function isTestFile(path: string): boolean {
  return /\.test\.tsx?$|[\\/]src[\\/]testing[\\/]/.test(path);
}

/** A path as findings print it: relative to the base, with slashes. */
export function shown(path: string, base: string = root): string {
  return relative(base, path).replaceAll("\\", "/");
}
