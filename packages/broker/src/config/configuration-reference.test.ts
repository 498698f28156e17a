import { expect, test } from "vitest";
import { brokerConfigJsonSchema } from "./broker-config.ts";

/* docs/configuration-reference.md is made of the schema here, so that it can never say something else than the broker. */

interface Schema {
  description?: string;
  default?: unknown;
  type?: string;
  const?: unknown;
  enum?: unknown[];
  minimum?: number;
  maximum?: number;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
}

const HEAD = `# Every key of the configuration

Made from [config.schema.json](../packages/broker/config.schema.json); how a file is written, checked and reloaded is in
[configuration](configuration.md). A dot leads into a group of keys, \`[]\` into each item of a list.

| key | may be | default | is |
|---|---|---|---|
`;

test("docs/configuration-reference.md is what the schema says (write it anew with vitest -u)", async () => {
  const rows = rowsOf(brokerConfigJsonSchema(), "").map((row) => `| ${row.map(cell).join(" | ")} |\n`);
  await expect(`${HEAD}${rows.join("")}`).toMatchFileSnapshot("../../../../docs/configuration-reference.md");
});

test("every key says what it is", () => {
  expect(rowsOf(brokerConfigJsonSchema(), "").filter(([, , , words]) => words === "")).toEqual([]);
});

type Row = [key: string, type: string, default_: string, words: string];

function rowsOf(schema: Schema, prefix: string): Row[] {
  const groups = forms(schema).filter(({ properties }) => properties !== undefined);
  const seen = new Set<string>();
  const rows: Row[] = [];
  for (const { properties = {} } of groups) {
    for (const [name, value] of Object.entries(properties)) {
      if (name === "$schema" || seen.has(name)) continue;
      seen.add(name);
      if (name === "kind") {
        rows.push(kindRow(`${prefix}kind`, groups));
        continue;
      }
      rows.push(rowOf(`${prefix}${name}`, value), ...rowsBelow(`${prefix}${name}`, value));
    }
  }
  return rows;
}

/** Which of several groups is meant. */
function kindRow(key: string, groups: Schema[]): Row {
  const kinds = groups.flatMap(({ properties }) => properties?.["kind"] ?? []);
  const values = kinds.map((kind) => code(kind.const)).join(", ");
  return [key, values, "", kinds.map((kind) => `${code(kind.const)}: ${kind.description ?? ""}`).join(" ")];
}

function rowsBelow(key: string, schema: Schema): Row[] {
  // Where a secret lies is told once, in configuration.md, and a rule by `bowline acl --help`.
  if (isSecret(schema) || key === "bootstrap.rules") return [];
  return forms(schema).flatMap((form) => {
    if (form.items !== undefined) return rowsOf(form.items, `${key}[].`);
    const named = form.properties === undefined ? form.additionalProperties : undefined;
    // What a chain may hold stands above, at `authentication` and `authorization`.
    if (typeof named === "object" && key === "tenants.named")
      return rowsOf(named, `${key}.NAME.`).filter(([name]) => !name.includes("[]"));
    return rowsOf(form, `${key}.`);
  });
}

function rowOf(key: string, schema: Schema): Row {
  const hasKeys = forms(schema).some(({ properties }) => properties !== undefined) && !isSecret(schema);
  return [
    `\`${key}\``,
    typeOf(schema),
    hasKeys || schema.default === undefined ? "" : code(schema.default),
    schema.description ?? "",
  ];
}

function typeOf(schema: Schema): string {
  if (isSecret(schema)) return "`{file: PATH}` or `{env: NAME}`";
  return [...new Set(forms(schema).map(typeOfForm))].join(" or ");
}

function typeOfForm({ type, const: constant, enum: values, minimum, maximum, items }: Schema): string {
  if (constant !== undefined) return code(constant);
  if (values !== undefined) return values.map(code).join(", ");
  if (type === "array") return `list of ${items === undefined ? "anything" : typeOf(items)}`;
  if (type === "integer" || type === "number") {
    return minimum === undefined || maximum === undefined ? "number" : `${minimum} to ${maximum}`;
  }
  return { string: "text", boolean: "`true`, `false`", object: "keys" }[type ?? ""] ?? "anything";
}

function isSecret(schema: Schema): boolean {
  const keys = forms(schema).flatMap(({ properties }) => Object.keys(properties ?? {}));
  return keys.join() === "file,env";
}

function forms(schema: Schema): Schema[] {
  return (schema.anyOf ?? schema.oneOf)?.flatMap(forms) ?? [schema];
}

function code(value: unknown): string {
  return `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
