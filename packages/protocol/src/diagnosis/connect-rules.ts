import type { AttemptFacts, ConnackFacts } from "./facts.ts";
import { printable } from "./first-bytes.ts";
import { connackCode } from "./reason-codes.ts";
import { hasEnded, isReset } from "./tcp-rules.ts";
import { type Finding, type Rule, withWords } from "./verdict.ts";

const refusedConnect: Rule = (facts) => {
  const { connack } = facts;
  if (connack === undefined || connack.reasonCode === 0) return undefined;
  const code = connackCode(connack.reasonCode);
  const finding: Finding = { code, ...refusal(connack) };
  const isAuth = code === "BAD_CREDENTIALS" || code === "NOT_AUTHORIZED";
  if (isAuth && tokenHasExpired(facts)) return { ...finding, code: "JWT_EXPIRED" };
  if (code === "NOT_AUTHORIZED") return { ...finding, ...authDoubt(facts) };
  // 3.1.1 has one code for all that passes by itself.
  return connack.reasonCode === 3 ? { ...finding, candidates: [code, "SERVER_BUSY", "QUOTA"] } : finding;
};

function refusal({ reasonCode, reasonString, serverReference }: ConnackFacts): Pick<Finding, "evidence" | "reasonCode" | "hints"> {
  const hints = serverReference === undefined ? [] : [`The server names ${serverReference}.`];
  return { evidence: withWords(`CONNACK ${reasonCode}`, reasonString), reasonCode, hints };
}

const tokenHasExpired = ({ connect, nowMs = 0 }: AttemptFacts): boolean => (connect?.tokenExpiresMs ?? Infinity) <= nowMs;

/** Most brokers give one code for a wrong password and for a missing permission. */
function authDoubt(facts: AttemptFacts): Pick<Finding, "candidates" | "hints"> {
  if (facts.connect?.hadPassword === false) return { hints: ["No password was sent, and the broker may not allow that."] };
  return {
    candidates: ["NOT_AUTHORIZED", "BAD_CREDENTIALS"],
    hints: ["User, password or permission: brokers answer all with one code."],
  };
}

const falseSession: Rule = ({ connack, connect }) =>
  connack?.sessionPresent === true && connect?.cleanStart === true
    ? { code: "SP_VIOLATION", evidence: "session present 1 after a clean start" }
    : undefined;

/** The bytes alone cannot show it: whoever read the packet found it too large for the client. */
const largeAnswer: Rule = ({ errors, milestone }) =>
  milestone === "connect-sent" && errors?.some(({ code }) => code === "PACKET_TOO_LARGE")
    ? {
        code: "PACKET_TOO_LARGE",
        evidence: "a CONNACK above the client's Maximum Packet Size",
        hints: ["Raise maximumPacketSize, or let the server say less in its CONNACK."],
        retry: "loop-guard",
      }
    : undefined;

/** A CONNACK that began as one does and was cut off, which is the link's fault and passes, or bytes that no other rule knows. */
const brokenAnswer: Rule = (facts) => {
  const { firstBytes, connack, milestone } = facts;
  if (firstBytes === undefined || firstBytes.length === 0 || connack !== undefined || milestone === "accepted") return undefined;
  if (hasEnded(facts) && isCutOff(firstBytes)) return { code: "CONNACK_NONE", evidence: "closed in the middle of its CONNACK" };
  return {
    code: "BAD_BYTES",
    evidence: `${firstBytes[0] === 0x20 ? "a broken CONNACK" : "no packet of MQTT"}: "${printable(firstBytes)}"`,
  };
};

/** A CONNACK of less than 128 bytes, as nearly all are, of which the end is missing. */
function isCutOff(bytes: Uint8Array): boolean {
  const [type, length = 1] = bytes;
  return type === 0x20 && (length >= 0x80 || bytes.length < 2 + length);
}

const closedBeforeConnack: Rule = (facts) => {
  const { milestone } = facts;
  const isWaiting = milestone === "connect-sent" || milestone === "upgraded" || milestone === "secured";
  if (!isWaiting || !hasEnded(facts)) return undefined;
  return {
    code: "CONNACK_NONE",
    evidence: isReset(facts) ? "reset after CONNECT" : "closed after CONNECT",
    candidates: ["NOT_AUTHORIZED", "CLIENT_ID", "PROTO_VERSION", "QUOTA"],
    hints: ["Brokers and authorizers refuse so without a word: check credentials, permission, client identifier and ALPN."],
  };
};

const silent: Rule = ({ milestone, timedOut }) =>
  timedOut === true && milestone !== undefined && ["connected", "secured", "connect-sent"].includes(milestone)
    ? { code: "SILENT", evidence: "no CONNACK in time" }
    : undefined;

/** What became of our CONNECT. */
export const connectRules: readonly Rule[] = [refusedConnect, falseSession, largeAnswer, brokenAnswer, closedBeforeConnack, silent];
