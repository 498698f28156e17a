import type { ErrorCode } from "../errors/catalogue.ts";
import type { AttemptFacts } from "./facts.ts";
import { hasEnded, isReset } from "./tcp-rules.ts";
import type { Finding, Rule } from "./verdict.ts";

/** An end after CONNECT on a TCP or TLS socket, where more can be at fault than behind a WebSocket. */
export const closedSocket: Rule = (facts) => {
  const { target, milestone } = facts;
  const isWaiting = milestone === "connect-sent" || milestone === "secured";
  if (!isWaiting || !hasEnded(facts) || facts.firstBytes?.length || (target?.scheme !== "mqtt" && target?.scheme !== "mqtts"))
    return undefined;
  const evidence = isReset(facts) ? "reset after CONNECT" : "closed after CONNECT";
  const isTlsPort = target.scheme === "mqtt" && (target.port === 8883 || target.port === 443);
  const hint = "Brokers and authorizers refuse so without a word: check credentials, permission, client identifier and ALPN.";
  const hints = [...hintsFor(facts), hint];
  return { code: isTlsPort ? "PLAIN_TO_TLS" : "CONNACK_NONE", evidence, candidates: likelyCauses(facts), hints };
};

function hintsFor({ target, tls }: AttemptFacts): readonly string[] {
  if (target?.scheme === "mqtt") return ["If the port expects TLS, use mqtts://."];
  return tls?.serverName === false ? ["No server name was sent: connect by name, or set `servername`."] : [];
}

function likelyCauses({ target, tls, connect }: AttemptFacts): readonly ErrorCode[] {
  const causes: ErrorCode[] = [];
  if (target?.scheme === "mqtt") causes.push("PLAIN_TO_TLS");
  else causes.push(tls?.hasClientCertificate === true ? "MTLS_UNKNOWN_CA" : "MTLS_REQUIRED_13");
  if (tls?.serverName === false) causes.unshift("TLS_SNI");
  if (target?.port === 443 && !tls?.alpnOffered?.length) causes.unshift("TLS_ALPN_NEEDED");
  causes.push("NOT_AUTHORIZED", "CLIENT_ID");
  if (connect?.version === 5) causes.push("PROTO_VERSION");
  if (connect?.hadWill === true) causes.push("TOPIC_NAME");
  if (target?.scheme === "mqtts" && target.port !== 443 && !tls?.alpnOffered?.length) causes.push("TLS_ALPN_NEEDED");
  return [...causes, "QUOTA", "TCP_CLOSE_AT_ACCEPT"];
}

/** mosquitto answers an empty identifier it does not want with 128, which says nothing. */
export const unwantedIdentifier: Rule = ({ connack, connect }): Finding | undefined =>
  connack?.reasonCode === 128 && connect?.clientIdentifier === ""
    ? { code: "UNSPEC", reasonCode: 128, evidence: "CONNACK 128 to an empty identifier", candidates: ["CLIENT_ID", "UNSPEC"] }
    : undefined;
