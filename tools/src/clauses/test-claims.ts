import { isNode, parseSource, type SyntaxNode, walk } from "../syntax-tree.ts";
import { findClaims } from "./citations.ts";

/**
 * The statements that a file of tests claims to test: those in titles (of tests, groups, rows of a table, conformance cases) or
 * parts of them, and in comments that begin with `covers:`. A citation anywhere else explains, and proves nothing.
 */
export function readTestClaims(path: string): Set<string> {
  const source = parseSource(path);
  const claims = new Set(coversComments(source.text).flatMap(findClaims));
  const take = (node: unknown): void => {
    for (const text of textsOf(node)) for (const key of findClaims(text)) claims.add(key);
  };
  const skipped: SyntaxNode[] = [];
  walk(source.root, (node) => {
    if (skipped.some((outer) => node.start >= outer.start && node.end <= outer.end)) return;
    if (isSkipped(node)) skipped.push(node);
    else if (node.type === "CallExpression") take(titleOf(node));
    else if (node.type === "ArrayExpression") take((node["elements"] as unknown[])[0]);
    else if (isTitle(node)) take(node["value"]);
    else if (isListOfIds(node)) take(node);
  });
  return claims;
}

/** The first argument; in the conformance kit (`cases.both(id, title, run)`, `cases.inVersion(version, id, title, run)`) a later one. */
function titleOf(call: SyntaxNode): unknown {
  const method = (call["callee"] as { readonly property?: { readonly name?: unknown } }).property?.name;
  const place = method === "both" ? 1 : method === "inVersion" ? 2 : 0;
  const titles = call["arguments"] as unknown[];
  return textsOf(titles[place]).length > 0 ? titles[place] : titles[0];
}

/** `test.skip(...)`, `describe.todo(...)` and the like: what does not run proves nothing. */
function isSkipped(node: SyntaxNode): boolean {
  if (node.type !== "CallExpression") return false;
  for (let callee = node["callee"]; isNode(callee); callee = callee["object"] ?? callee["callee"]) {
    const property = callee["property"] as { readonly name?: unknown } | undefined;
    if (property?.name === "skip" || property?.name === "todo") return true;
  }
  return false;
}

/** Nothing but ids: a part of titles that are put together, one for each version. */
function isListOfIds(node: SyntaxNode): boolean {
  return node.type === "Literal" && typeof node["value"] === "string" && /^(?:\[(?:v3 )?MQTT-[\d.]+-\d+\] ?)+$/.test(node["value"]);
}

function isTitle(node: SyntaxNode): boolean {
  const name = (node["key"] as { readonly name?: unknown } | undefined)?.name;
  return node.type === "Property" && (name === "title" || name === "name");
}

function textsOf(node: unknown): string[] {
  if (!isNode(node)) return [];
  if (node.type === "Literal") return typeof node["value"] === "string" ? [node["value"]] : [];
  if (node.type === "BinaryExpression") return [...textsOf(node["left"]), ...textsOf(node["right"])];
  if (node.type !== "TemplateLiteral") return [];
  return (node["quasis"] as { readonly value: { readonly cooked: string } }[]).map((quasi) => quasi.value.cooked);
}

/** `covers:` up to the end of its comment, which may go on in further lines that begin with an id. */
function coversComments(text: string): string[] {
  return text.match(/^\s*(?:\/\/|\/?\*+) ?covers:.*(?:\n\s*(?:\/\/|\*) *\[.*)*/gm) ?? [];
}
