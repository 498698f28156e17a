import { parseText, type SyntaxNode, walk } from "../syntax-tree.ts";

/**
 * Takes the methods out of classes that nothing in these files names: a bundler keeps every method of a class of which it keeps one,
 * and what is shared with a server has many that a page never calls. Blanks take their place, so that source maps stay true.
 *
 * @param texts all files of a bundle and its parts, which exchange objects
 * @param members names that nobody else can know
 */
export function dropUnusedMembers(texts: readonly string[], members: ReadonlySet<string>): readonly string[] {
  const trees = texts.map((text) => parseText(text));
  const used = new Set<string>();
  for (const tree of trees) walk(tree, (node, parent) => addUsed(node, parent, used));
  const left = texts.map((text, index) => blankUnused(text, trees[index]!, (name) => members.has(name) && !used.has(name)));
  // What only those called may go as well.
  return left.every((text, index) => text === texts[index]) ? left : dropUnusedMembers(left, members);
}

function addUsed(node: SyntaxNode, parent: SyntaxNode | undefined, used: Set<string>): void {
  if (node["computed"] === true) return;
  if (node.type === "MemberExpression") used.add(nameOf(node["property"]));
  else if (node.type === "Property" && parent?.type === "ObjectPattern") used.add(nameOf(node["key"]));
}

function blankUnused(text: string, tree: SyntaxNode, isUnused: (name: string) => boolean): string {
  let left = text;
  walk(tree, (node) => {
    if (node.type !== "MethodDefinition" || node["computed"] === true || !isUnused(nameOf(node["key"]))) return;
    left = left.slice(0, node.start) + " ".repeat(node.end - node.start) + left.slice(node.end);
  });
  return left;
}

function nameOf(node: unknown): string {
  return (node as { readonly name?: string }).name ?? "";
}
