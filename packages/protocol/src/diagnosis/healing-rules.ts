import type { ErrorCode } from "../errors/catalogue.ts";
import type { AttemptFacts, Healing } from "./facts.ts";
import { isAwsIot, isTlsScheme, isWebSocketScheme } from "./target.ts";
import type { Rule } from "./verdict.ts";

/** The variant that heals is the diagnosis: each names one code, by what was tried at first. */
const diagnoses: Readonly<Record<Healing, (facts: AttemptFacts) => ErrorCode>> = {
  tls: (facts) => (isWebSocketScheme(facts) ? "WS_TO_TLS" : "PLAIN_TO_TLS"),
  plain: (facts) => (isWebSocketScheme(facts) ? "WSS_TO_WS" : "TLS_TO_PLAIN"),
  websocket: (facts) => (isTlsScheme(facts) ? "MQTT_TO_HTTPS" : "MQTT_TO_HTTP"),
  "mqtt-over-tcp": () => "WS_TO_TCP",
  "server-name": (facts) => (isAwsIot(facts) ? "AWS_SNI" : "TLS_SNI"),
  alpn: alpnCode,
  "client-certificate": (facts) => (facts.tls?.protocol === "TLSv1.3" ? "MTLS_REQUIRED_13" : "MTLS_REQUIRED_12"),
  "older-tls": () => "TLS_VERSION",
  "legacy-ciphers": () => "TLS_CIPHER",
  "protocol-3.1.1": () => "PROTO_VERSION",
  "random-client-id": clientIdCode,
  "without-will": (facts) => (isAwsIot(facts) ? "AWS_WILL" : "WILL_QOS"),
  "without-origin": () => "B_ORIGIN",
  subprotocol: () => "WS_SUBPROTO_NOT_OFFERED",
  "single-address": () => "TCP_HE_250",
  proxy: () => "PROXY_ENV",
  "smaller-packet": () => "PACKET_TOO_LARGE",
  "shorter-keep-alive": (facts) => (isWebSocketScheme(facts) ? "WS_IDLE_CUT" : "NAT_IDLE"),
};

function alpnCode(facts: AttemptFacts): ErrorCode {
  if (isAwsIot(facts)) return "AWS_ALPN";
  return (facts.tls?.alpnOffered?.length ?? 0) > 0 ? "TLS_ALPN_WRONG" : "TLS_ALPN_NEEDED";
}

function clientIdCode(facts: AttemptFacts): ErrorCode {
  if (facts.milestone === "accepted") return isAwsIot(facts) ? "AWS_DUP" : "TAKEOVER";
  return isAwsIot(facts) ? "AWS_NO_CONNECT" : "CLIENT_ID";
}

/** A variant of the attempt that succeeded where the attempt itself did not. */
export const healed: Rule = (facts) => {
  const healing = facts.healedBy?.[0];
  if (healing === undefined) return undefined;
  const code = diagnoses[healing](facts);
  const evidence = `the same attempt succeeds with a change: ${healing}`;
  // Without its will the packet has a topic, a QoS and a retain flag less: one of the three was refused.
  return code === "WILL_QOS" ? { code, evidence, candidates: ["TOPIC_NAME", "WILL_QOS", "WILL_RETAIN"] } : { code, evidence };
};
