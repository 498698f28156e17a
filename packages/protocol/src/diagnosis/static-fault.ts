import type { AttemptFacts } from "./facts.ts";
import { inputRules } from "./input-rules.ts";
import { blockedPort } from "./port-rules.ts";
import { type Finding, firstFinding } from "./verdict.ts";

/** What makes an attempt fail before anything is dialled, from the target and the page alone. */
export function staticFault(facts: AttemptFacts): Finding | undefined {
  return firstFinding([...inputRules, blockedPort], facts);
}
