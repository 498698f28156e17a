import { addRows } from "../errors/catalogue.ts";
import { diagnosedRows } from "../errors/diagnosed-rows.ts";
import { connectRules } from "./connect-rules.ts";
import type { AttemptFacts } from "./facts.ts";
import { pageInputRules } from "./input-rules.ts";
import { pageRules, pageStaticRules } from "./page-rules.ts";
import { sessionRules } from "./session-rules.ts";
import { firstFinding, type Rule, toVerdict, type Verdict } from "./verdict.ts";
import { webSocketRules } from "./websocket-rules.ts";

const rules: readonly Rule[] = [
  ...pageInputRules,
  ...pageStaticRules,
  ...webSocketRules,
  ...connectRules,
  ...sessionRules,
  ...pageRules,
];

/**
 * `diagnose` without the rules whose facts no page can have, for the sake of what a page loads. The verdicts are the same. It brings
 * the rows of the codes that only it names.
 */
export function diagnosePage(facts: AttemptFacts): Verdict {
  addRows(diagnosedRows);
  return toVerdict(firstFinding(rules, facts) ?? { code: "CONNECTION_LOST", evidence: "no reason given" });
}
