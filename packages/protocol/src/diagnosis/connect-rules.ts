import type { ErrorCode } from "../errors/catalogue.ts";
import type { AttemptFacts, ConnackFacts } from "./facts.ts";
import { printable } from "./first-bytes.ts";
import { connackCode } from "./reason-codes.ts";
import { isReset } from "./tcp-rules.ts";
import type { Finding, Rule } from "./verdict.ts";

const refusedConnect: Rule = (facts) => {
  const { connack } = facts;
  if (connack === undefined || connack.reasonCode === 0) return undefined;
  const code = connackCode(connack.reasonCode);
  const finding = { evidence: connackEvidence(connack), reasonCode: connack.reasonCode };
  const isAuth = code === "BAD_CREDENTIALS" || code === "NOT_AUTHORIZED";
  if (isAuth && tokenHasExpired(facts)) return { ...finding, code: "JWT_EXPIRED" };
  if (code === "NOT_AUTHORIZED") return { ...finding, code, ...authDoubt(facts) };
  if (code === "UNAVAILABLE" && connack.version === 4)
    return { ...finding, code, candidates: ["UNAVAILABLE", "SERVER_BUSY", "QUOTA"] };
  // mosquitto answers an empty identifier it does not want with 128.
  if (code === "UNSPEC" && facts.connect?.clientIdentifier === "") return { ...finding, code, candidates: ["CLIENT_ID", "UNSPEC"] };
  const server = connack.serverReference;
  return server === undefined ? { ...finding, code } : { ...finding, code, hints: [`The server names ${server}.`] };
};

function connackEvidence(connack: ConnackFacts): string {
  const words = connack.reasonString === undefined || connack.reasonString === "" ? "" : `, "${connack.reasonString}"`;
  return `CONNACK ${connack.reasonCode}${words}`;
}

const tokenHasExpired = (facts: AttemptFacts): boolean =>
  facts.connect?.tokenExpiresMs !== undefined && facts.nowMs !== undefined && facts.connect.tokenExpiresMs <= facts.nowMs;

/** Most brokers give one code for a wrong password and for a missing permission. */
function authDoubt(facts: AttemptFacts): Pick<Finding, "candidates" | "hints"> {
  if (facts.connect?.hadPassword === false) return { hints: ["No password was sent; the broker may not allow anonymous clients."] };
  return {
    candidates: ["NOT_AUTHORIZED", "BAD_CREDENTIALS"],
    hints: [
      "The user, the password or the permission is wrong; brokers answer all with one code.",
      "Look for a newline at the end of a password file.",
    ],
  };
}

const falseSession: Rule = ({ connack, connect }) =>
  connack?.reasonCode === 0 && connack.sessionPresent === true && connect?.cleanStart === true
    ? { code: "SP_VIOLATION", evidence: "session present 1 after a clean start" }
    : undefined;

/** A CONNACK that began and did not end, or bytes in its place that no other rule knows. */
const brokenAnswer: Rule = ({ firstBytes, connack, milestone }) => {
  if (firstBytes === undefined || firstBytes.length === 0 || connack !== undefined || milestone === "accepted") return undefined;
  const what = firstBytes[0] === 0x20 ? "the CONNACK is cut or malformed" : "the answer is no packet of MQTT";
  return { code: "BAD_BYTES", evidence: `${what}: "${printable(firstBytes)}"` };
};

const closedBeforeConnack: Rule = (facts) => {
  const isWaiting = facts.milestone === "connect-sent" || facts.milestone === "upgraded" || facts.milestone === "secured";
  const hasEnded = facts.closedBy !== undefined || facts.ws?.closeCode !== undefined || isReset(facts);
  if (!isWaiting || !hasEnded) return undefined;
  const candidates = likelyCauses(facts);
  const evidence = isReset(facts) ? "reset after CONNECT" : "closed after CONNECT";
  const isTlsPort = facts.target?.scheme === "mqtt" && (facts.target.port === 8883 || facts.target.port === 443);
  return { code: isTlsPort ? "PLAIN_TO_TLS" : "CONNACK_NONE", evidence, candidates, hints: closeHints };
};

const closeHints: readonly string[] = [
  "Brokers and authorizers that refuse without a reason close here: check credentials, permission, client identifier and ALPN.",
];

function likelyCauses(facts: AttemptFacts): readonly ErrorCode[] {
  const causes: ErrorCode[] = [];
  const { target, tls, connect } = facts;
  if (target?.scheme === "mqtt") causes.push("PLAIN_TO_TLS");
  if (target?.scheme === "mqtts") {
    const offersNone = tls?.alpnOffered === undefined || tls.alpnOffered.length === 0;
    if (tls?.hasClientCertificate !== true) causes.push("MTLS_REQUIRED_13");
    if (target.port === 443 && offersNone) causes.unshift("TLS_ALPN_NEEDED");
  }
  causes.push("NOT_AUTHORIZED");
  if (connect?.clientIdentifier !== undefined) causes.push("CLIENT_ID");
  if (connect?.version === 5) causes.push("PROTO_VERSION");
  if (connect?.hadWill === true) causes.push("TOPIC_NAME");
  causes.push("QUOTA");
  return causes;
}

const silent: Rule = (facts) => {
  const isWaiting = facts.milestone === "connect-sent" || facts.milestone === "secured" || facts.milestone === "connected";
  return facts.timedOut === true && isWaiting ? { code: "SILENT", evidence: "no CONNACK in time" } : undefined;
};

/** What became of our CONNECT. */
export const connectRules: readonly Rule[] = [refusedConnect, falseSession, brokenAnswer, closedBeforeConnack, silent];
