import type { ErrorCode, MqttError } from "@bowline/protocol";
import type { Verdict } from "@bowline/protocol/internal";
import type { AttemptContext } from "./attempt-facts.ts";
import type { ConnectionEnd } from "./network-connection.ts";

/** What the rules say of an ended attempt or connection: all that its error is made of. */
export interface Judgement {
  readonly code: ErrorCode;
  readonly options: NonNullable<ConstructorParameters<typeof MqttError>[1]>;
  /** What to do, likeliest first. */
  readonly hints: readonly string[];
}

/** A verdict as the client tells it. A page loads this with the rules. */
export function judgementOf(end: ConnectionEnd, verdict: Verdict, { msToFail }: AttemptContext): Judgement {
  const { code, evidence, stage, retry, certain, candidates, hints, reasonCode } = verdict;
  const { everOpened = false, closeCode } = end.facts.ws ?? {};
  const cause = end.error ?? end.cause;
  const details = {
    ...(certain ? {} : { candidates }),
    ...(hints.length === 0 ? {} : { hints }),
    msToFail,
    everOpened,
    ...(closeCode === undefined ? {} : { closeCode }),
  };
  const known = { ...(cause === undefined ? {} : { cause }), ...(reasonCode === undefined ? {} : { reasonCode }) };
  return { code, options: { detail: evidence, stage, retry, ...known, details }, hints };
}
