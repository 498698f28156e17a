import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatCriteria } from "../criteria/criteria-report.ts";
import {
  brokersFor,
  type Criterion,
  type CriterionClaim,
  readCriteria,
  readCriterionClaims,
  reasonWithout,
} from "../criteria/criterion.ts";
import { listSources, root, shown } from "../repository.ts";
import type { PartResult } from "./check-part.ts";

/**
 * Holds the numbered criteria and the tests together: every part of each has a test with our broker and, but for the broker itself, one
 * with mosquitto, or a written reason.
 * @param options.update writes docs/criteria.md instead of comparing it.
 */
export function checkCriteria(options: { readonly base?: string; readonly update?: boolean } = {}): PartResult {
  const base = options.base ?? root;
  const criteria = readCriteria(base);
  const texts = testFiles(base).map((path) => ({ file: shown(path, base), text: readFileSync(path, "utf8") }));
  const read = texts.map(({ file, text }) => readCriterionClaims(text, file));
  const claims = read.flatMap((each) => each.claims);
  const known = new Set(criteria.map(({ id }) => id));
  const isScaled = new Set(texts.filter(({ text }) => text.includes("BOWLINE_LONG")).map(({ file }) => file));
  const findings = [
    ...read.flatMap((each) => each.faults),
    ...claims
      .filter(({ id }) => !known.has(id))
      .map(({ id, file }) => `${file} claims ${id}, which spec/criteria.json does not have`),
    ...criteria.flatMap((criterion) => findHoles(criterion, claims)),
    ...criteria.flatMap((criterion) => findWithoutSize(criterion, claims, isScaled)),
    ...staleReport(base, formatCriteria(criteria, claims), options.update === true),
  ];
  const cells = criteria.reduce((sum, { parts }) => sum + parts.length, 0);
  return {
    findings,
    note: `${criteria.length} criteria, ${cells} with their parts, ${new Set(claims.map(cellOf)).size} cells tested`,
  };
}

function cellOf({ id, part, peer }: CriterionClaim): string {
  return `${id} ${part} ${peer}`;
}

/** Cells with neither, and reasons that a test has made untrue. */
function findHoles(criterion: Criterion, claims: readonly CriterionClaim[]): string[] {
  const tested = new Set(claims.map(cellOf));
  return criterion.parts.flatMap((part) => {
    const hasAny = claims.some((claim) => claim.id === criterion.id && claim.part === part);
    return brokersFor(part).flatMap((peer) => {
      const reason = reasonWithout(criterion, part, peer);
      const cell = `[${criterion.id} ${part}${peer === "bowline" ? "" : ` ${peer}`}]`;
      if (tested.has(`${criterion.id} ${part} ${peer}`)) {
        return reason === undefined ? [] : [`${cell} has a test and a reason why it has none`];
      }
      if (reason === undefined) return [`${cell} has neither a test nor a reason: ${criterion.statement}`];
      return hasAny || criterion.without?.[part] !== undefined ? [] : [`${cell} has a reason, and no test with any server`];
    });
  });
}

/** A criterion that is held smaller every day needs a test that knows the long run. */
function findWithoutSize({ id, daily }: Criterion, claims: readonly CriterionClaim[], isScaled: ReadonlySet<string>): string[] {
  const isHeld = claims.some((claim) => claim.id === id && isScaled.has(claim.file));
  return daily === undefined || isHeld ? [] : [`${id} has a daily size, and none of its tests knows BOWLINE_LONG`];
}

function staleReport(base: string, report: string, update: boolean): string[] {
  const path = join(base, "docs/criteria.md");
  if (update) writeFileSync(path, report);
  const isCurrent = existsSync(path) && readFileSync(path, "utf8") === report;
  return isCurrent ? [] : ["docs/criteria.md is not up to date: npm run check -- --update rewrites it"];
}

function testFiles(base: string): string[] {
  const packages = existsSync(join(base, "packages")) ? readdirSync(join(base, "packages")) : [];
  const folders = [...packages.map((name) => `packages/${name}/src`), "testkit/src"];
  return folders.flatMap((folder) => listSources(join(base, folder))).filter((path) => /\.test\.tsx?$/.test(path));
}
