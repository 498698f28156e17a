import { diagnosePage } from "@bowline/protocol/internal";
import { type AttemptContext, factsOf } from "../attempt-facts.ts";
import { type Judgement, judgementOf } from "../judgement.ts";
import type { ConnectionEnd } from "../network-connection.ts";
import { probe } from "./fetch-probe.ts";

/**
 * What a page loads when something has failed: the rules that say why, and the rows of the catalogue that it lacks.
 */
export { pageRows } from "@bowline/protocol/internal";

/** The judgement on an ended attempt or connection; later when the server is asked first. */
export function judge(end: ConnectionEnd, context: AttemptContext): Judgement | Promise<Judgement> {
  const facts = factsOf(end, context);
  const verdict = diagnosePage(facts);
  // The code for a WebSocket that did not open, and nobody knows why.
  if (verdict.code !== "WS_NEVER_OPENED" || end.timedOut || context.target.probe === false) {
    return judgementOf(end, verdict, context);
  }
  return probe(context.target).then((fetch) => {
    const known = fetch === undefined ? verdict : diagnosePage({ ...facts, page: { ...facts.page, fetch } });
    return judgementOf(end, known, context);
  });
}
