import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { LockedPackage } from "../checks/check-lock-file.ts";
import { listSources, root } from "../repository.ts";
import { nameIn, publishedPackages, releaseSbom, type Sbom } from "./release-sbom.ts";

type Locked = LockedPackage & {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly integrity?: string;
};

let sbom: Sbom;
let lock: Readonly<Record<string, Locked>>;
beforeAll(async () => {
  sbom = await releaseSbom();
  lock = (JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as { packages: Record<string, Locked> }).packages;
});

/** Where a package finds another one, as Node looks for it. */
function placeOf(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/")))) {
    const place = `${folder === "" ? "" : `${folder}/`}node_modules/${name}`;
    if (place in lock) return place;
    if (folder === "") return undefined;
  }
}

/** What installing our packages brings, found in the lock file by a walk of its own. */
function installed(): Set<string> {
  const found = new Set<string>();
  const walk = (name: string, from: string): void => {
    const place = placeOf(name, from);
    const entry = place === undefined ? undefined : lock[place];
    if (place === undefined || entry === undefined || entry.link === true) return;
    const ref = `${name}@${entry.version}`;
    if (found.has(ref)) return;
    found.add(ref);
    for (const next of Object.keys({ ...entry.dependencies, ...entry.optionalDependencies })) walk(next, place);
  };
  for (const { dependencies = {} } of publishedPackages()) for (const name of Object.keys(dependencies)) walk(name, "");
  return found;
}

test("names everything that installing the published packages brings, and every package of ours", () => {
  const refs = new Set(sbom.components.map((component) => component["bom-ref"]));
  const missing = [...installed()].filter((ref) => !refs.has(ref));
  expect(missing).toEqual([]);
  expect([...installed()].filter((ref) => /^(ws|zod|lmdb|rolldown)@/.test(ref))).toHaveLength(4);
  for (const { name, version } of publishedPackages()) expect(refs).toContain(`${name}@${version}`);
  expect(sbom.components.length).toBeGreaterThan(50);
});

test("names what the console carries in its files, and nothing that only builds or tests", () => {
  const names = sbom.components.map(({ name }) => name);
  const imported = new Set(
    listSources(join(root, "packages/console/src")).flatMap((path) =>
      Array.from(readFileSync(path, "utf8").matchAll(/^import [^"]*"((?:@[\w-]+\/)?[\w-]+)/gm), ([, name]) => name ?? ""),
    ),
  );
  imported.delete("vitest");
  for (const name of imported) expect(names).toContain(name);
  for (const name of ["vitest", "vite", "typescript", "@bowline/testkit", "@bowline/bench"]) expect(names).not.toContain(name);
});

test("is a whole document: each package with its version, place and licence, and each reference to one that is there", () => {
  expect(sbom).toMatchObject({ bomFormat: "CycloneDX", metadata: { component: { name: "bowline", type: "application" } } });
  const refs = new Set(sbom.components.map((component) => component["bom-ref"]));
  expect(refs.size).toBe(sbom.components.length);
  for (const { ref, dependsOn } of sbom.dependencies) {
    if (ref !== "release") expect(refs).toContain(ref);
    for (const other of dependsOn) expect(refs).toContain(other);
  }
  for (const component of sbom.components) {
    const { name, version, purl, licenses = [] } = component;
    expect(`${name}@${version}`).toBe(component["bom-ref"]);
    expect(decodeURIComponent(purl)).toBe(`pkg:npm/${name}@${version}`);
    expect(licenses.length, name).toBe(1);
  }
});

test("has the hash of each package that the lock file pins by one", () => {
  const ours = new Set(publishedPackages().map(({ name }) => name));
  const pinned = new Set(
    Object.entries(lock)
      .filter(([, { integrity }]) => integrity !== undefined)
      .map(([place, { version }]) => `${place.slice(place.lastIndexOf("node_modules/") + 13)}@${version}`),
  );
  const without = sbom.components.filter(
    ({ hashes = [], ...component }) => hashes.length === 0 && pinned.has(component["bom-ref"]),
  );
  expect(without.map((component) => nameIn(component["bom-ref"])).filter((name) => !ours.has(name))).toEqual([]);
});
