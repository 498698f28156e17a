import { nodeGlobals } from "./arrows.ts";
import { lineOf, type ParsedSource, type SyntaxNode, walk } from "../syntax-tree.ts";

/** One use of a module: import, type import, export-from, `import()` in code, or `import()` in a type. */
export interface ModuleUse {
  readonly specifier: string;
  readonly line: number;
}

/** One use of a global. */
export interface GlobalUse extends ModuleUse {
  /** In a type, which leaves no code. */
  readonly isType: boolean;
}

/** What one file needs from outside itself. */
export interface FileNeeds {
  readonly uses: readonly ModuleUse[];
  /** Node's globals used by bare name, and not declared or imported in the file under that name. */
  readonly globals: readonly GlobalUse[];
}

/** Finds every module a file names, whatever the syntax, and every global of Node it leans on. */
export function findNeeds(source: ParsedSource): FileNeeds {
  const uses: ModuleUse[] = [];
  const globals: GlobalUse[] = [];
  const declared = new Set<string>();
  walk(source.root, (node, parent, field) => {
    const specifier = specifierOf(node);
    if (specifier !== undefined) uses.push({ specifier, line: lineOf(source.text, node.start) });
    if (node.type !== "Identifier" || !nodeGlobals.has(node["name"] as string)) return;
    if (isDeclaration(parent, field)) declared.add(node["name"] as string);
    else if (isReference(node, parent, field))
      globals.push({ specifier: node["name"] as string, line: lineOf(source.text, node.start), isType: isInType(parent) });
  });
  return { uses, globals: globals.filter((use) => !declared.has(use.specifier)) };
}

function specifierOf(node: SyntaxNode): string | undefined {
  switch (node.type) {
    case "ImportDeclaration":
    case "ExportNamedDeclaration":
    case "ExportAllDeclaration":
    case "ImportExpression":
    case "TSImportType":
      return literalText(node["source"]);
    case "TSExternalModuleReference":
      return literalText(node["expression"]);
    default:
      return undefined;
  }
}

function literalText(value: unknown): string | undefined {
  const text = (value as { value?: unknown } | null | undefined)?.value;
  return typeof text === "string" ? text : undefined;
}

const declaringParents = new Set([
  "ImportSpecifier",
  "ImportDefaultSpecifier",
  "ImportNamespaceSpecifier",
  "ClassDeclaration",
  "TSTypeAliasDeclaration",
  "TSInterfaceDeclaration",
  "TSTypeParameter",
  "CatchClause",
  "ArrayPattern",
  "RestElement",
  "AssignmentPattern",
  "FormalParameter",
]);

function isDeclaration(parent: SyntaxNode | undefined, field: string): boolean {
  if (parent === undefined) return false;
  if (
    field === "params" ||
    parent.type === "TSModuleDeclaration" ||
    parent.type === "TSGlobalDeclaration" ||
    field === "parameters"
  )
    return true;
  if (parent.type === "VariableDeclarator" || parent.type === "FunctionDeclaration") return field === "id";
  if (parent.type === "AssignmentPattern") return field === "left";
  return declaringParents.has(parent.type);
}

function isInType(parent: SyntaxNode | undefined): boolean {
  return parent?.type === "TSTypeReference" || parent?.type === "TSTypeQuery";
}

/** Names of members and keys are not references: `options.process` and `{ process: 1 }` touch no global. */
function isReference(node: SyntaxNode, parent: SyntaxNode | undefined, field: string): boolean {
  if (parent === undefined) return true;
  if (field === "property" && parent.type === "MemberExpression") return parent["computed"] === true;
  if (field === "right" && parent.type === "TSQualifiedName") return false;
  if (field === "key" || field === "label" || field === "local" || field === "exported" || field === "meta") return false;
  if (field === "parameterName" || field === "imported") return false;
  return !(parent.type === "TSImportType" && field === "qualifier") && node["name"] !== undefined;
}
