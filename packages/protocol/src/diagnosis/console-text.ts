import type { ErrorCode } from "../errors/catalogue.ts";
import { awsRefusals, isOldEndpoint } from "./aws-rules.ts";
import type { AttemptFacts } from "./facts.ts";
import { httpCode } from "./http-rules.ts";
import { isAwsIot } from "./target.ts";
import type { Finding, Rule } from "./verdict.ts";

/**
 * Browsers tell the reason of a failed WebSocket to their console alone, so a human has to paste the line. Texts are those of Chromium.
 */
const texts: readonly (readonly [pattern: RegExp, code: ErrorCode])[] = [
  [/ERR_UNSAFE_PORT/, "UNSAFE_PORT"],
  [/ERR_NAME_NOT_RESOLVED/, "DNS_NXDOMAIN"],
  [/ERR_CONNECTION_REFUSED/, "TCP_REFUSED"],
  [/ERR_(CONNECTION_)?TIMED_OUT/, "TCP_TIMEOUT"],
  [/ERR_ADDRESS_UNREACHABLE/, "TCP_UNREACH"],
  [/ERR_INTERNET_DISCONNECTED|ERR_NETWORK_CHANGED/, "B_OFFLINE"],
  [/ERR_SOCKET_NOT_CONNECTED|ERR_EMPTY_RESPONSE/, "TCP_CLOSE_AT_ACCEPT"],
  [/ERR_INVALID_HTTP_RESPONSE/, "WRONG_SERVICE"],
  [/ERR_SSL_PROTOCOL_ERROR/, "WSS_TO_WS"],
  [/ERR_SSL_VERSION_OR_CIPHER_MISMATCH/, "TLS_VERSION"],
  [/ERR_CERT_DATE_INVALID/, "TLS_EXPIRED"],
  [/ERR_CERT_AUTHORITY_INVALID/, "B_SELF_SIGNED"],
  [/ERR_CERT_COMMON_NAME_INVALID/, "TLS_SAN"],
  [/ERR_CERT_WEAK_|ERR_SSL_WEAK_/, "TLS_WEAK"],
  [/ERR_CERT_REVOKED/, "TLS_REVOKED"],
  [/ERR_CERTIFICATE_TRANSPARENCY_REQUIRED/, "TLS_CT"],
  [/ERR_SSL_UNRECOGNIZED_NAME_ALERT/, "TLS_SNI"],
  [/ERR_BAD_SSL_CLIENT_AUTH_CERT/, "MTLS_REQUIRED_13"],
  [/ERR_BLOCKED_BY_CLIENT/, "B_EXTENSION"],
  [/ERR_INSUFFICIENT_RESOURCES/, "B_LIMIT"],
  [/HTTP Authentication failed/, "WS_401"],
  [/no response was received/, "WS_NO_SUBPROTO_REPLY"],
  [/in response does not match/, "WS_WRONG_SUBPROTO"],
  [/Invalid frame header/, "WS_PERMESSAGE"],
  [/Mixed Content|insecure WebSocket connection/, "B_MIXED"],
  [/Content Security Policy/i, "B_CSP"],
  [/local network|LOCAL_NETWORK_ACCESS|loopback address space/i, "B_LNA"],
];

// The same line stands for several faults; what is listed is decided by other probes.
const doubts: Partial<Readonly<Record<ErrorCode, readonly ErrorCode[]>>> = {
  TLS_VERSION: ["TLS_VERSION", "TLS_CIPHER"],
  TLS_EXPIRED: ["TLS_EXPIRED", "TLS_NOT_YET", "CLOCK_SKEW"],
  // An end at accept may be noticed before or after the first bytes of ours.
  TCP_CLOSE_AT_ACCEPT: ["TCP_CLOSE_AT_ACCEPT", "TCP_RESET_AT_ACCEPT", "WS_TO_TCP", "WS_TO_TLS"],
  WRONG_SERVICE: ["WRONG_SERVICE", "WS_TO_TCP", "WS_TO_TLS"],
  WSS_TO_WS: ["WSS_TO_WS", "WRONG_SERVICE", "WS_TO_TCP"],
  TLS_SAN: ["TLS_SAN", "TLS_CN_ONLY", "TLS_SNI", "DNS_CNAME_HOST"],
  B_SELF_SIGNED: ["B_SELF_SIGNED", "TLS_UNKNOWN_CA", "TLS_EXPIRED", "TLS_SAN"],
  MTLS_REQUIRED_13: ["MTLS_REQUIRED_13", "MTLS_REQUIRED_12"],
};

/** What ends a connection while it is made, without a word. */
const ended: readonly ErrorCode[] = [
  ...(["WS_TO_TLS", "WS_TO_TCP", "TLS_SNI", "TCP_CLOSE_AT_ACCEPT", "TCP_RESET_AT_ACCEPT", "WRONG_SERVICE"] as const),
  ...(["MTLS_REQUIRED_12", "MTLS_REQUIRED_13", "TLS_VERSION", "TLS_CIPHER"] as const),
];

/** A pasted console line: the most that is ever known of a page's failure. */
export const consoleLine: Rule = (facts) => {
  const line = facts.page?.consoleText;
  if (line === undefined) return undefined;
  const [, status] = /Unexpected response code: (\d{3})/.exec(line) ?? [];
  if (status !== undefined) return answeredWith(Number(status), facts);
  const entry = texts.find(([pattern]) => pattern.test(line));
  const evidence = "the line of the browser's console";
  if (entry?.[1] === "B_SELF_SIGNED" && isOldEndpoint(facts)) {
    return { code: "AWS_ENDPOINT", evidence, candidates: ["AWS_ENDPOINT", "B_SELF_SIGNED"] };
  }
  if (entry !== undefined) {
    const candidates = doubts[entry[1]];
    return candidates === undefined ? { code: entry[1], evidence } : { code: entry[1], evidence, candidates };
  }
  if (!/ERR_CONNECTION_(RESET|CLOSED)|before receiving a handshake response/.test(line)) return undefined;
  return {
    code: "WS_NEVER_OPENED",
    evidence,
    candidates: ended,
  };
};

function answeredWith(status: number, facts: AttemptFacts): Finding {
  const evidence = `HTTP ${status}, as the browser's console says`;
  const isRefusal = status === 401 || status === 403;
  if (isRefusal && isAwsIot(facts)) {
    const [code = "WS_403", ...more] = awsRefusals(facts);
    return more.length === 0 ? { code, evidence } : { code, evidence, candidates: [code, ...more] };
  }
  const code = httpCode(status);
  // The upgrade is asked for in HTTP/1.1: that other requests fail there points at a server that wants HTTP/2.
  const { fetch, protocol } = facts.page?.probe ?? {};
  if (status === 400 && (fetch === "rejected" || protocol === "h2")) return { code, evidence, candidates: [code, "WS_H2"] };
  // Every request of a page names its origin.
  return status === 403 ? { code, evidence, candidates: [code, "B_ORIGIN"] } : { code, evidence };
}
