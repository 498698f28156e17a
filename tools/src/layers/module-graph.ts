import { existsSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, relative } from "node:path";
import { findNeeds, type GlobalUse, type ModuleUse } from "./imports.ts";
import { isTestFile, listSources, listWorkspaces, type Workspace } from "../repository.ts";
import { parseSource } from "../syntax-tree.ts";

/** Where an import leads. */
export type Target =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "sibling"; readonly workspace: Workspace; readonly subpath: string; readonly paths: readonly string[] }
  | { readonly kind: "own"; readonly paths: readonly string[] }
  | { readonly kind: "node" }
  | { readonly kind: "package"; readonly name: string }
  | { readonly kind: "missing" };

export interface ResolvedImport extends ModuleUse {
  readonly target: Target;
}

export interface SourceFile {
  readonly path: string;
  readonly workspace: Workspace;
  /** Relative to the workspace's src, with slashes. */
  readonly name: string;
  readonly isTest: boolean;
  readonly imports: readonly ResolvedImport[];
  readonly nodeGlobals: readonly GlobalUse[];
  readonly parseErrors: readonly string[];
}

/** Reads every source of every workspace below `base` and resolves what it imports. */
export function readModuleGraph(base: string): SourceFile[] {
  const workspaces = listWorkspaces(base);
  return workspaces.flatMap((workspace) =>
    listSources(join(workspace.folder, "src")).map((path) => readSourceFile(path, workspace, workspaces)),
  );
}

function readSourceFile(path: string, workspace: Workspace, workspaces: readonly Workspace[]): SourceFile {
  const source = parseSource(path);
  const needs = findNeeds(source);
  return {
    path,
    workspace,
    name: relative(join(workspace.folder, "src"), path).replaceAll("\\", "/"),
    isTest: isTestFile(path),
    imports: needs.uses.map((use) => ({ ...use, target: resolve(use.specifier, path, workspace, workspaces) })),
    nodeGlobals: needs.globals,
    parseErrors: source.errors,
  };
}

function resolve(specifier: string, from: string, workspace: Workspace, workspaces: readonly Workspace[]): Target {
  if (specifier.startsWith(".")) return resolveRelative(join(dirname(from), specifier));
  if (specifier.startsWith("#")) return resolveOwn(specifier, workspace);
  if (specifier.startsWith("node:") || builtinModules.includes(specifier)) return { kind: "node" };
  const name = packageName(specifier);
  const sibling = workspaces.find((candidate) => candidate.manifest.name === name);
  if (sibling === undefined) return { kind: "package", name };
  const subpath = `.${specifier.slice(name.length)}`;
  return { kind: "sibling", workspace: sibling, subpath, paths: sourcePaths(sibling, sibling.manifest.exports?.[subpath]) };
}

function resolveRelative(path: string): Target {
  return existsSync(path) ? { kind: "file", path } : { kind: "missing" };
}

function resolveOwn(specifier: string, workspace: Workspace): Target {
  const entry = workspace.manifest.imports?.[specifier];
  return entry === undefined ? { kind: "missing" } : { kind: "own", paths: sourcePaths(workspace, entry) };
}

/** `@scope/name/inside` and `name/inside` without the inside. */
function packageName(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

/** All sources that an `exports` or `imports` entry can lead to under the source condition, in any runtime. */
function sourcePaths(workspace: Workspace, entry: unknown): string[] {
  return targetsOf(entry)
    .filter((target) => target.startsWith("./src/"))
    .map((target) => join(workspace.folder, target));
}

function targetsOf(entry: unknown): string[] {
  if (typeof entry === "string") return [entry];
  if (typeof entry !== "object" || entry === null) return [];
  return [...new Set(Object.values(entry).flatMap(targetsOf))];
}

/** The files a resolved import leads to, for walking the graph. */
export function targetPaths(target: Target): readonly string[] {
  if (target.kind === "file") return [target.path];
  return target.kind === "sibling" || target.kind === "own" ? target.paths : [];
}
