import { readFileSync } from "node:fs";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";

type Schema = Readonly<Record<string, unknown>>;

const read = (name: string): Schema =>
  JSON.parse(readFileSync(new URL(`../../../packages/doctor/schema/${name}.json`, import.meta.url), "utf8")) as Schema;

/** The published schemas, but with no room for fields that they do not name: what is printed is to be described. */
export function strictSchemas(): { readonly report: ValidateFunction; readonly bundle: ValidateFunction } {
  const ajv = new Ajv2020({ allErrors: true });
  const report = ajv.compile(closed(read("report-v1")) as Schema);
  return { report, bundle: ajv.compile(closed(read("bundle-v1")) as Schema) };
}

function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== "object" || schema === null) return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([name, one]) => [name, closed(one)]));
  const isOpen = copy["type"] === "object" && copy["additionalProperties"] === undefined;
  return isOpen ? { ...copy, additionalProperties: false } : copy;
}
