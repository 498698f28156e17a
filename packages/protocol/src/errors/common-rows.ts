import type { Row } from "./row.ts";

/**
 * The rows of the catalogue that every program needs, a page included: what it can meet without a diagnosis. A page carries them without
 * their titles, see page-catalogue.ts, and loads those when something has failed.
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
  TOPIC_NAME: ["mqtt", "usage", "new-input", "a topic name is not accepted"],
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

/** The codes of this file. */
export type CommonCode = keyof typeof rows;

// The rows keep their literal types so that their keys make the union; this line checks their shape.
export const commonRows: Readonly<Record<CommonCode, Row>> = rows;
