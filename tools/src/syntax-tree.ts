import { readFileSync } from "node:fs";
import { parseSync, visitorKeys } from "oxc-parser";

/** A node of the syntax tree as the checks need it: a type, a place, and fields named by `visitorKeys`. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

/** Called for each node before its children, with the parent and the parent's field that holds the node. */
export type NodeVisitor = (node: SyntaxNode, parent: SyntaxNode | undefined, field: string) => void;

/** One parsed source file. TypeScript 7 offers no compiler API, so every check of ours reads this tree. */
export interface ParsedSource {
  readonly text: string;
  readonly root: SyntaxNode;
  readonly errors: readonly string[];
}

/** Reads and parses one TypeScript file. */
export function parseSource(path: string): ParsedSource {
  const text = readFileSync(path, "utf8");
  const result = parseSync(path, text, { sourceType: "module" });
  return { text, root: result.program as unknown as SyntaxNode, errors: result.errors.map((error) => error.message) };
}

/** Parses the text of a JavaScript module. */
export function parseText(text: string): SyntaxNode {
  return parseSync("text.js", text, { sourceType: "module" }).program as unknown as SyntaxNode;
}

/** Walks the tree depth first. */
export function walk(node: SyntaxNode, visit: NodeVisitor, parent?: SyntaxNode, field = ""): void {
  visit(node, parent, field);
  for (const key of visitorKeys[node.type] ?? []) {
    const value = node[key];
    const children = Array.isArray(value) ? value : [value];
    for (const child of children) if (isNode(child)) walk(child, visit, node, key);
  }
}

/** The line number, counted from 1, of an offset in the text. */
export function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let index = text.indexOf("\n"); index !== -1 && index < offset; index = text.indexOf("\n", index + 1)) line++;
  return line;
}

export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string";
}
