import type { ErrorFacts } from "./facts.ts";

// Causes may form a ring, and a list of errors may be hostile: both are cut.
const depthMax = 4;
const errorsMax = 16;

/**
 * The facts of anything thrown. Node joins the failures of several addresses in an AggregateError whose own message is empty, and
 * wraps others as `cause`: each inner error comes before what wraps it, since it holds the truth.
 */
export function errorFactsOf(thrown: unknown): readonly ErrorFacts[] {
  const found: ErrorFacts[] = [];
  collect(thrown, 0, found);
  return found;
}

function collect(thrown: unknown, depth: number, found: ErrorFacts[]): void {
  if (typeof thrown === "string") found.push({ message: thrown });
  if (typeof thrown !== "object" || thrown === null || depth > depthMax || found.length >= errorsMax) return;
  const fields = thrown as Readonly<Record<string, unknown>>;
  if (Array.isArray(fields["errors"])) for (const inner of fields["errors"]) collect(inner, depth + 1, found);
  collect(fields["cause"], depth + 1, found);
  const facts = texts.map((name) => [name, fields[name]]).filter(([, value]) => typeof value === "string" && value !== "");
  const port = typeof fields["port"] === "number" ? { port: fields["port"] } : {};
  found.push({ ...(Object.fromEntries(facts) as ErrorFacts), ...port });
}

const texts = ["name", "code", "syscall", "message", "address", "reason"] as const;

/** Code and message as one text: the same failure names itself in either, by the way it surfaced. */
export function textOf(error: ErrorFacts): string {
  return `${error.code ?? ""} ${error.message ?? ""}`;
}

/** The first error a pattern fits, in code or message. */
export function findError(errors: readonly ErrorFacts[] | undefined, pattern: RegExp): ErrorFacts | undefined {
  return errors?.find((error) => pattern.test(textOf(error)));
}
