import type { CaseResult } from "./case-run.ts";

/** A known difference of one implementation. */
export interface Divergence {
  readonly case: string;
  /** What it does instead. */
  readonly does: string;
  /** Why that is so, or why it may be so. */
  readonly why: string;
}

/** By the name of an implementation. */
export type Divergences = Readonly<Record<string, readonly Divergence[]>>;

/** `diverges` is a failure that is listed; `unexpected pass` one that is listed and no longer happens. */
export type Verdict = CaseResult["outcome"] | "diverges" | "unexpected pass";

export function verdictOf({ id, outcome }: CaseResult, known: readonly Divergence[]): Verdict {
  const isListed = known.some((one) => one.case === id);
  if (outcome === "failed") return isListed ? "diverges" : "failed";
  return isListed ? "unexpected pass" : outcome;
}
