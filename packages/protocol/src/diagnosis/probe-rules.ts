import type { AttemptFacts, RoundTripFacts } from "./facts.ts";
import { pubackCode, subackCode } from "./request-codes.ts";
import type { Finding, Rule } from "./verdict.ts";

const endedFirst: Rule = ({ endedFirst: hasEnded, closedBy }) => {
  if (hasEnded !== true) return undefined;
  return closedBy === "reset"
    ? { code: "TCP_RESET_AT_ACCEPT", evidence: "reset before any byte of ours" }
    : { code: "TCP_CLOSE_AT_ACCEPT", evidence: "closed before any byte of ours" };
};

const refusedTrip: Rule = (facts) => {
  const trip = facts.session?.roundTrip;
  if (trip === undefined || facts.disconnect !== undefined) return undefined;
  const { suback = 0, puback = 0, topicName } = trip;
  if (suback >= 0x80) {
    const code = subackCode(suback, facts.connack?.version ?? 5);
    return { code, reasonCode: suback, evidence: `SUBACK ${suback} to ${topicName}` };
  }
  if (puback >= 0x80) return { code: pubackCode(puback), reasonCode: puback, evidence: `PUBACK ${puback} to ${topicName}` };
  return lostTrip(trip, facts);
};

/** A granted SUBACK does not prove delivery: some brokers grant every subscription and drop what its owner may not read. */
function lostTrip({ hasArrived, topicName, puback }: RoundTripFacts, { closedBy }: AttemptFacts): Finding | undefined {
  if (hasArrived !== false || closedBy !== undefined) return undefined;
  return {
    code: "SUB_DENIED",
    evidence: `${topicName}: granted${puback === undefined ? "" : " and acknowledged"}, and the message never came`,
    candidates: ["SUB_DENIED", "PUB_DENIED"],
    hints: ["The right to read or to write this topic is missing, and the broker does not say so."],
  };
}

/** What only probes see that were made to be seen. */
export const probeRules: readonly Rule[] = [endedFirst, refusedTrip];
