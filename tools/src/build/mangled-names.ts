import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../repository.ts";
import { parseSource, type SyntaxNode, walk } from "../syntax-tree.ts";

const packages = ["protocol", "client", "mqttjs"];

/**
 * Names of class members that a page's bundle may shorten: those that no application can meet. Left as they are: what an API report
 * names, what an interface declares (an application may implement it, and the chunks of a bundle exchange such objects), what
 * is not private in the drop-in (users of MQTT.js look at its insides, types or not), and what also stands in the sources as a text, since it may be looked up by that.
 */
export function mangledNames(): ReadonlySet<string> {
  const members = new Set<string>();
  const kept = new Set<string>();
  for (const name of packages) {
    for (const [word] of readFileSync(join(root, "packages", name, "api.md"), "utf8").matchAll(/\w+/g)) kept.add(word);
    const source = join(root, "packages", name, "src");
    for (const file of readdirSync(source, { recursive: true, encoding: "utf8" })) {
      if (/(?<!\.test|\.prop)\.ts$/.test(file)) collect(join(source, file), members, kept, name === "mqttjs");
    }
  }
  return new Set([...members].filter((name) => !kept.has(name)));
}

function collect(path: string, members: Set<string>, kept: Set<string>, isOpen: boolean): void {
  walk(parseSource(path).root, (node) => {
    if (node.type === "Literal" && typeof node["value"] === "string") kept.add(node["value"]);
    const name = nameOf(node);
    if (name === undefined) return;
    const isMember = node.type === "PropertyDefinition" || node.type === "MethodDefinition";
    if (isMember) (isOpen && node["accessibility"] !== "private" ? kept : members).add(name);
    if (node.type === "TSPropertySignature" || node.type === "TSMethodSignature") kept.add(name);
  });
}

function nameOf(node: SyntaxNode): string | undefined {
  const key = node["key"] as SyntaxNode | undefined;
  return key?.type === "Identifier" && node["computed"] !== true ? (key["name"] as string) : undefined;
}
