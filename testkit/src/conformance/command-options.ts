import { readFile } from "node:fs/promises";
import type { CaseResult } from "./case-run.ts";
import { chapterOf, type ConformanceCase, versionName } from "./case.ts";
import type { Divergence, Divergences } from "./divergences.ts";
import { failureCount, reportLines } from "./report.ts";

/** What the command line says for brokers and clients alike. */
export interface CommandOptions {
  readonly version?: string | undefined;
  readonly chapter?: string | undefined;
  readonly case?: string | undefined;
  readonly strict?: boolean | undefined;
  readonly divergences?: string | undefined;
  readonly as?: string | undefined;
  readonly json?: boolean | undefined;
}

export function selectCases<Context>(
  cases: readonly ConformanceCase<Context>[],
  { version, chapter, case: text }: CommandOptions,
): readonly ConformanceCase<Context>[] {
  return cases.filter(
    (one) =>
      (version === undefined || versionName(one.version) === (version === "5" ? "5.0" : version)) &&
      (chapter === undefined || chapterOf(one) === chapter) &&
      (text === undefined || one.id.includes(text) || one.title.includes(text)),
  );
}

/** Prints the results, and answers the exit code: 0 when nothing failed. */
export async function printResults(
  results: readonly CaseResult[],
  options: CommandOptions,
  print: (line: string) => void,
): Promise<number> {
  const known = await knownDivergences(options);
  if (options.json === true) print(JSON.stringify(results, undefined, 2));
  else for (const line of reportLines(results, known)) print(line);
  return failureCount(results, known) === 0 ? 0 : 1;
}

async function knownDivergences({ divergences, as }: CommandOptions): Promise<readonly Divergence[]> {
  if (divergences === undefined) return [];
  const all = JSON.parse(await readFile(divergences, "utf8")) as Divergences;
  return all[as ?? ""] ?? [];
}
