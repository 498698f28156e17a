import type { ErrorCode } from "../errors/catalogue.ts";
import type { AttemptFacts } from "./facts.ts";
import { disconnectCode } from "./reason-codes.ts";
import { isWebSocketScheme } from "./target.ts";
import type { Finding, Rule } from "./verdict.ts";

// Two drops at the same age, within a second, are a rule of somebody's; a drop so soon after a packet is its answer.
const sameAgeMs = 1000;
const answerWithinMs = 1000;
const shortLifeMs = 5000;

const disconnected: Rule = ({ disconnect }) => {
  if (disconnect === undefined) return undefined;
  const { reasonCode, reasonString, serverReference } = disconnect;
  const words = reasonString === undefined || reasonString === "" ? "" : `, "${reasonString}"`;
  return {
    code: disconnectCode(reasonCode),
    stage: "session",
    reasonCode,
    evidence: `DISCONNECT ${reasonCode}${words}`,
    ...(serverReference === undefined ? {} : { hints: [`The server names ${serverReference}.`] }),
  };
};

const pingUnanswered: Rule = ({ milestone, timedOut, session }) =>
  milestone === "accepted" && timedOut === true && session?.isPingOutstanding === true
    ? { code: "PING_TIMEOUT", evidence: "no PINGRESP" }
    : undefined;

const sessionLost: Rule = ({ session }) =>
  session?.wasSessionLost === true ? { code: "SESSION_LOST", evidence: "session present 0" } : undefined;

const pageSlept: Rule = ({ milestone, page }) => {
  if (milestone !== "accepted") return undefined;
  if (page?.wasRestored === true) return { code: "B_BFCACHE", evidence: "pageshow with persisted" };
  return page?.wasFrozen === true ? { code: "B_SLEEP", evidence: "the page was frozen or the machine asleep" } : undefined;
};

const tooLarge: Rule = ({ milestone, session }) => {
  const limit = session?.maximumPacketSize;
  const bytes = session?.lastPublish?.bytes;
  if (milestone !== "accepted" || limit === undefined || bytes === undefined || bytes <= limit) return undefined;
  return { code: "PACKET_TOO_LARGE", stage: "session", evidence: `${bytes} bytes, and the server takes ${limit}` };
};

const answeredByClosing: Rule = (facts) => {
  const { session, milestone } = facts;
  if (milestone !== "accepted" || (session?.msSinceLastSent ?? Infinity) > answerWithinMs) return undefined;
  const evidence = `closed ${session?.msSinceLastSent ?? 0} ms after ${session?.lastSent === "subscribe" ? "SUBSCRIBE" : "PUBLISH"}`;
  if (session?.lastSent === "subscribe")
    return { code: "SUB_DENIED", evidence, candidates: ["SUB_DENIED", "FILTER_INVALID", "CONNECTION_LOST"] };
  return session?.lastSent === "publish" ? publishRefused(facts, evidence) : undefined;
};

function publishRefused({ session }: AttemptFacts, evidence: string): Finding {
  const { qos = 0, retain = false } = session?.lastPublish ?? {};
  if (session?.maximumQos !== undefined && qos > session.maximumQos) return { code: "QOS_UNSUPPORTED", evidence };
  if (retain && session?.retainAvailable === false) return { code: "RETAIN_UNSUPPORTED", evidence };
  const candidates: ErrorCode[] = ["PUB_DENIED", "PACKET_TOO_LARGE", "TOPIC_INVALID", "CONNECTION_LOST"];
  if (qos > 0) candidates.push("QOS_UNSUPPORTED");
  if (retain) candidates.push("RETAIN_UNSUPPORTED");
  return { code: "PUB_DENIED", evidence, candidates };
}

/** The age at which this connection and the one before were cut alike, in milliseconds. */
export function steadyAge(facts: AttemptFacts): number | undefined {
  const { ageMs, previousAgesMs = [] } = facts.session ?? {};
  const previous = previousAgesMs[0];
  if (ageMs === undefined || previous === undefined || ageMs < shortLifeMs) return undefined;
  return Math.abs(ageMs - previous) <= sameAgeMs ? ageMs : undefined;
}

const cutAtSameAge: Rule = (facts) => {
  const age = steadyAge(facts);
  if (age === undefined || facts.milestone !== "accepted") return undefined;
  const seconds = Math.round(age / 1000);
  const evidence = `cut after ${seconds} s, again and again`;
  if (seconds >= 1800) return { code: "MAXTIME", evidence, candidates: ["MAXTIME", "JWT_EXPIRED"] };
  const code: ErrorCode = isWebSocketScheme(facts) ? "WS_IDLE_CUT" : "NAT_IDLE";
  const hint = `Set keep alive to ${Math.max(1, Math.floor(seconds / 2))} s or less; nginx: proxy_read_timeout 3600s.`;
  return { code, evidence, candidates: [code, "MAXTIME", "KEEPALIVE_SHORT"], hints: [hint] };
};

const cutAgainSoon: Rule = ({ milestone, session }) => {
  const ages = [session?.ageMs ?? Infinity, ...(session?.previousAgesMs ?? [])];
  const isLoop = ages.length >= 2 && ages.slice(0, 3).every((age) => age < shortLifeMs);
  if (milestone !== "accepted" || !isLoop) return undefined;
  return {
    // Not called TAKEOVER: a broker that falls again and again looks the same, and is worth waiting for.
    code: "CONNECTION_LOST",
    evidence: `${ages.length} connections in a row were closed within ${shortLifeMs / 1000} s`,
    candidates: ["TAKEOVER", "SUB_DENIED", "PUB_DENIED"],
    hints: ["Two clients with one identifier throw each other out: look for a second tab, instance or environment."],
  };
};

const lost: Rule = ({ milestone, session }) =>
  milestone === "accepted"
    ? {
        code: "CONNECTION_LOST",
        evidence: session?.ageMs === undefined ? "no reason given" : `after ${Math.round(session.ageMs / 1000)} s`,
      }
    : undefined;

/** Why a connection that had worked ended. */
export const sessionRules: readonly Rule[] = [
  disconnected,
  tooLarge,
  pingUnanswered,
  pageSlept,
  answeredByClosing,
  cutAtSameAge,
  cutAgainSoon,
  sessionLost,
  lost,
];
