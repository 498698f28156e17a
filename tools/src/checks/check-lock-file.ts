import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lockedFolders, root, shown } from "../repository.ts";
import type { PartResult } from "./check-part.ts";

/** One package as package-lock.json keeps it. */
export interface LockedPackage {
  readonly version?: string;
  readonly license?: string;
  readonly resolved?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly link?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** Every lock file of the repository. */
export function checkLockFiles(options: { readonly update?: boolean } = {}): PartResult {
  const results = lockedFolders().map((base) => ({ name: shown(base), ...checkLockFile({ ...options, base }) }));
  const notes = results.flatMap(({ name, note }) => (note === undefined ? [] : [`${name || "root"}: ${note}`]));
  return {
    findings: results.flatMap(({ name, findings }) => findings.map((finding) => (name === "" ? finding : `${name}/${finding}`))),
    ...(notes.length === 0 ? {} : { note: notes.join("; ") }),
  };
}

interface LockFile {
  packages: Record<string, LockedPackage>;
}

/**
 * Whether the lock file names the optional packages of every platform. `npm install` leaves out those that its registry could not
 * give it at that moment, and `npm ci` then refuses the whole file ("Missing ... from lock file"), on every machine.
 * @param options.update adds what is missing. All that npm asks of an entry it does not install are its version and platform,
 *   which the package above pins and its name tells.
 */
export function checkLockFile(options: { readonly base?: string; readonly update?: boolean } = {}): PartResult {
  const path = join(options.base ?? root, "package-lock.json");
  const lock = JSON.parse(readFileSync(path, "utf8")) as LockFile;
  const missing = Object.entries(lock.packages).flatMap(([holder, entry]) => missingOf(holder, entry, lock));
  if (options.update !== true || missing.length === 0) {
    return {
      findings: missing.map(({ at }) => `package-lock.json lacks ${at}: npm ci refuses it; npm run check -- --update adds it`),
    };
  }
  for (const { at, entry } of missing) lock.packages[at] = entry;
  lock.packages = Object.fromEntries(Object.entries(lock.packages).toSorted(([a], [b]) => a.localeCompare(b, "en")));
  writeFileSync(path, `${JSON.stringify(lock, undefined, 2)}\n`);
  return { findings: [], note: `added ${missing.length} packages of other platforms` };
}

interface Missing {
  readonly at: string;
  readonly entry: LockedPackage;
}

function missingOf(holder: string, entry: LockedPackage, lock: LockFile): Missing[] {
  return Object.entries(entry.optionalDependencies ?? {})
    .filter(([name, version]) => !isReachable(holder, name, version, lock))
    .map(([name, version]) => ({
      at: placeFor(holder, name, lock),
      entry: { version, ...platformOf(name), ...inherited(entry), optional: true },
    }));
}

/** Node's way of looking: in the holder's own node_modules, then in each folder above it. Another exact version does not do. */
function isReachable(holder: string, name: string, version: string, lock: LockFile): boolean {
  for (let folder = holder; ; folder = parentOf(folder)) {
    const found = lock.packages[`${folder === "" ? "" : `${folder}/`}node_modules/${name}`];
    if (found !== undefined) return found.version === version || !/^\d/.test(version);
    if (folder === "") return false;
  }
}

/** Beside the package that wants it, where npm puts it as well. */
function placeFor(holder: string, name: string, lock: LockFile): string {
  const beside = `${parentOf(holder) === "" ? "" : `${parentOf(holder)}/`}node_modules/${name}`;
  return beside in lock.packages ? `${holder}/node_modules/${name}` : beside;
}

function parentOf(folder: string): string {
  return folder.includes("/node_modules/") ? folder.slice(0, folder.lastIndexOf("/node_modules/")) : "";
}

function inherited(entry: LockedPackage): Partial<LockedPackage> {
  return { ...(entry.dev === true ? { dev: true } : {}), ...(entry.license === undefined ? {} : { license: entry.license }) };
}

/** `binding-linux-arm64-musl` says all that its package.json would: the system, the processor, and on Linux the C library. */
function platformOf(name: string): Record<string, string[]> {
  const words = name.slice(name.lastIndexOf("/") + 1).split("-");
  const find = (candidates: readonly string[]): string[] => words.filter((word) => candidates.includes(word)).slice(0, 1);
  const os = find(["android", "darwin", "freebsd", "linux", "openharmony", "win32"]);
  const cpu = find(["arm", "arm64", "ia32", "ppc64", "riscv64", "s390x", "wasm32", "x64"]);
  const libc = words.some((word) => word.startsWith("musl"))
    ? ["musl"]
    : words.some((word) => word.startsWith("gnu"))
      ? ["glibc"]
      : [];
  return Object.fromEntries(Object.entries({ os, cpu, libc }).filter(([, values]) => values.length > 0));
}
