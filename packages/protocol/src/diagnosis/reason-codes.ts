import type { ErrorCode } from "../errors/catalogue.ts";

/**
 * Reason Codes of the wire and the codes of ours they mean. The same number means different things in different packets, so each
 * packet has its own table; an unknown number is UNSPEC. Those of a subscription or a message stand in
 * request-codes.ts, since a page needs them before anything is diagnosed.
 */

type Codes = Readonly<Record<number, ErrorCode>>;

// [v3 MQTT-3.2.2-4] and table 3.1 of 3.1.1. A broker that knows only 3.1.1 answers these to a CONNECT of 5.0 as well.
const connackV3: Codes = { 1: "PROTO_VERSION", 2: "CLIENT_ID", 3: "UNAVAILABLE", 4: "BAD_CREDENTIALS", 5: "NOT_AUTHORIZED" };

const connackV5: Codes = {
  128: "UNSPEC",
  129: "MALFORMED",
  130: "PROTOCOL",
  131: "IMPL",
  132: "PROTO_VERSION",
  133: "CLIENT_ID",
  134: "BAD_CREDENTIALS",
  135: "NOT_AUTHORIZED",
  136: "UNAVAILABLE",
  137: "SERVER_BUSY",
  138: "BANNED",
  140: "AUTH_METHOD",
  144: "TOPIC_NAME",
  149: "PACKET_TOO_LARGE",
  151: "QUOTA",
  153: "PAYLOAD_FORMAT",
  154: "WILL_RETAIN",
  155: "WILL_QOS",
  156: "USE_ANOTHER",
  157: "MOVED",
  159: "RATE",
};

const disconnect: Codes = {
  128: "UNSPEC",
  129: "MALFORMED",
  130: "PROTOCOL",
  131: "IMPL",
  135: "NOT_AUTHORIZED",
  137: "SERVER_BUSY",
  139: "SHUTDOWN",
  140: "AUTH_METHOD",
  141: "KEEPALIVE_SHORT",
  142: "TAKEOVER",
  143: "FILTER_INVALID",
  144: "TOPIC_INVALID",
  147: "RECEIVE_MAX",
  148: "ALIAS",
  149: "PACKET_TOO_LARGE",
  150: "RATE",
  151: "QUOTA",
  152: "ADMIN",
  153: "PAYLOAD_FORMAT",
  154: "RETAIN_UNSUPPORTED",
  155: "QOS_UNSUPPORTED",
  156: "USE_ANOTHER",
  157: "MOVED",
  158: "SHARED_UNSUPPORTED",
  159: "RATE",
  160: "MAXTIME",
  161: "SUBID_UNSUPPORTED",
  162: "WILDCARD_UNSUPPORTED",
};

/** The code of a CONNACK's Reason Code (a Return Code in 3.1.1) other than 0. */
export function connackCode(reasonCode: number): ErrorCode {
  return connackV3[reasonCode] ?? connackV5[reasonCode] ?? "UNSPEC";
}

/** The code of a server's DISCONNECT. */
export function disconnectCode(reasonCode: number): ErrorCode {
  return disconnect[reasonCode] ?? (reasonCode < 128 ? "DISCONNECTED" : "UNSPEC");
}
