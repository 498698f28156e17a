import { closestName } from "@bowline/protocol/internal";
import type { z } from "zod";
import { brokerConfigJsonSchema } from "./broker-config.ts";

type Issue = z.core.$ZodIssue;

/** What the validation found, in words for whoever wrote the file: the key, its line, what it must be, and what was probably meant. */
export function describeIssues(issues: readonly Issue[], lineOf: (path: readonly PropertyKey[]) => number | undefined): string[] {
  return issues.flatMap((issue) => (issue.code === "unrecognized_keys" ? unknownKeys(issue, lineOf) : [describe(issue, lineOf)]));
}

function unknownKeys(
  issue: z.core.$ZodIssueUnrecognizedKeys,
  lineOf: (path: readonly PropertyKey[]) => number | undefined,
): string[] {
  return issue.keys.map((key) => {
    const path = [...issue.path, key];
    const meant = closestName(key, knownKeys(issue.path));
    const advice = meant === undefined ? `known are ${knownKeys(issue.path).join(", ")}` : `did you mean "${meant}"?`;
    return `unknown key "${path.join(".")}"${at(lineOf(path))}; ${advice}`;
  });
}

function describe(issue: Issue, lineOf: (path: readonly PropertyKey[]) => number | undefined): string {
  const name = issue.path.length === 0 ? "the configuration" : `"${issue.path.join(".")}"`;
  return `${name}${at(lineOf(issue.path))} ${requirement(issue)}`;
}

function requirement(issue: Issue): string {
  if (issue.code === "invalid_type") return `must be ${TYPE_NAMES[issue.expected] ?? issue.expected}`;
  if (issue.code === "invalid_value") return `must be one of ${issue.values.map(String).join(", ")}`;
  // Every refinement and union of the schema brings its own words.
  return issue.message;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: "a text",
  boolean: "true or false",
  number: "a number",
  int: "a whole number",
  array: "a list",
  object: "a group of keys",
};

function at(line: number | undefined): string {
  return line === undefined ? "" : ` (line ${line})`;
}

/** The keys the schema has at a path. */
function knownKeys(path: readonly PropertyKey[]): string[] {
  let schema: unknown = brokerConfigJsonSchema();
  for (const name of path) schema = (schema as { properties?: Record<PropertyKey, unknown> }).properties?.[name];
  return Object.keys((schema as { properties?: object } | undefined)?.properties ?? {});
}
