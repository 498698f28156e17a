import { diagnosePage, type Verdict } from "@bowline/protocol/internal";
import { type AttemptContext, factsOf } from "../attempt-facts.ts";
import type { ConnectionEnd } from "../network-connection.ts";
import { probe } from "./fetch-probe.ts";

/**
 * What a page loads when something has failed: the rules that say why, and the rows of the codes that only they name.
 */
export { diagnosedRows } from "@bowline/protocol/internal";

/** The verdict on an ended attempt or connection; later when the server is asked first. */
export function diagnose(end: ConnectionEnd, context: AttemptContext): Verdict | Promise<Verdict> {
  const facts = factsOf(end, context);
  const verdict = diagnosePage(facts);
  // The code for a WebSocket that did not open, and nobody knows why.
  if (verdict.code !== "WS_NEVER_OPENED" || end.timedOut || context.target.probe === false) return verdict;
  return probe(context.target).then((fetch) =>
    fetch === undefined ? verdict : diagnosePage({ ...facts, page: { ...facts.page, fetch } }),
  );
}
