import type { PositionOf } from "@bowline/broker/internal";

/** As much of a syntax tree as is walked here. */
interface Node {
  type: string;
  start: number;
  [key: string]: unknown;
}

/**
 * Where the keys of a configuration stand in its program. It finds what is written as a literal in the default export; for what is worked
 * out elsewhere it answers the nearest literal above it.
 */
export async function modulePositions(source: string, path: string): Promise<PositionOf> {
  const { parseAst } = await import("rolldown/parseAst");
  const program = parseAst(source, { lang: /\.[cm]?ts$/.test(path) ? "ts" : "js" }) as unknown as Node;
  const body = program["body"] as Node[];
  const exported = body.find(({ type }) => type === "ExportDefaultDeclaration");
  const root = exported === undefined ? undefined : literal(exported["declaration"] as Node, body);
  return (keys) => (root === undefined ? undefined : positionAt(source, offsetOf(root, keys)));
}

function offsetOf(root: Node, keys: readonly PropertyKey[]): number {
  let node: Node | undefined = root;
  let offset = root.start;
  for (const key of keys) {
    const found = childOf(node, key);
    if (found === undefined) return offset;
    offset = found.offset;
    node = found.node;
  }
  return offset;
}

function childOf(node: Node | undefined, key: PropertyKey): { node: Node | undefined; offset: number } | undefined {
  if (node?.type === "ArrayExpression") {
    const element = (node["elements"] as (Node | null)[])[Number(key)];
    return element == null ? undefined : { node: bare(element), offset: element.start };
  }
  if (node?.type !== "ObjectExpression") return undefined;
  const property = (node["properties"] as Node[]).find((each) => each.type === "Property" && nameOf(each["key"] as Node) === key);
  return property === undefined ? undefined : { node: bare(property["value"] as Node), offset: property.start };
}

function nameOf(key: Node): unknown {
  return key.type === "Identifier" ? key["name"] : key["value"];
}

/** The object in `defineConfig({...})`, `await ...`, `{...} satisfies T`, or in the constant that is named. */
function literal(node: Node, body: readonly Node[]): Node | undefined {
  const inner = bare(node);
  if (inner.type === "CallExpression") {
    const [argument] = inner["arguments"] as Node[];
    return argument === undefined ? undefined : literal(argument, body);
  }
  if (inner.type === "AwaitExpression") return literal(inner["argument"] as Node, body);
  if (inner.type !== "Identifier") return inner;
  const declarators = body.filter(({ type }) => type === "VariableDeclaration").flatMap((each) => each["declarations"] as Node[]);
  const declared = declarators.find((each) => nameOf(each["id"] as Node) === inner["name"])?.["init"] as Node | null | undefined;
  return declared == null || bare(declared).type === "Identifier" ? undefined : literal(declared, body);
}

/** Without the types and parentheses round an expression. */
function bare(node: Node): Node {
  const { expression } = node;
  return expression !== undefined && typeof expression === "object" ? bare(expression as Node) : node;
}

function positionAt(source: string, offset: number): { line: number; column: number } {
  const before = source.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  return { line: before.split("\n").length, column: offset - lineStart + 1 };
}
