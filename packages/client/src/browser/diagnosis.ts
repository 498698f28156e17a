import { diagnosePage, type Verdict } from "@bowline/protocol/internal";
import { type AttemptContext, factsOf } from "../attempt-facts.ts";
import type { ConnectionEnd } from "../network-connection.ts";

/**
 * What a page loads when something has failed: the rules that say why, and the rows of the codes that only they name.
 */
export { diagnosedRows } from "@bowline/protocol/internal";

/** The verdict on an ended attempt or connection. */
export function diagnose(end: ConnectionEnd, context: AttemptContext): Verdict {
  return diagnosePage(factsOf(end, context));
}
