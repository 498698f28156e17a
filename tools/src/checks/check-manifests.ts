import { readFileSync } from "node:fs";
import { join } from "node:path";
import { listWorkspaces, lockedFolders, type PackageManifest, readManifest, root } from "../repository.ts";
import type { LockedPackage } from "./check-lock-file.ts";
import type { PartResult } from "./check-part.ts";

/** Licences whose terms we can keep by naming them. MPL-2.0 binds only its own files, which our build tools alone load. */
const allowed = new Set([
  "MIT",
  "MIT-0",
  "ISC",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "Apache-2.0",
  "0BSD",
  "BlueOak-1.0.0",
  "CC0-1.0",
  "Unlicense",
  "Python-2.0",
]);
const allowedInDevelopment = new Set([...allowed, "MPL-2.0", "CC-BY-4.0"]);

/** Exact versions and a reason for each dependency, licences of everything the lock file brings, and no registry's address in it. */
export function checkManifests(base: string = root): PartResult {
  const locked = lockedFolders(base).flatMap((folder) => readLocked(folder));
  const manifests = [
    ...lockedFolders(base).map((folder) => readManifest(join(folder, "package.json"))),
    ...workspaceManifests(base),
  ];
  const reasons = readFileSync(join(base, "docs/dependencies.md"), "utf8");
  const findings = [
    ...manifests.flatMap((manifest) => manifestFindings(manifest, reasons)),
    ...locked.flatMap(([path, entry]) => lockedFindings(path, entry)),
  ];
  return { findings, note: `${locked.length} locked packages` };
}

function readLocked(folder: string): [string, LockedPackage][] {
  const lock = JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8")) as { packages: Record<string, LockedPackage> };
  return Object.entries(lock.packages).filter(([path, entry]) => path.includes("node_modules/") && entry.link !== true);
}

function workspaceManifests(base: string): PackageManifest[] {
  return listWorkspaces(base).map((workspace) => workspace.manifest);
}

/** Each dependency has one exact version, and a row with that version which says why it is there. */
function manifestFindings(manifest: PackageManifest, reasons: string): string[] {
  const all = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies };
  return Object.entries(all).flatMap(([alias, wanted]) => {
    // `npm:name@1.2.3` is how one package is there in several versions.
    const [, name = alias, version = wanted] = /^npm:(.+)@([^@]+)$/.exec(wanted) ?? [];
    if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
      return [`${manifest.name}: ${name} is pinned to "${version}", which is no exact version`];
    const isOurs = name.startsWith("@bowline/") || name === "bowline";
    if (isOurs || reasons.includes(`| ${name} | ${version} |`)) return [];
    return [`${manifest.name}: ${name} ${version} has no row in docs/dependencies.md`];
  });
}

function lockedFindings(path: string, entry: LockedPackage): string[] {
  const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
  const findings: string[] = [];
  if (!isAllowed(entry.license ?? "none", entry.dev === true ? allowedInDevelopment : allowed)) {
    findings.push(`${name}: licence ${entry.license ?? "none"} is not on the list`);
  }
  if (entry.resolved?.startsWith("http") === true) findings.push(`${name}: package-lock.json names a registry (resolved)`);
  return findings;
}

/** Reads the two forms of SPDX expressions which occur: one side of OR must be allowed, all sides of AND. */
function isAllowed(expression: string, licences: ReadonlySet<string>): boolean {
  const sides = expression.replaceAll(/[()]/g, "").split(" OR ");
  return sides.some((side) => side.split(" AND ").every((licence) => licences.has(licence)));
}
