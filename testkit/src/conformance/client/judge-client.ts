import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type { CaseResult } from "../case-run.ts";
import { type Divergences, verdictOf } from "../divergences.ts";
import { failureLines } from "../report.ts";
import { clientCases } from "./client-cases.ts";
import type { ClientDriver } from "./client-driver.ts";
import { clientRun } from "./client-run.ts";

export interface JudgedClient {
  readonly driver: ClientDriver;
  /** Whether what is recommended counts too. */
  readonly isStrict: boolean;
  /** How many cases its adapter cannot ask for, at most. */
  readonly leftOutMax: number;
  /** Groups of cases; all by default. */
  readonly groups?: RegExp;
  /** Why it cannot be judged here. */
  readonly missing: string;
  /** Whether it is judged while others are: it waits for most of its time. Default false. */
  readonly isBesideOthers?: boolean;
}

const divergences = JSON.parse(readFileSync(new URL("divergences.json", import.meta.url), "utf8")) as Divergences;

/**
 * Defines a test for each case. A difference that divergences.json does not list fails, and so does one that it lists and that no
 * longer happens. All cases are played together at first: they wait for real time, and side by side that is seconds.
 */
export function judgeClient({ driver, isStrict, leftOutMax, groups = /./, missing, isBesideOthers = false }: JudgedClient): void {
  const known = divergences[driver.name] ?? [];
  const cases = clientCases.filter(({ id }) => groups.test(id));

  describe.skipIf(missing !== "")(
    `conformance of ${driver.name}${missing && ` (${missing})`}`,
    { concurrent: isBesideOthers },
    () => {
      const results = new Map<string, CaseResult>();

      beforeAll(async () => {
        for (const result of await clientRun(driver, { isStrict }).all(cases)) results.set(result.id, result);
      });

      test.each(cases)("$id", ({ id }) => {
        const result = results.get(id) as CaseResult;
        const verdict = verdictOf(result, known);
        const isWell = verdict === "passed" || verdict === "diverges" || verdict === "not applicable";
        expect(isWell ? "" : failureLines(result, verdict).join("\n")).toBe("");
      });

      test("few cases are left out, and every divergence that is listed is of a case", () => {
        const leftOut = [...results.values()].filter(({ outcome }) => outcome === "not applicable");
        expect(leftOut.length).toBeLessThanOrEqual(leftOutMax);
        expect(known.filter(({ case: id }) => !results.has(id))).toEqual([]);
      });
    },
  );
}
