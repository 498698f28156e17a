import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { root } from "../repository.ts";
import { parseSource, type SyntaxNode, walk } from "../syntax-tree.ts";

/** Entries of a package beside its index, whose types stand in no API report. */
const furtherEntries = ["packages/client/src/transports.ts"];

/** What a source says of one interface, class or type that it declares: the members that are not private, and the types these name. */
interface Shape {
  readonly members: Set<string>;
  readonly types: Set<string>;
}

/** What is found in all sources. */
interface Names {
  readonly shapes: Map<string, Shape>;
  /** Every member of a class, an interface or an object. */
  readonly members: Set<string>;
  readonly kept: Set<string>;
}

/**
 * Names of members that the bundle of these packages may shorten: those that our classes, interfaces and objects have and no
 * application can meet. Left as they are: what an API report names, with the members of every type that can be reached from
 * there, since applications read and implement these; what the platform names; what is not private in the classes of the drop-in
 * that its report names (users of MQTT.js look at its insides, types or not); what a module exports, which may be asked for when
 * it is loaded; the facts that an error carries; and what also stands in the sources as a text, since it may be looked up by
 * that.
 */
export function mangledNames(packages: readonly string[]): ReadonlySet<string> {
  const names: Names = { shapes: new Map(), members: new Set(), kept: platformNames() };
  const told = new Set<string>();
  for (const name of packages) {
    const folder = join(root, "packages", name);
    for (const word of wordsOf(join(folder, "api.md"))) told.add(word);
    for (const file of readdirSync(join(folder, "src"), { recursive: true, encoding: "utf8" })) {
      if (/(?<!\.test|\.prop)\.ts$/.test(file)) collect(join(folder, "src", file), names, name === "mqttjs" ? told : undefined);
    }
  }
  for (const entry of furtherEntries) for (const word of wordsOf(join(root, entry))) told.add(word);
  for (const name of reachable(told, names.shapes)) names.kept.add(name);
  return new Set([...names.members].filter((name) => !names.kept.has(name)));
}

function wordsOf(path: string): Iterable<string> {
  return Array.from(readFileSync(path, "utf8").matchAll(/\w+/g), ([word]) => word);
}

/** These names, and the members of all types that they lead to. */
function reachable(told: ReadonlySet<string>, shapes: ReadonlyMap<string, Shape>): Set<string> {
  const found = new Set(told);
  // A set is walked with what is added to it on the way.
  const types = new Set(told);
  for (const type of types) {
    const shape = shapes.get(type);
    for (const name of shape?.members ?? []) found.add(name);
    for (const next of shape?.types ?? []) types.add(next);
  }
  return found;
}

/** What the host's own objects have, so that no bundle renames it: the declarations that the compiler comes with. */
function platformNames(): Set<string> {
  const compiler = createRequire(join(root, "package.json")).resolve("typescript/package.json");
  const libraries = join(
    dirname(createRequire(compiler).resolve(`@typescript/typescript-${process.platform}-${process.arch}/package.json`)),
    "lib",
  );
  const names = new Set<string>();
  for (const file of readdirSync(libraries)) {
    if (!/^lib\.(es\d+|dom|webworker)(\..*)?\.d\.ts$/.test(file)) continue;
    for (const [, name] of readFileSync(join(libraries, file), "utf8").matchAll(/^\s+(?:readonly |get |set )?(\w+)\??[:(<]/gm))
      names.add(name!);
  }
  return names;
}

const declarations = new Set(["TSInterfaceDeclaration", "TSTypeAliasDeclaration", "ClassDeclaration"]);
const memberTypes = new Set(["PropertyDefinition", "MethodDefinition", "TSPropertySignature", "TSMethodSignature"]);

/** @param open types whose members that are not private users look at; none where it is undefined. */
function collect(path: string, names: Names, open: ReadonlySet<string> | undefined): void {
  const isPlatform = path.endsWith(".d.ts");
  let shape: Shape | undefined;
  /** Up to here stands what nobody outside can reach: a private member, or what a function does. */
  let hiddenEnd = 0;
  let owner = "";
  walk(parseSource(path).root, (node, parent, field) => {
    if (node.type === "Literal" && typeof node["value"] === "string") names.kept.add(node["value"]);
    if (field === "body" && parent?.type === "Program") shape = undefined;
    if (declarations.has(node.type) && node.start >= hiddenEnd) {
      owner = nameOf(node["id"]);
      shape = shapeOf(names, owner);
    }
    const isPrivate = node["accessibility"] === "private";
    const isHidden = node.start < hiddenEnd;
    if (!isHidden && (isPrivate || node.type === "BlockStatement" || node.type === "FunctionBody")) hiddenEnd = node.end;
    if (!isHidden && !isPrivate && node.type === "TSTypeReference") shape?.types.add(nameOf(node["typeName"]));
    if (!isHidden && node.type === "TSInterfaceHeritage") shape?.types.add(nameOf(node["expression"]));
    if (node.type === "ExportNamedDeclaration") for (const name of exportedNames(node)) names.kept.add(name);
    const name = node["computed"] === true ? "" : nameOf(node["key"]);
    if (name === "") return;
    if (memberTypes.has(node.type)) {
      names.members.add(name);
      if (isPlatform || (open?.has(owner) === true && !isPrivate)) names.kept.add(name);
      if (!isHidden && !isPrivate) shape?.members.add(name);
    } else if (node.type === "Property")
      (open !== undefined && parent?.type === "ObjectExpression" ? names.kept : names.members).add(name);
    if (name === "details") walk(node, (fact) => names.kept.add(nameOf(fact["key"])));
  });
}

/** What the parts of a bundle find in each other's modules. */
function exportedNames(statement: SyntaxNode): string[] {
  const declaration = statement["declaration"] as SyntaxNode | null;
  const declared = (declaration?.["declarations"] ?? [declaration]) as (SyntaxNode | null)[];
  const specifiers = statement["specifiers"] as SyntaxNode[];
  return [...declared.map((one) => nameOf(one?.["id"])), ...specifiers.map((one) => nameOf(one["exported"]))];
}

function shapeOf({ shapes }: Names, name: string): Shape {
  const shape = shapes.get(name) ?? { members: new Set(), types: new Set() };
  shapes.set(name, shape);
  return shape;
}

function nameOf(node: unknown): string {
  const name = (node as { readonly name?: unknown } | null | undefined)?.name;
  return typeof name === "string" ? name : "";
}
