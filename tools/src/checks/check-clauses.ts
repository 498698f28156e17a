import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findCitations, findDecisionNumbers, findShortenedCitations } from "../clauses/citations.ts";
import { type Clause, citationOf, findClauseFaults, readClauses, versions } from "../clauses/clause.ts";
import { type CoveredClause, formatCoverage, isOpen } from "../clauses/coverage-report.ts";
import { type Decision, findNumberFaults, readDecisions } from "../clauses/decisions.ts";
import { readTestClaims } from "../clauses/test-claims.ts";
import { listSources, root, shown } from "../repository.ts";
import { lineOf } from "../syntax-tree.ts";
import type { PartResult } from "./check-part.ts";

const decidedShareMax = 0.05;

/**
 * Holds the specification and the repository together: every statement has a test that names it or a numbered decision, and
 * every id that is cited exists. Tools cite nothing (their tests hold ids that do not exist) and are left out.
 * @param options.update writes spec/coverage.md instead of comparing it.
 */
export function checkClauses(options: { readonly base?: string; readonly update?: boolean } = {}): PartResult {
  const base = options.base ?? root;
  const lists = versions.map((version) => ({ version, clauses: readClauses(base, version) }));
  const decisions = readDecisions(readFileSync(join(base, "spec/decisions.md"), "utf8"));
  const claims = claimsByKey(base);
  const covered = lists.flatMap(({ version, clauses }) =>
    clauses.map((clause) => cover({ ...clause, version, key: citationOf(version, clause.id) }, claims, decisions)),
  );
  const findings = [
    ...lists.flatMap(({ version, clauses }) => findClauseFaults(version, clauses)),
    ...findNumberFaults(decisions),
    ...findCitationFaults(base, new Set(covered.map((clause) => clause.key)), new Set(decisions.map((each) => each.number))),
    ...covered
      .filter(isOpen)
      .map((clause) => `[${clause.key}] has neither a test nor a decision (${clause.owner}): ${clause.statement}`),
    ...tooManyDecided(covered),
    ...staleReport(base, formatCoverage(covered), options.update === true),
  ];
  return { findings, note: noteOf(covered) };
}

type KeyedClause = Clause & Pick<CoveredClause, "version" | "key">;

function cover(clause: KeyedClause, claims: ReadonlyMap<string, readonly string[]>, decisions: readonly Decision[]): CoveredClause {
  return {
    ...clause,
    tests: claims.get(clause.key) ?? [],
    decisions: decisions.filter((decision) => decision.refused.includes(clause.key)).map((decision) => decision.number),
  };
}

/** Which files of tests claim which statement. */
function claimsByKey(base: string): Map<string, string[]> {
  const files = new Map<string, string[]>();
  for (const path of sourcesOf(base).filter((each) => holdsTests(shown(each, base)))) {
    for (const key of readTestClaims(path)) files.set(key, [...(files.get(key) ?? []), shown(path, base)]);
  }
  return files;
}

/** Test files; in the test kit also the suites and cases that test files run. */
function holdsTests(name: string): boolean {
  return /\.test\.tsx?$/.test(name) || name.startsWith("testkit/src/");
}

function sourcesOf(base: string): string[] {
  const packages = existsSync(join(base, "packages")) ? readdirSync(join(base, "packages")) : [];
  const folders = [...packages.map((name) => `packages/${name}/src`), "testkit/src", "fuzz/src", "bench/src"];
  return folders.flatMap((folder) => listSources(join(base, folder)));
}

function documentsOf(base: string): string[] {
  const folders = ["", "docs", "docs/adr", "docs/reports", "spec"].map((folder) => join(base, folder)).filter(existsSync);
  const texts = folders.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
  return texts.filter((path) => path.endsWith(".md") && !path.endsWith("coverage.md") && !path.endsWith("CHANGELOG.md"));
}

function findCitationFaults(base: string, keys: ReadonlySet<string>, numbers: ReadonlySet<string>): string[] {
  return [...sourcesOf(base), ...documentsOf(base)].flatMap((path) => {
    const text = readFileSync(path, "utf8");
    const at = (offset: number): string => `${shown(path, base)}:${lineOf(text, offset)}`;
    const citations = findCitations(text);
    return [
      ...citations.filter(({ key }) => !keys.has(key)).map(({ key, offset }) => `${at(offset)} cites ${key}, which does not exist`),
      ...citations
        .filter(
          (found) =>
            found.isRefusal && !path.endsWith("decisions.md") && findDecisionNumbers(around(text, found.offset)).length === 0,
        )
        .map(({ key, offset }) => `${at(offset)} refuses ${key} without the number of the decision`),
      ...findDecisionNumbers(text)
        .filter(({ number }) => !numbers.has(number))
        .map(({ number, offset }) => `${at(offset)} names ${number}, which is not in spec/decisions.md`),
      ...findShortenedCitations(text).map(
        ({ shown: form, offset }) => `${at(offset)} writes ${form}: each id whole, in brackets of its own`,
      ),
    ];
  });
}

/** The line of an offset and its neighbours, which one comment may span. */
function around(text: string, offset: number): string {
  const line = lineOf(text, offset);
  return text
    .split("\n")
    .slice(Math.max(0, line - 2), line + 1)
    .join("\n");
}

function tooManyDecided(covered: readonly CoveredClause[]): string[] {
  const decided = covered.filter((clause) => clause.decisions.length > 0).length;
  const max = Math.floor(covered.length * decidedShareMax);
  return decided > max ? [`spec/decisions.md excuses ${decided} of ${covered.length} statements, at most ${max} are allowed`] : [];
}

function staleReport(base: string, report: string, update: boolean): string[] {
  const path = join(base, "spec/coverage.md");
  if (update) writeFileSync(path, report);
  const isCurrent = existsSync(path) && readFileSync(path, "utf8") === report;
  return isCurrent ? [] : ["spec/coverage.md is not up to date: npm run check -- --update rewrites it"];
}

function noteOf(covered: readonly CoveredClause[]): string {
  const count = (is: (clause: CoveredClause) => boolean): number => covered.filter(is).length;
  return `${covered.length} statements, ${count((clause) => clause.tests.length > 0)} tested, ${count((clause) => clause.decisions.length > 0)} decided`;
}

if (process.argv[1] === import.meta.filename) {
  const { findings, note } = checkClauses({ update: process.argv.includes("--update") });
  for (const finding of findings) console.log(finding);
  console.log(note);
  process.exitCode = findings.length === 0 ? 0 : 1;
}
