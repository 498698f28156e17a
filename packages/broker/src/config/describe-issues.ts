import { closestName } from "@bowline/protocol/internal";
import type { z } from "zod";
import { brokerConfigJsonSchema } from "./broker-config.ts";

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** One thing that is wrong, in words for whoever wrote the file. */
export interface ConfigFault {
  path: Path;
  words: string;
}

/** What the validation found: which key, what it must be, what it is, and what was probably meant. Values are never told: they may be secrets. */
export function describeIssues(issues: readonly Issue[], value: unknown): ConfigFault[] {
  return issues.flatMap((issue) => describeIssue(issue, value));
}

function describeIssue(issue: Issue, value: unknown): ConfigFault[] {
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey([...issue.path, key], value));
  const branch = issue.code === "invalid_union" ? meantBranch(issue) : undefined;
  if (branch !== undefined) return branch.flatMap((inner) => describeIssue(inner, value));
  const name = issue.path.length === 0 ? "the configuration" : `"${issue.path.join(".")}"`;
  return [{ path: issue.path, words: `${name} ${requirement(issue, valueAt(value, issue.path))}` }];
}

/** Of several forms the one whose outer shape fits: what is wrong inside of it is what must be told. */
function meantBranch(issue: z.core.$ZodIssueInvalidUnion): Issue[] | undefined {
  const fitting = issue.errors.filter((errors) => !errors.some(isOuter)).sort((a, b) => a.length - b.length);
  return fitting[0]?.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
}

/** It is of another type altogether, or of another kind. */
function isOuter(issue: Issue): boolean {
  return issue.path.length === 0 ? issue.code !== "unrecognized_keys" : issue.path[0] === "kind";
}

function unknownKey(path: Path, value: unknown): ConfigFault {
  const known = knownKeys(path.slice(0, -1), value);
  const meant = closestName(String(path.at(-1)), known);
  const advice = meant === undefined ? `known are ${known.join(", ")}` : `did you mean "${meant}"?`;
  return { path, words: `unknown key "${path.join(".")}"; ${advice}` };
}

function requirement(issue: Issue, found: unknown): string {
  if (issue.code === "invalid_type") {
    const expected = TYPE_NAMES[issue.expected] ?? issue.expected;
    return `${mustBe(found)} ${expected}${found === undefined ? "" : `, not ${typeName(found)}`}`;
  }
  if (issue.code === "invalid_value")
    return `${mustBe(found)} one of ${issue.values.map(String).join(", ")}${meantValue(issue.values, found)}`;
  if (issue.code === "invalid_union")
    return `${issue.message}${meantValue(kindsOf(issue), (found as { kind?: unknown } | undefined)?.kind)}`;
  // Every refinement and union of the schema brings its own words.
  return issue.message;
}

function mustBe(found: unknown): string {
  return found === undefined ? "is missing: it must be" : "must be";
}

/** The kinds that a group of keys may be of, by what each form misses. */
function kindsOf({ errors }: z.core.$ZodIssueInvalidUnion): unknown[] {
  return errors.flat().flatMap((inner) => (inner.code === "invalid_value" && inner.path[0] === "kind" ? inner.values : []));
}

function meantValue(values: readonly unknown[], found: unknown): string {
  const meant = typeof found === "string" ? closestName(found, values.map(String)) : undefined;
  return meant === undefined ? "" : `; did you mean "${meant}"?`;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: "a text",
  boolean: "true or false",
  number: "a number",
  int: "a whole number",
  array: "a list",
  object: "a group of keys",
};

function typeName(value: unknown): string {
  if (value === null) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number") return Number.isInteger(value) || !Number.isFinite(value) ? "a number" : "one with a fraction";
  const names = { string: "a text", boolean: "true or false", object: "a group of keys", function: "a function" } as const;
  return names[typeof value as keyof typeof names] ?? typeof value;
}

function valueAt(value: unknown, path: Path): unknown {
  let found = value;
  for (const name of path) found = (found as Record<PropertyKey, unknown> | null | undefined)?.[name];
  return found;
}

interface Schema {
  properties?: Record<PropertyKey, Schema>;
  /** Of a group whose keys are names. */
  additionalProperties?: Schema | boolean;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  const?: unknown;
}

/** The keys the schema has at a path. Where there are several forms, those of the `kind` that is written there, else of all. */
function knownKeys(path: Path, value: unknown): string[] {
  let schemas: Schema[] = forms(brokerConfigJsonSchema(true));
  for (const name of path) {
    schemas = schemas.flatMap((schema) => forms(typeof name === "number" ? schema.items : valueOf(schema, name)));
  }
  const kind = (valueAt(value, path) as { kind?: unknown } | undefined)?.kind;
  const ofKind = schemas.filter(({ properties }) => properties?.["kind"]?.const === kind);
  return [...new Set((ofKind.length > 0 ? ofKind : schemas).flatMap(({ properties }) => Object.keys(properties ?? {})))].filter(
    (name) => name !== "$schema",
  );
}

function valueOf({ properties, additionalProperties }: Schema, name: PropertyKey): Schema | undefined {
  if (properties !== undefined) return properties[name];
  return typeof additionalProperties === "object" ? additionalProperties : undefined;
}

function forms(schema: Schema | undefined): Schema[] {
  if (schema === undefined) return [];
  const inner = schema.anyOf ?? schema.oneOf;
  return inner === undefined ? [schema] : inner.flatMap(forms);
}
