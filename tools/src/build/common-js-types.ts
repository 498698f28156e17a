import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseSource, type SyntaxNode, walk } from "../syntax-tree.ts";

/**
 * Writes an `x.d.cts` beside every `x.d.ts` of a dist folder, for those who `require` the package: relative imports name the
 * `.cjs` twin, and types of ESM packages are asked for as such, since TypeScript refuses them from CommonJS otherwise.
 */
export function writeCommonJsTypes(dist: string): void {
  if (!existsSync(dist)) return;
  for (const name of readdirSync(dist, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".d.ts")) continue;
    const path = join(dist, name);
    writeFileSync(path.replace(/\.d\.ts$/, ".d.cts"), toCommonJs(path));
  }
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

function toCommonJs(path: string): string {
  const edits: Edit[] = [];
  const source = parseSource(path);
  walk(source.root, (node) => {
    const from = node["source"] as (SyntaxNode & { value: string }) | null | undefined;
    if (from?.type !== "Literal") return;
    if (from.value.startsWith(".")) {
      edits.push({ start: from.start, end: from.end, text: JSON.stringify(from.value.replace(/\.[jt]s$/, ".cjs")) });
    } else if (from.value.startsWith("@bowline/")) {
      const asked =
        node.type === "TSImportType" ? `, { with: { "resolution-mode": "import" } }` : ` with { "resolution-mode": "import" }`;
      edits.push({ start: from.end, end: from.end, text: asked });
      if (node.type === "ImportDeclaration" && node["importKind"] !== "type") edits.push(...asTypeImport(node));
    }
  });
  let text = source.text.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, "\n");
  for (const edit of edits.toSorted((a, b) => b.start - a.start))
    text = text.slice(0, edit.start) + edit.text + text.slice(edit.end);
  return text;
}

/** TypeScript takes the attribute on `import type` alone; in a declaration every import is one. */
function asTypeImport(node: SyntaxNode): Edit[] {
  const specifiers = node["specifiers"] as ReadonlyArray<SyntaxNode & { readonly imported?: SyntaxNode }>;
  const marked = specifiers.filter((specifier) => specifier["importKind"] === "type");
  const keyword = node.start + "import".length;
  const unmarked = marked.map((specifier) => ({
    start: specifier.start,
    end: specifier.imported?.start ?? specifier.start,
    text: "",
  }));
  return [{ start: keyword, end: keyword, text: " type" }, ...unmarked];
}
