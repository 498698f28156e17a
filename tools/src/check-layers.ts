import { mayImport, nodeTypes, protocolOrder, universal } from "./layers/arrows.ts";
import { findCycles } from "./layers/cycles.ts";
import { readModuleGraph, type ResolvedImport, type SourceFile } from "./layers/module-graph.ts";
import { type PackageManifest, readManifest, root, shown } from "./repository.ts";
import { join } from "node:path";
import { existsSync } from "node:fs";

/** A rule looks at one import of one file and says what is wrong with it, if anything. */
type ImportRule = (file: SourceFile, use: ResolvedImport) => string | undefined;

/**
 * Reads the import graph of all workspaces below `base`, type imports included, and returns one finding for each import
 * that breaks the layers: wrong arrow, wrong folder inside protocol, reach into another package, a package that is not
 * declared, Node in a universal package, and every circle of files.
 */
export function checkLayers(base: string = root): string[] {
  const files = readModuleGraph(base);
  const rootDependencies = namesIn(existsSync(join(base, "package.json")) ? readManifest(join(base, "package.json")) : undefined);
  const rules: readonly ImportRule[] = [
    missing,
    wrongArrow,
    wrongFolder,
    insideReach,
    barrel,
    nodeInUniversal,
    undeclared(rootDependencies),
  ];
  const findings: string[] = [];
  for (const file of files) {
    const at = (line: number): string => `${shown(file.path, base)}:${line}`;
    for (const error of file.parseErrors) findings.push(`${at(1)} cannot be parsed: ${error}`);
    for (const use of file.imports) {
      for (const rule of rules) {
        const finding = rule(file, use);
        if (finding !== undefined) findings.push(`${at(use.line)} ${finding}`);
      }
    }
    for (const use of mustBeUniversal(file) ? file.nodeGlobals : []) {
      if (use.isType && nodeTypes[file.workspace.id]?.includes(use.specifier) === true) continue;
      findings.push(`${at(use.line)} uses Node's global ${use.specifier} in a universal package`);
    }
  }
  for (const cycle of findCycles(files)) findings.push(`cycle: ${cycle.map((path) => shown(path, base)).join(" -> ")}`);
  return findings;
}

const missing: ImportRule = (_file, use) =>
  use.target.kind === "missing" ? `imports ${use.specifier}, which does not exist (relative imports name the .ts file)` : undefined;

const wrongArrow: ImportRule = (file, use) => {
  if (use.target.kind !== "sibling" || use.target.workspace === file.workspace) return undefined;
  const to = use.target.workspace.id;
  if (to === "testkit" && file.isTest) return undefined;
  if (to === "testkit") return "imports testkit, which only tests may do";
  return mayImport[file.workspace.id]?.includes(to) === true ? undefined : `wrong arrow: ${file.workspace.id} may not import ${to}`;
};

const wrongFolder: ImportRule = (file, use) => {
  if (file.workspace.id !== "protocol" || use.target.kind !== "file" || isBarrel(file.name)) return undefined;
  const from = folderRank(file.name);
  const to = folderRank(use.target.path.slice(join(file.workspace.folder, "src").length + 1));
  if (from === -1) return `${file.name} stands in no folder of the order ${protocolOrder.join(" -> ")}`;
  if (to === -1) return `imports ${use.specifier}, which stands in no folder of the order ${protocolOrder.join(" -> ")}`;
  return to > from ? `wrong folder: ${protocolOrder[from] ?? ""} may not import ${protocolOrder[to] ?? ""}` : undefined;
};

const insideReach: ImportRule = (file, use) => {
  if (use.target.kind === "file" && !use.target.path.startsWith(join(file.workspace.folder, "src"))) {
    return `reaches out of its package by ${use.specifier}: import the package by name`;
  }
  if (use.target.kind !== "sibling") return undefined;
  const { workspace, subpath } = use.target;
  if (workspace === file.workspace) return `imports its own package by name: import the file`;
  const exported = workspace.manifest.exports ?? {};
  return subpath in exported ? undefined : `reaches inside: ${workspace.manifest.name} does not export ${subpath}`;
};

const barrel: ImportRule = (file, use) => {
  if (use.target.kind !== "file" || isBarrel(file.name) || file.isTest) return undefined;
  const name = use.target.path.slice(join(file.workspace.folder, "src").length + 1);
  return isBarrel(name) ? `imports the barrel ${name} of its own package: import the file` : undefined;
};

const nodeInUniversal: ImportRule = (file, use) =>
  use.target.kind === "node" && mustBeUniversal(file) ? `imports ${use.specifier} in a universal package` : undefined;

function undeclared(rootDependencies: ReadonlySet<string>): ImportRule {
  return (file, use) => {
    const name =
      use.target.kind === "sibling"
        ? use.target.workspace.manifest.name
        : use.target.kind === "package"
          ? use.target.name
          : undefined;
    if (name === undefined) return undefined;
    const { workspace } = file;
    const isShipped = workspace.manifest.private !== true && !file.isTest && workspace.id !== "console";
    const declared = namesIn(workspace.manifest, isShipped);
    if (declared.has(name) || (!isShipped && (rootDependencies.has(name) || use.target.kind === "sibling"))) return undefined;
    return `imports ${name}, which ${workspace.id}/package.json does not declare`;
  };
}

/** A page ships as a bundle, so what it imports is a development dependency; everything else that ships declares what it loads. */
function namesIn(manifest: PackageManifest | undefined, shippedOnly = false): Set<string> {
  const shipped = { ...manifest?.dependencies, ...manifest?.peerDependencies, ...manifest?.optionalDependencies };
  return new Set(Object.keys(shippedOnly ? shipped : { ...shipped, ...manifest?.devDependencies }));
}

function folderRank(name: string): number {
  return protocolOrder.indexOf(name.split("/")[0] ?? "");
}

function isBarrel(name: string): boolean {
  return name === "index.ts" || name === "internal.ts";
}

function mustBeUniversal(file: SourceFile): boolean {
  const exempt = universal[file.workspace.id];
  return exempt !== undefined && !file.isTest && !exempt.some((own) => file.name === own || file.name.startsWith(`${own}/`));
}
