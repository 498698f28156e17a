import { MqttError } from "@bowline/protocol";
import { type Document, isMap, isNode, isPair, LineCounter, type Node, parseDocument, visit, type YAMLError } from "yaml";
import type { ConfigSource, Position } from "./config-source.ts";
import { jsonFault } from "./json-fault.ts";

/**
 * Reads YAML, and JSON with it, since every JSON text is YAML. A file that is called `.json` must be JSON.
 *
 * @throws MqttError CONFIG_INVALID with line and column
 */
export function parseConfigText(text: string, shownName: string): Omit<ConfigSource, "files"> {
  const fault = /\.json$/i.test(shownName) ? jsonFault(text) : undefined;
  if (fault !== undefined) throw notWell(shownName, placeAt(text, fault.offset), `this is no JSON: ${fault.words}`);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false, stringKeys: true });
  const [error] = document.errors;
  if (error) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw notWell(shownName, { line, column: col }, OWN_WORDS[error.code] ?? error.message, error);
  }
  return {
    value: valueOf(document, shownName, lines),
    positionOf: (path) => {
      const offset = offsetOf(document.contents, path);
      if (offset === undefined) return undefined;
      const { line, col } = lines.linePos(offset);
      return { line, column: col };
    },
  };
}

/** Where the words of the parser speak to its programmer. */
const OWN_WORDS: Partial<Record<YAMLError["code"], string>> = {
  DUPLICATE_KEY: "this key stands there twice",
  NON_STRING_KEY: "a key must be a text",
  MULTIPLE_DOCS: "a second document begins here, and a configuration is one",
};

function valueOf(document: Document.Parsed, name: string, lines: LineCounter): unknown {
  visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document) !== undefined) return;
      const { line, col } = lines.linePos(alias.range![0]);
      throw notWell(name, { line, column: col }, `nothing before it is called &${alias.source}`);
    },
  });
  try {
    // An empty file is a file that says nothing.
    return document.toJS() ?? {};
  } catch (cause) {
    // Aliases of aliases, which would be more than fits into memory.
    throw notWell(name, { line: 1, column: 1 }, (cause as Error).message, cause);
  }
}

function notWell(name: string, { line, column }: Position, words: string, cause?: unknown): MqttError {
  return new MqttError("CONFIG_INVALID", { detail: `${name}:${line}:${column}: ${words}`, cause });
}

function placeAt(text: string, offset: number): Position {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1) ?? "").length + 1 };
}

function offsetOf(root: Node | null, path: readonly PropertyKey[]): number | undefined {
  let node: unknown = root;
  let offset = root?.range?.[0];
  for (const name of path) {
    const key = keyNode(node, name);
    offset = (key ?? child(node, name))?.range?.[0] ?? offset;
    node = child(node, name);
  }
  return offset;
}

function keyNode(node: unknown, name: PropertyKey): Node | undefined {
  if (!isMap(node)) return undefined;
  const pair = node.items.find((item) => isPair(item) && isNode(item.key) && item.key.toJSON() === name);
  return isNode(pair?.key) ? pair.key : undefined;
}

function child(node: unknown, name: PropertyKey): Node | undefined {
  if (!isMap(node) && !(isNode(node) && "items" in node)) return undefined;
  const found: unknown = (node as { get(key: unknown, keepScalar: boolean): unknown }).get(name, true);
  return isNode(found) ? found : undefined;
}
