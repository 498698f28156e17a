import { hostRows, remedies } from "#host-catalogue";
import type { DiagnosedCode } from "./diagnosed-rows.ts";
import type { HostCode } from "./host-rows.ts";
import type { ErrorSource, RetryClass, Row, Stage } from "./row.ts";

/**
 * Every error code of the project, born here, in diagnosed-rows.ts and in host-rows.ts, and nowhere else. The rows here are carried by
 * every program, a page included, so they are one line each: [stage, source, retry, title], where the title continues "CODE: " and has
 * no full stop. What a page does without stands elsewhere: the codes that only a diagnosis names in diagnosed-rows.ts, those it cannot
 * meet in host-rows.ts, what to do in remedies.ts, causes and commands in explanations.ts. A new code needs its line in each.
 */

// biome-ignore format: a table is read by its lines.
const rows = {
  // What the caller gave us.
  URL_INVALID: ["input", "usage", "new-input", "the URL cannot be parsed"],
  SCHEME_BROWSER: ["input", "usage", "new-input", "a browser cannot open this kind of URL"],
  SCHEME_UNKNOWN: ["input", "usage", "new-input", "the URL scheme is not supported"],
  OPTION_INVALID: ["input", "usage", "new-input", "an option has a wrong type or value"],
  TOPIC_INVALID: ["input", "usage", "new-input", "the topic name is not valid"],
  FILTER_INVALID: ["input", "usage", "new-input", "the topic filter is not valid"],
  PAYLOAD_TOO_LARGE: ["input", "usage", "new-input", "the payload is larger than a packet can be"],
  PACKET_INVALID: ["input", "usage", "new-input", "the packet cannot be encoded"],
  UNSUPPORTED_IN_V3: ["input", "usage", "new-input", "this needs MQTT 5.0"],
  CLIENT_CLOSED: ["input", "usage", "never", "the client has ended"],
  NOT_CONNECTED: ["session", "usage", "backoff", "there is no connection"],
  ABORTED: ["input", "usage", "never", "the caller aborted the operation"],
  TIMEOUT: ["session", "network", "backoff", "the operation took too long"],
  CREDENTIALS_TIMEOUT: ["input", "usage", "backoff", "the credentials callback did not answer in time"],
  CREDENTIALS_FAILED: ["input", "usage", "backoff", "the credentials callback failed"],
  QUEUE_FULL: ["session", "local", "backoff", "a queue has reached its limit"],
  IDENTIFIERS_EXHAUSTED: ["session", "local", "backoff", "all 65,535 packet identifiers are in use"],
  INTERNAL: ["internal", "internal", "never", "a bug of Bowline"],

  // What a page, too, can tell of the layers below.
  SILENT: ["mqtt", "peer", "backoff", "the server accepts and never answers"],
  WS_NEVER_OPENED: ["ws", "network", "backoff", "the WebSocket never opened"],

  // A CONNECT that was refused.
  PROTO_VERSION: ["mqtt", "peer", "new-input", "the server does not speak this version of MQTT"],
  UNAVAILABLE: ["mqtt", "peer", "backoff", "the server is not available"],
  BAD_CREDENTIALS: ["mqtt", "usage", "new-credentials", "the user name or password is wrong"],
  NOT_AUTHORIZED: ["authz", "usage", "new-credentials", "the server does not allow this client"],
  QUOTA: ["mqtt", "peer", "backoff", "a quota of the server is used up"],
  AUTH_METHOD: ["mqtt", "usage", "new-input", "the server does not accept the authentication method"],
  AUTH_FAILED: ["mqtt", "peer", "new-credentials", "the enhanced authentication failed"],
  TOPIC_NAME: ["mqtt", "usage", "new-input", "the server does not accept a topic name"],
  PACKET_TOO_LARGE: ["mqtt", "usage", "new-input", "the packet is larger than the receiver allows"],
  PAYLOAD_FORMAT: ["mqtt", "usage", "new-input", "the payload is not the UTF-8 it claims to be"],
  CONNACK_NONE: ["mqtt", "peer", "backoff", "the server closed before its CONNACK"],
  SP_VIOLATION: ["mqtt", "peer", "loop-guard", "the server claims a session it was asked to drop"],
  BAD_BYTES: ["mqtt", "peer", "loop-guard", "the server's answer is not MQTT"],

  // After a good CONNACK.
  MALFORMED_PACKET: ["mqtt", "peer", "loop-guard", "the peer sent a malformed packet"],
  PROTOCOL_ERROR: ["mqtt", "peer", "loop-guard", "the peer broke the protocol"],
  TAKEOVER: ["session", "usage", "loop-guard", "another client took over the client identifier"],
  PING_TIMEOUT: ["session", "network", "backoff", "the server did not answer a ping"],
  CONNECTION_LOST: ["session", "network", "backoff", "the connection closed without a DISCONNECT"],
  QOS_UNSUPPORTED: ["mqtt", "usage", "new-input", "the server does not support this QoS"],
  RETAIN_UNSUPPORTED: ["mqtt", "usage", "new-input", "the server does not keep retained messages"],
  WILDCARD_UNSUPPORTED: ["mqtt", "usage", "new-input", "the server does not support wildcards"],
  SHARED_UNSUPPORTED: ["mqtt", "usage", "new-input", "the server does not support shared subscriptions"],
  SUBID_UNSUPPORTED: ["mqtt", "usage", "new-input", "the server does not support subscription identifiers"],
  SUBSCRIBE_REFUSED: ["authz", "peer", "new-input", "the server refused the subscription"],
  SUB_DENIED: ["authz", "peer", "new-credentials", "the subscription is not allowed"],
  UNSUBSCRIBE_REFUSED: ["mqtt", "peer", "new-input", "the server refused to end the subscription"],
  PUBLISH_REFUSED: ["mqtt", "peer", "new-input", "the server refused the message"],
  PUB_DENIED: ["authz", "peer", "new-credentials", "publishing to this topic is not allowed"],
  RECEIVE_MAX: ["mqtt", "peer", "loop-guard", "more messages were in flight than allowed"],
  ALIAS: ["mqtt", "peer", "loop-guard", "a topic alias is not valid"],
  MESSAGE_EXPIRED: ["session", "local", "never", "the message expired before it could be sent"],
  SESSION_LOST: ["session", "peer", "backoff", "the server no longer has the session"],
  DISCONNECTED: ["session", "peer", "backoff", "the server ended the connection"],
} as const;

