import type { ErrorSource, RetryClass, Row, Stage } from "./row.ts";

// What takes the place of host-catalogue.ts in a page: the classes of common-rows.ts, by each of them its codes. A test holds both alike.
// biome-ignore format: a table is read by its lines.
const classes: readonly (readonly [stage: Stage, source: ErrorSource, retry: RetryClass, codes: string])[] = [
  ["input", "usage", "new-input", "URL_INVALID SCHEME_BROWSER SCHEME_UNKNOWN OPTION_INVALID TOPIC_INVALID FILTER_INVALID PAYLOAD_TOO_LARGE PACKET_INVALID UNSUPPORTED_IN_V3"],
  ["input", "usage", "never", "CLIENT_CLOSED ABORTED"],
  ["session", "usage", "backoff", "NOT_CONNECTED"],
  ["session", "network", "backoff", "TIMEOUT PING_TIMEOUT CONNECTION_LOST"],
  ["input", "usage", "backoff", "CREDENTIALS_TIMEOUT CREDENTIALS_FAILED"],
  ["session", "local", "backoff", "QUEUE_FULL IDENTIFIERS_EXHAUSTED"],
  ["internal", "internal", "never", "INTERNAL"],
  ["mqtt", "peer", "backoff", "SILENT UNAVAILABLE QUOTA CONNACK_NONE"],
  ["ws", "network", "backoff", "WS_NEVER_OPENED"],
  ["mqtt", "peer", "new-input", "PROTO_VERSION UNSUBSCRIBE_REFUSED PUBLISH_REFUSED"],
  ["mqtt", "usage", "new-credentials", "BAD_CREDENTIALS"],
  ["authz", "usage", "new-credentials", "NOT_AUTHORIZED"],
  ["mqtt", "usage", "new-input", "AUTH_METHOD TOPIC_NAME PACKET_TOO_LARGE PAYLOAD_FORMAT QOS_UNSUPPORTED RETAIN_UNSUPPORTED WILDCARD_UNSUPPORTED SHARED_UNSUPPORTED SUBID_UNSUPPORTED"],
  ["mqtt", "peer", "new-credentials", "AUTH_FAILED"],
  ["mqtt", "peer", "loop-guard", "SP_VIOLATION BAD_BYTES MALFORMED_PACKET PROTOCOL_ERROR RECEIVE_MAX ALIAS"],
  ["session", "usage", "loop-guard", "TAKEOVER"],
  ["authz", "peer", "new-input", "SUBSCRIBE_REFUSED"],
  ["authz", "peer", "new-credentials", "SUB_DENIED PUB_DENIED"],
  ["session", "local", "never", "MESSAGE_EXPIRED"],
  ["session", "peer", "backoff", "SESSION_LOST DISCONNECTED"],
];

export const hostRows: Readonly<Record<string, Row>> = Object.fromEntries(
  classes.flatMap(([stage, source, retry, codes]) => codes.split(" ").map((code) => [code, [stage, source, retry]])),
);
export const remedies: Readonly<Record<string, string>> = {};
