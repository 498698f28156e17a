import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseSource, type ParsedSource, type SyntaxNode, walk } from "../syntax-tree.ts";
import type { PartResult } from "./check-part.ts";
import { builtPackages } from "./check-packages.ts";

/**
 * Compares each package's public types, as emitted, with its api.md, so that a change of API shows in a review.
 * @param options.update writes api.md instead of judging it.
 */
export function checkApiReports(options: { readonly update?: boolean } = {}): PartResult {
  const findings: string[] = [];
  let symbols = 0;
  for (const workspace of builtPackages()) {
    const entry = join(workspace.folder, "dist/index.d.ts");
    if (!existsSync(entry)) continue;
    const api = readApi(entry);
    const forPages = join(workspace.folder, "dist/browser.d.ts");
    const ofPages = workspace.manifest.exports?.["./browser"] === undefined ? undefined : readApi(forPages);
    symbols += api.size + (ofPages?.size ?? 0);
    const report = formatReport(workspace.manifest.name, api) + (ofPages === undefined ? "" : formatForPages(ofPages));
    const path = join(workspace.folder, "api.md");
    if (options.update === true) writeFileSync(path, report);
    else if (!existsSync(path) || readFileSync(path, "utf8") !== report) {
      findings.push(`${workspace.id}/api.md differs from the built types: run npm run check -- --update and review the difference`);
    }
  }
  return { findings, note: `${symbols} public symbols` };
}

function formatReport(name: string, api: ReadonlyMap<string, string>): string {
  return `# Public API of ${name}\n\nGenerated from the emitted types by \`npm run check -- --update\`.\n\n${blockOf(api)}`;
}

/** An entry of its own for pages. */
function formatForPages(api: ReadonlyMap<string, string>): string {
  return `\n## /browser\n\n${blockOf(api)}`;
}

function blockOf(api: ReadonlyMap<string, string>): string {
  const entries = [...api].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, declaration]) => declaration);
  return `\`\`\`ts\n${entries.join("\n\n")}\n\`\`\`\n`;
}

/** Every name a declaration file exports, with the text of its declaration, following re-exports within the package. */
export function readApi(path: string): Map<string, string> {
  const source = parseSource(path);
  const api = new Map<string, string>();
  for (const statement of source.root["body"] as SyntaxNode[]) {
    if (statement.type === "ExportAllDeclaration") addAll(api, path, statement);
    else if (statement.type === "ExportNamedDeclaration") addNamed(api, path, source, statement);
    else if (statement.type === "ExportDefaultDeclaration") api.set("default", textOf(source, statement));
  }
  return api;
}

function addAll(api: Map<string, string>, path: string, statement: SyntaxNode): void {
  const from = sourceOf(statement);
  if (!from.startsWith(".")) api.set(`* ${from}`, `export * from "${from}";`);
  else for (const [name, text] of readApi(declarationPath(path, from))) api.set(name, text);
}

function addNamed(api: Map<string, string>, path: string, source: ParsedSource, statement: SyntaxNode): void {
  const declaration = statement["declaration"] as SyntaxNode | null;
  if (declaration !== null) {
    for (const name of declaredNames(declaration)) api.set(name, textOf(source, statement));
    return;
  }
  for (const specifier of statement["specifiers"] as SyntaxNode[]) {
    const exported = nameOf(specifier["exported"]);
    const local = nameOf(specifier["local"]);
    api.set(exported, resolveExport(path, source, statement, local, exported));
  }
}

function resolveExport(path: string, source: ParsedSource, statement: SyntaxNode, local: string, exported: string): string {
  const from = sourceOf(statement);
  const renamed = local === exported ? "" : `// ${local} as ${exported}\n`;
  if (from === "") return renamed + (declarationOf(path, source, local) ?? `export { ${local} };`);
  if (!from.startsWith(".")) return `${renamed}export { ${local} } from "${from}";`;
  return renamed + (readApi(declarationPath(path, from)).get(local) ?? `export { ${local} } from "${from}";`);
}

/** `export { X }` of something declared or imported further up in the same file. */
function declarationOf(path: string, source: ParsedSource, local: string): string | undefined {
  for (const statement of source.root["body"] as SyntaxNode[]) {
    if (declaredNames(statement).includes(local)) return `export ${textOf(source, statement)}`;
    if (statement.type !== "ImportDeclaration") continue;
    const specifier = (statement["specifiers"] as SyntaxNode[]).find((candidate) => nameOf(candidate["local"]) === local);
    if (specifier !== undefined)
      return resolveExport(path, source, statement, nameOf(specifier["imported"] ?? specifier["local"]), local);
  }
  return undefined;
}

function declaredNames(node: SyntaxNode): string[] {
  const single = node["id"];
  if (typeof single === "object" && single !== null) return [nameOf(single)];
  const several = node["declarations"];
  return Array.isArray(several) ? several.map((declarator: SyntaxNode) => nameOf(declarator["id"])) : [];
}

/** The declaration without comments and private members: neither is a promise to anybody. */
function textOf(source: ParsedSource, node: SyntaxNode): string {
  const cuts: Array<readonly [number, number]> = [];
  walk(node, (inner) => {
    const isPrivate =
      inner["accessibility"] === "private" || (inner["key"] as SyntaxNode | undefined)?.type === "PrivateIdentifier";
    if (isPrivate) cuts.push([inner.start, inner.end]);
  });
  let text = "";
  let position = node.start;
  for (const [start, end] of cuts) {
    text += source.text.slice(position, start);
    position = end;
  }
  text += source.text.slice(position, node.end);
  const bare = text
    .replaceAll(/\/\*[\s\S]*?\*\//g, "")
    .replaceAll(/^\s*\/\/.*$/gm, "")
    .replaceAll(/^(export )?declare /gm, "$1");
  return bare
    .replaceAll(/[ \t]+$/gm, "")
    .replaceAll(/\n{2,}/g, "\n")
    .replaceAll(/^\s*;\n/gm, "")
    .trim();
}

function sourceOf(statement: SyntaxNode): string {
  const value = (statement["source"] as { value?: unknown } | null | undefined)?.value;
  return typeof value === "string" ? value : "";
}

function nameOf(node: unknown): string {
  const { name, value } = node as { name?: string; value?: string };
  return name ?? value ?? "";
}

/** Declarations say `./x.ts` or `./x.js` and mean the `./x.d.ts` beside them. */
function declarationPath(from: string, specifier: string): string {
  return join(dirname(from), specifier.replace(/\.[jt]sx?$/, ".d.ts"));
}
