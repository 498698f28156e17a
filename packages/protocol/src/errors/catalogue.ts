import { hostRows } from "#host-rows";
import type { HostCode } from "./host-rows.ts";
import type { ErrorSource, RetryClass, Row, Stage } from "./row.ts";

/**
 * Every error code of the project, born here and nowhere else: one row each, of what every program must carry, a page included.
 * Causes, evidence, commands and the codes of other programs are in explanations.ts, which no program loads before it is asked.
 *
 * The rows here are carried by every program; those which no page can meet stand in host-rows.ts. A row is [stage, source, retry, title, remedy]. The title continues "CODE: " and has no full stop; the remedy is one imperative sentence.
 */

// biome-ignore format: a table is read by its lines.
const rows = {
  // What the caller gave us.
  URL_INVALID: ["input", "usage", "new-input", "the URL cannot be parsed", "Write the URL as scheme://host:port/path."],
  URL_AS_HOST: ["input", "usage", "new-input", "a URL was given where a host name belongs", "Give the host name alone, or pass the whole as a URL."],
  SCHEME_BROWSER: ["input", "usage", "new-input", "a browser cannot open this kind of URL", "Use wss:// with the WebSocket port and path of the broker."],
  SCHEME_UNKNOWN: ["input", "usage", "new-input", "the URL scheme is not supported", "Use mqtt, mqtts, ws, wss or unix as the scheme."],
  OPTION_INVALID: ["input", "usage", "new-input", "an option has a wrong type or value", "Correct the named option."],
  TOPIC_INVALID: ["input", "usage", "new-input", "the topic name is not valid", "Publish to a topic name without wildcards or null characters."],
  FILTER_INVALID: ["input", "usage", "new-input", "the topic filter is not valid", "Let + and # stand alone in a level, and # only in the last."],
  PAYLOAD_TOO_LARGE: ["input", "usage", "new-input", "the payload is larger than a packet can be", "Split the payload."],
  PACKET_INVALID: ["input", "usage", "new-input", "the packet cannot be encoded", "Correct the named field."],
  UNSUPPORTED_IN_V3: ["input", "usage", "new-input", "this needs MQTT 5.0", "Connect with protocol version 5."],
  CLIENT_CLOSED: ["input", "usage", "never", "the client has ended", "Create a new client, or connect this one again."],
  NOT_CONNECTED: ["session", "usage", "backoff", "there is no connection", "Wait until the client is connected."],
  ABORTED: ["input", "usage", "never", "the caller aborted the operation", "Start the operation again if you still want it."],
  TIMEOUT: ["session", "network", "backoff", "the operation took too long", "Look at the state of the connection, or allow more time."],
  CREDENTIALS_TIMEOUT: ["input", "usage", "backoff", "the credentials callback did not answer in time", "Let the callback resolve before the connect timeout."],
  CREDENTIALS_FAILED: ["input", "usage", "backoff", "the credentials callback failed", "Look at the cause, and correct the callback."],
  QUEUE_FULL: ["session", "local", "backoff", "a queue has reached its limit", "Slow down, or raise the named limit."],
  IDENTIFIERS_EXHAUSTED: ["session", "local", "backoff", "all 65,535 packet identifiers are in use", "Wait until earlier messages are acknowledged."],
  INTERNAL: ["internal", "internal", "never", "a bug of Bowline", "Report it with the message and the stack."],

  // What a page, too, can tell of the layers below.
  SILENT: ["mqtt", "peer", "backoff", "the server accepts and never answers", "Check that the port is the broker's and the broker is healthy."],
  TLS_FAILED: ["tls", "network", "backoff", "the TLS handshake failed", "Look at the cause for the alert."],
  WS_TEXT: ["ws", "peer", "new-input", "the server sends text frames", "Use an endpoint that speaks MQTT."],
  WS_OPEN_SILENT: ["ws", "peer", "backoff", "the WebSocket opens and never answers", "Check what stands behind the path."],
  WS_CLOSE_CODE: ["ws", "peer", "backoff", "the server closed the WebSocket with a code", "Look up the code and its reason."],
  WS_IDLE_CUT: ["ws", "network", "backoff", "a proxy cuts the connection when it is idle", "Set keep alive to half the proxy's idle time."],
  WS_NEVER_OPENED: ["ws", "network", "backoff", "the WebSocket never opened", "Read the console of the browser, which names the reason."],
  WS_UNREACHABLE: ["ws", "network", "backoff", "the page cannot reach the server", "Open https://host:port in a tab, and read what the browser says."],
  WS_UPGRADE_REFUSED: ["ws", "peer", "backoff", "the server answers HTTP but refuses the WebSocket", "Check path, origin rule and the proxy's Upgrade headers."],

  // What only a page meets.
  B_MIXED: ["input", "usage", "new-input", "an https page may not open ws://", "Use wss://."],
  B_CSP: ["ws", "usage", "new-input", "the page's content security policy forbids the address", "Add the address to connect-src."],
  B_LNA: ["ws", "local", "new-input", "the browser asks before a page reaches a local address", "Grant local network access, or serve the page from there."],
  B_OFFLINE: ["ws", "network", "backoff", "the browser is offline", "Connect to a network."],
  B_LIMIT: ["ws", "local", "backoff", "the browser has too many sockets open", "Close unused clients."],
  B_SLEEP: ["session", "local", "backoff", "the page slept", "Reconnect when the page wakes."],
  B_BFCACHE: ["session", "local", "backoff", "the page was restored from the cache", "Reconnect on pageshow."],

  // A CONNECT that was refused.
  PROTO_VERSION: ["mqtt", "peer", "new-input", "the server does not speak this version of MQTT", "Connect with MQTT 3.1.1."],
  CLIENT_ID: ["mqtt", "usage", "new-input", "the server does not accept the client identifier", "Use 1 to 23 letters and digits, or the registered identifier."],
  UNAVAILABLE: ["mqtt", "peer", "backoff", "the server is not available", "Wait, and look at the broker's health."],
  BAD_CREDENTIALS: ["mqtt", "usage", "new-credentials", "the user name or password is wrong", "Give the right user name and password."],
  NOT_AUTHORIZED: ["authz", "usage", "new-credentials", "the server does not allow this client", "Check user, password and permission."],
  JWT_EXPIRED: ["mqtt", "usage", "new-credentials", "the token has expired", "Fetch a fresh token for each attempt."],
  BANNED: ["authz", "peer", "new-credentials", "the server has banned this client", "Wait until the ban ends, and stop what caused it."],
  SERVER_BUSY: ["mqtt", "peer", "backoff", "the server is busy", "Wait, and spread the clients."],
  QUOTA: ["mqtt", "peer", "backoff", "a quota of the server is used up", "Raise the quota, or use less of it."],
  RATE: ["mqtt", "peer", "backoff", "the rate is higher than the server allows", "Slow down, and spread connection attempts."],
  AUTH_METHOD: ["mqtt", "usage", "new-input", "the server does not accept the authentication method", "Use a method the server offers."],
  AUTH_FAILED: ["mqtt", "peer", "new-credentials", "the enhanced authentication failed", "Check the exchange of the authentication method."],
  TOPIC_NAME: ["mqtt", "usage", "new-input", "the server does not accept a topic name", "Correct the topic of the message or of the will."],
  WILL_QOS: ["mqtt", "usage", "new-input", "the server does not support the will's QoS", "Lower the QoS of the will."],
  WILL_RETAIN: ["mqtt", "usage", "new-input", "the server does not support a retained will", "Clear the retain flag of the will."],
  PACKET_TOO_LARGE: ["mqtt", "usage", "new-input", "the packet is larger than the receiver allows", "Send smaller packets."],
  PAYLOAD_FORMAT: ["mqtt", "usage", "new-input", "the payload is not the UTF-8 it claims to be", "Send UTF-8, or clear the payload format indicator."],
  USE_ANOTHER: ["mqtt", "peer", "backoff", "the server asks to use another one for now", "Connect to the server it names."],
  MOVED: ["mqtt", "peer", "new-input", "the server has moved", "Connect to the server it names from now on."],
  MALFORMED: ["mqtt", "peer", "new-input", "the server calls our packet malformed", "Report it with the reason string."],
  PROTOCOL: ["mqtt", "peer", "new-input", "the server reports a protocol error", "Look at the reason string, and report it."],
  IMPL: ["mqtt", "peer", "new-input", "the server does not accept what is valid MQTT", "Look at the reason string for its own rule."],
  UNSPEC: ["mqtt", "peer", "backoff", "the server gives no reason", "Look at the broker's log."],
  CONNACK_NONE: ["mqtt", "peer", "backoff", "the server closed before its CONNACK", "Check TLS, client identifier, credentials and the broker's log."],
  SP_VIOLATION: ["mqtt", "peer", "loop-guard", "the server claims a session it was asked to drop", "Report it to the maker of the broker."],
  BAD_BYTES: ["mqtt", "peer", "loop-guard", "the server's answer is not MQTT", "Check that the port is the broker's."],

  // After a good CONNACK.
  MALFORMED_PACKET: ["mqtt", "peer", "loop-guard", "the peer sent a malformed packet", "Report it with the clause and the bytes."],
  PROTOCOL_ERROR: ["mqtt", "peer", "loop-guard", "the peer broke the protocol", "Report it with the clause."],
  TAKEOVER: ["session", "usage", "loop-guard", "another client took over the client identifier", "Give each client its own identifier."],
  KEEPALIVE_SHORT: ["session", "usage", "backoff", "the server heard nothing within the keep alive", "Raise the keep alive, or unblock the event loop."],
  PING_TIMEOUT: ["session", "network", "backoff", "the server did not answer a ping", "Check the network; the client reconnects."],
  CONNECTION_LOST: ["session", "network", "backoff", "the connection closed without a DISCONNECT", "Look at what was sent last, and at the broker's log."],
  QOS_UNSUPPORTED: ["mqtt", "usage", "new-input", "the server does not support this QoS", "Lower the QoS."],
  RETAIN_UNSUPPORTED: ["mqtt", "usage", "new-input", "the server does not keep retained messages", "Publish without retain."],
  WILDCARD_UNSUPPORTED: ["mqtt", "usage", "new-input", "the server does not support wildcards", "Subscribe to whole topic names."],
  SHARED_UNSUPPORTED: ["mqtt", "usage", "new-input", "the server does not support shared subscriptions", "Subscribe without $share."],
  SUBID_UNSUPPORTED: ["mqtt", "usage", "new-input", "the server does not support subscription identifiers", "Subscribe without an identifier."],
  SUBSCRIBE_REFUSED: ["authz", "peer", "new-input", "the server refused the subscription", "Look at the reason code."],
  SUB_DENIED: ["authz", "peer", "new-credentials", "the subscription is not allowed", "Grant the right to subscribe to this filter."],
  UNSUBSCRIBE_REFUSED: ["mqtt", "peer", "new-input", "the server refused to end the subscription", "Look at the reason code, and try again."],
  PUBLISH_REFUSED: ["mqtt", "peer", "new-input", "the server refused the message", "Look at the reason code and the reason string."],
  PUB_DENIED: ["authz", "peer", "new-credentials", "publishing to this topic is not allowed", "Grant the right to publish to this topic."],
  RECEIVE_MAX: ["mqtt", "peer", "loop-guard", "more messages were in flight than allowed", "Obey the Receive Maximum."],
  ALIAS: ["mqtt", "peer", "loop-guard", "a topic alias is not valid", "Obey the Topic Alias Maximum."],
  ADMIN: ["session", "peer", "backoff", "an administrator closed the connection", "Ask the operator of the broker."],
  SHUTDOWN: ["session", "peer", "backoff", "the server is shutting down", "Wait; the client reconnects."],
  MAXTIME: ["session", "peer", "backoff", "the connection reached its longest allowed time", "Reconnect with fresh credentials."],
  MESSAGE_EXPIRED: ["session", "local", "never", "the message expired before it could be sent", "Raise its expiry, or look why there was no connection."],
  SESSION_LOST: ["session", "peer", "backoff", "the server no longer has the session", "Raise the session expiry, and subscribe again."],
  DISCONNECTED: ["session", "peer", "backoff", "the server ended the connection", "Look at the reason code and the reason string."],
} as const;

/** The code of an error: the closed set of ids that the client, the doctor, the broker and `bowline explain` share. */
export type ErrorCode = keyof typeof rows | HostCode;

// The rows keep their literal types so that their keys make the union; this line checks their shape.
const table: Readonly<Partial<Record<ErrorCode, Row>>> = { ...rows, ...hostRows };

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

/** Every code, those of the host last. */
export const errorCodes: readonly ErrorCode[] = Object.keys(table) as ErrorCode[];

/** The catalogue's row of a code; in a page, a code it cannot meet itself is told by its name. */
export function errorInfo(code: ErrorCode): ErrorInfo {
  const [stage, source, retry, title, remedy] = table[code] ?? unknownHere(code);
  return { code, stage, source, retry, title, remedy };
}

const unknownHere = (code: ErrorCode): Row => [
  "mqtt",
  "network",
  "backoff",
  code.toLowerCase().replaceAll("_", " "),
  "Run bowline explain with this code.",
];

/** Whether a text is a code of the catalogue, as `bowline explain` must ask of what was typed. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(table, text);
}

/** Whether trying again without a change can help. */
export function isRetryable(retry: RetryClass): boolean {
  return retry === "backoff" || retry === "loop-guard";
}
