import { type ErrorCode, errorInfo } from "@bowline/protocol";
import { type AttemptFacts, diagnose, redactText, type Verdict } from "@bowline/protocol/internal";
import { fixesOf, placeOf } from "./fixes.ts";
import type { Finding, Severity } from "./report.ts";

/** What a run knows beyond the facts: advice, and what else would explain a verdict that they make certain. */
export interface Doubt {
  readonly hints: readonly string[];
  readonly alternatives: readonly ErrorCode[];
}

export const noDoubt: Doubt = { hints: [], alternatives: [] };

/** Gathers findings in order, each code once. */
export class Findings {
  readonly list: Finding[] = [];

  /** What the facts say. */
  diagnose(facts: AttemptFacts, { hints, alternatives }: Doubt = noDoubt): Finding {
    const verdict = diagnose(facts);
    const isDoubted = verdict.certain && alternatives.length > 0;
    const candidates = isDoubted ? [verdict.code, ...alternatives] : verdict.candidates;
    return this.add({ ...verdict, candidates, hints: [...verdict.hints, ...hints] }, "fail", facts);
  }

  /** What needs no rules. */
  note(code: ErrorCode, severity: Severity, observed: string, facts: AttemptFacts, hints: readonly string[] = []): Finding {
    const { stage, retry } = errorInfo(code);
    return this.add({ code, stage, retry, certain: true, candidates: [], hints, evidence: redactText(observed) }, severity, facts);
  }

  private add(verdict: Verdict, severity: Severity, { target }: AttemptFacts): Finding {
    const { code, stage, retry, evidence, candidates, reasonCode } = verdict;
    const at = this.list.findIndex(({ id }) => id === code);
    const known = this.list[at];
    if (known !== undefined && (known.severity === "fail" || severity !== "fail")) return known;
    const { title, remedy } = errorInfo(code);
    const finding: Finding = {
      id: code,
      severity,
      stage,
      title,
      evidence: { observed: evidence, ...(reasonCode === undefined ? {} : { reasonCode }) },
      because: candidates.length === 0 ? evidence : `${evidence}; this may be one of ${candidates.join(", ")}`,
      oneOf: candidates,
      fix: fixesOf(verdict, remedy, placeOf(target)),
      docs: `docs/errors/${errorInfo(code).stage}.md#${code.toLowerCase()}`,
      retry,
    };
    // What was a warning has proved to be the fault.
    if (known === undefined) this.list.push(finding);
    else this.list[at] = finding;
    return finding;
  }

  /** The root cause: the first that fails, or else the first that warns. */
  get cause(): Finding | null {
    return this.list.find(({ severity }) => severity === "fail") ?? this.list.find(({ severity }) => severity === "warn") ?? null;
  }
}
