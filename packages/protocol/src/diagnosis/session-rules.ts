import type { AttemptFacts } from "./facts.ts";
import { disconnectCode } from "./reason-codes.ts";
import { isWebSocketScheme } from "./target.ts";
import { type Rule, withWords } from "./verdict.ts";

// Two drops at the same age, within a second, are a rule of somebody's.
const sameAgeMs = 1000;
const shortLifeMs = 5000;

const disconnected: Rule = ({ disconnect }) => {
  if (disconnect === undefined) return undefined;
  const { reasonCode, reasonString, serverReference } = disconnect;
  return {
    code: disconnectCode(reasonCode),
    stage: "session",
    reasonCode,
    evidence: withWords(`DISCONNECT ${reasonCode}`, reasonString),
    hints: serverReference === undefined ? [] : [`The server names ${serverReference}.`],
  };
};

const pingUnanswered: Rule = ({ timedOut, session }) =>
  timedOut === true && session?.isPingOutstanding === true ? { code: "PING_TIMEOUT", evidence: "no PINGRESP" } : undefined;

const pageSlept: Rule = ({ page }) => {
  if (page?.wasRestored === true) return { code: "B_BFCACHE", evidence: "pageshow with persisted" };
  return page?.wasFrozen === true ? { code: "B_SLEEP", evidence: "the page was frozen or the machine asleep" } : undefined;
};

/** The age at which this connection and the one before were cut alike, in milliseconds. */
export function steadyAge({ session }: AttemptFacts): number | undefined {
  const ageMs = session?.ageMs ?? 0;
  const isSteady = ageMs >= shortLifeMs && Math.abs(ageMs - (session?.previousAgesMs?.[0] ?? 0)) <= sameAgeMs;
  return isSteady ? ageMs : undefined;
}

const cutAtSameAge: Rule = (facts) => {
  const age = steadyAge(facts);
  if (age === undefined) return undefined;
  const seconds = Math.round(age / 1000);
  const evidence = `cut after ${seconds} s, again and again`;
  if (seconds >= 1800) return { code: "MAXTIME", evidence, candidates: ["MAXTIME", "JWT_EXPIRED"] };
  const code = isWebSocketScheme(facts) ? "WS_IDLE_CUT" : "NAT_IDLE";
  const hint = `Set keep alive to ${Math.floor(seconds / 2)} s or less; nginx: proxy_read_timeout 3600s.`;
  return { code, evidence, candidates: [code, "MAXTIME", "KEEPALIVE_SHORT"], hints: [hint] };
};

const cutAgainSoon: Rule = ({ session }) => {
  const ages = [session?.ageMs ?? Infinity, ...(session?.previousAgesMs ?? [])];
  if (ages.length < 2 || !ages.slice(0, 3).every((age) => age < shortLifeMs)) return undefined;
  return {
    // Not called TAKEOVER: a broker that falls again and again looks the same, and is worth waiting for.
    code: "CONNECTION_LOST",
    evidence: `${ages.length} connections in a row ended within seconds`,
    candidates: ["TAKEOVER", "SUB_DENIED", "PUB_DENIED"],
    hints: ["Look for a second client with this identifier: another tab, instance or environment."],
  };
};

const lost: Rule = ({ session }) => ({
  code: "CONNECTION_LOST",
  evidence: session?.ageMs === undefined ? "no reason given" : `after ${Math.round(session.ageMs / 1000)} s`,
});

const rules: readonly Rule[] = [pingUnanswered, pageSlept, cutAtSameAge, cutAgainSoon, lost];

/** Why a connection that had worked ended. */
export const sessionRules: readonly Rule[] = [
  disconnected,
  ...rules.map(
    (rule): Rule =>
      (facts) =>
        facts.milestone === "accepted" ? rule(facts) : undefined,
  ),
];
