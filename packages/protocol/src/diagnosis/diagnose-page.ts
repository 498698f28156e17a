import { addRows } from "../errors/catalogue.ts";
import { commonRows } from "../errors/common-rows.ts";
import { diagnosedRows } from "../errors/diagnosed-rows.ts";
import type { Row } from "../errors/row.ts";
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

/** The rows that a page has not had before: those of the codes that only a diagnosis names, and all titles. */
export const pageRows: Readonly<Record<string, Row>> = { ...commonRows, ...diagnosedRows };

/**
 * `diagnose` without the rules whose facts no page can have, for the sake of what a page loads. The verdicts are the same. It brings
 * the rows that the page lacks.
 */
export function diagnosePage(facts: AttemptFacts): Verdict {
  addRows(pageRows);
  return toVerdict(firstFinding(rules, facts) ?? { code: "CONNECTION_LOST", evidence: "no reason given" });
}
