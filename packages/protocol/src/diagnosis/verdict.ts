import { type ErrorCode, errorInfo, isRetryable } from "../errors/catalogue.ts";
import { redactText } from "../errors/redact.ts";
import type { RetryClass, Stage } from "../errors/row.ts";
import type { AttemptFacts } from "./facts.ts";

/** What the facts say, and how surely. */
export interface Verdict {
  readonly code: ErrorCode;
  readonly stage: Stage;
  /** False when the same facts have other explanations; `candidates` lists them. */
  readonly certain: boolean;
  /** "One of", likeliest first, without `code` itself when that is a name for the doubt; empty when certain. */
  readonly candidates: readonly ErrorCode[];
  /** Advice for this case, likeliest first. */
  readonly hints: readonly string[];
  readonly retry: RetryClass;
  readonly reasonCode?: number;
  /** The facts the verdict rests on, as one short phrase. */
  readonly evidence: string;
}

/** What a rule returns; the rest of the verdict follows from the catalogue. */
export interface Finding {
  readonly code: ErrorCode;
  readonly evidence: string;
  /** Present when the facts leave room for doubt. */
  readonly candidates?: readonly ErrorCode[];
  readonly hints?: readonly string[];
  readonly stage?: Stage;
  readonly retry?: RetryClass;
  readonly reasonCode?: number;
}

/** A pure question to the facts. Rules stand in order of the strength of their evidence; the first answer counts. */
export type Rule = (facts: AttemptFacts) => Finding | undefined;

/** The first finding, or undefined when no rule recognizes the facts. */
export function firstFinding(rules: readonly Rule[], facts: AttemptFacts): Finding | undefined {
  for (const rule of rules) {
    const finding = rule(facts);
    if (finding !== undefined) return finding;
  }
  return undefined;
}

/** Evidence with the words of the peer, where it gave any. */
export function withWords(evidence: string, words: string | undefined): string {
  return words ? `${evidence}, "${words}"` : evidence;
}

/** Completes a finding from the catalogue. */
export function toVerdict(finding: Finding): Verdict {
  const info = errorInfo(finding.code);
  const candidates = finding.candidates ?? [];
  return {
    code: finding.code,
    stage: finding.stage ?? info.stage,
    certain: candidates.length === 0,
    candidates,
    hints: finding.hints ?? [],
    retry: finding.retry ?? gentlestRetry(finding.code, candidates),
    ...(finding.reasonCode === undefined ? {} : { reasonCode: finding.reasonCode }),
    // Evidence may quote a URL or the words of a peer.
    evidence: redactText(finding.evidence),
  };
}

/** A client must not give up for ever on a guess: where one explanation would pass by itself, the attempt is repeated. */
function gentlestRetry(code: ErrorCode, candidates: readonly ErrorCode[]): RetryClass {
  const classes = [code, ...candidates].map((candidate) => errorInfo(candidate).retry);
  if (classes.includes("backoff")) return "backoff";
  return classes.find(isRetryable) ?? errorInfo(code).retry;
}
