import type { ErrorCode } from "../errors/catalogue.ts";
import type { AttemptFacts } from "./facts.ts";
import type { Finding, Rule } from "./verdict.ts";

// A drop so soon after a packet is its answer.
const answerWithinMs = 1000;

const tooLarge: Rule = ({ session }) => {
  const limit = session?.maximumPacketSize ?? Infinity;
  const bytes = session?.lastPublish?.bytes ?? 0;
  if (bytes <= limit) return undefined;
  return { code: "PACKET_TOO_LARGE", stage: "session", evidence: `${bytes} bytes, and the server takes ${limit}` };
};

const answeredByClosing: Rule = (facts) => {
  const { lastSent, msSinceLastSent = Infinity } = facts.session ?? {};
  if (msSinceLastSent > answerWithinMs) return undefined;
  const evidence = `closed ${msSinceLastSent} ms after ${lastSent === "subscribe" ? "SUBSCRIBE" : "PUBLISH"}`;
  if (lastSent === "subscribe")
    return { code: "SUB_DENIED", evidence, candidates: ["SUB_DENIED", "FILTER_INVALID", "CONNECTION_LOST"] };
  return lastSent === "publish" ? publishRefused(facts, evidence) : undefined;
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

const sessionLost: Rule = ({ session }) =>
  session?.wasSessionLost === true ? { code: "SESSION_LOST", evidence: "session present 0" } : undefined;

/** What the packets just before a drop tell, for whoever kept them. */
export const dropRules: readonly Rule[] = [tooLarge, answeredByClosing, sessionLost].map(
  (rule): Rule =>
    (facts) =>
      facts.milestone === "accepted" && facts.disconnect === undefined ? rule(facts) : undefined,
);