/** The code of an error: the closed set of ids that the client, the doctor, the broker and `bowline explain` share. */
export type ErrorCode = keyof typeof rows | DiagnosedCode | HostCode;

// The rows keep their literal types so that their keys make the union; this line checks their shape.
const table: Partial<Record<ErrorCode, Row>> = { ...rows, ...hostRows };

/** What every program knows of a code without loading its explanation. */
export interface ErrorInfo {
  readonly code: ErrorCode;
  readonly stage: Stage;
  readonly source: ErrorSource;
  readonly retry: RetryClass;
  /** One line that continues "CODE: ", without a full stop. */
  readonly title: string;
  /** What to do, as one imperative sentence. */
  readonly remedy: string;
}

/** Every code, those of a diagnosis and of the host last; in a page only those it always carries. */
export const errorCodes: readonly ErrorCode[] = Object.keys(table) as ErrorCode[];

/** A page has loaded further rows. */
export function addRows(more: Readonly<Partial<Record<ErrorCode, Row>>>): void {
  Object.assign(table, more);
}

/** The catalogue's row of a code. In a page the remedy is where to read on, and a code it does not carry is told by its name. */
export function errorInfo(code: ErrorCode): ErrorInfo {
  const [stage, source, retry, title, remedy] = table[code] ?? ["mqtt", "network", "backoff", code];
  return { code, stage, source, retry, title, remedy: remedy ?? remedies[code] ?? `Run bowline explain ${code}.` };
}

/** Whether a text is a code of the catalogue, as `bowline explain` must ask of what was typed. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(table, text);
}

/** Whether trying again without a change can help. */
export function isRetryable(retry: RetryClass): boolean {
  return retry === "backoff" || retry === "loop-guard";
}
