import type { RuleInput } from "./rule.ts";

/**
 * Rules that an authenticator grants to one connection: the claims of a token, the answer of a webhook. The sources of a connection are
 * asked in order, then the rules of its tenant; the first rule that matches decides.
 */
export interface RuleSource {
  /** What its rules are called when one of them refuses: `claim`. */
  readonly name: string;
  readonly rules: readonly RuleInput[];
  /** What none of these rules matches is denied, and nothing further is asked. */
  readonly isClosed: boolean;
}
