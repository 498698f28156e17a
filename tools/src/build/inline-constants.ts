import { join } from "node:path";
import { type Plugin, RolldownMagicString } from "rolldown";
import { root } from "../repository.ts";
import { parseSource, walk } from "../syntax-tree.ts";

/** Tables of named numbers, with the file that declares each. */
const tables: Readonly<Record<string, string>> = {
  FramePhase: "packages/protocol/src/packet/frame-walk.ts",
  OutboundState: "packages/protocol/src/flow/message.ts",
  PacketType: "packages/protocol/src/packet/packet-type.ts",
  PropertyType: "packages/protocol/src/packet/properties.ts",
  ReasonCode: "packages/protocol/src/packet/reason-codes.ts",
};

/**
 * Puts the numbers in place of `ReasonCode.Success` and its like, as a compiler does with enums: a minifier cannot, since it does not know
 * that nobody changes such a table, and a page would carry the tables and every name in them.
 */
export function inlineConstants(): Plugin {
  const values = new Map<string, number>();
  for (const [table, path] of Object.entries(tables)) {
    for (const [name, value] of membersOf(table, join(root, path))) values.set(`${table}.${name}`, value);
  }
  return {
    name: "inline-constants",
    transform: (code, id) => {
      if (!id.endsWith(".ts")) return undefined;
      const text = new RolldownMagicString(code, { filename: id });
      walk(parseSource(id).root, (node) => {
        const value = node.type === "MemberExpression" ? values.get(code.slice(node.start, node.end)) : undefined;
        if (value !== undefined) text.overwrite(node.start, node.end, String(value));
      });
      return text.hasChanged() ? { code: text } : undefined;
    },
  };
}

/** The members of an object literal of numbers, exported under that name. */
function membersOf(table: string, path: string): Map<string, number> {
  const members = new Map<string, number>();
  walk(parseSource(path).root, (node) => {
    if (node.type !== "VariableDeclarator" || nameOf(node["id"]) !== table) return;
    walk(node, (inner) => {
      const value = (inner["value"] as { readonly value?: unknown } | null)?.value;
      if (inner.type === "Property" && typeof value === "number") members.set(nameOf(inner["key"]), value);
    });
  });
  return members;
}

function nameOf(node: unknown): string {
  return (node as { readonly name?: string }).name ?? "";
}
