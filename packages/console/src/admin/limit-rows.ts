import { bytes, count } from "../text/numbers.ts";
import { duration } from "../text/times.ts";
import type { ReachedLimit } from "./admin-api.ts";

/** A limit as a row. */
export interface LimitRow {
  readonly name: string;
  readonly value: string;
  /** In which it is given; empty for none. */
  readonly unit: string;
  /** What it bounds. */
  readonly about: string;
  /** How often since the start; undefined where it was not, or where that is not counted. */
  readonly reached: number | undefined;
}

type Unit = "count" | "bytes" | "ms" | "seconds" | "perSecond" | "bytesPerSecond";
const UNIT_NAMES: Readonly<Record<Unit, string>> = {
  count: "",
  bytes: "bytes",
  ms: "milliseconds",
  seconds: "seconds",
  perSecond: "a second",
  bytesPerSecond: "bytes a second",
};

/** What 0 means where it is no number. */
const ZERO: Readonly<Record<string, string>> = { maximumMemoryBytes: "3/4 of the machine" };
const NONE_AT_ZERO =
  /^(publish|tenant|maximumKeepAlive|maximumSessions$|maximumTenant|maximumConnectionsPerOwner|reconnects|maximumLagMs)/;
const NEVER_EXPIRES = 0xffff_ffff;

/** Of which limit what is told, in the order of a connection's life. A limit that is not named here stands at the end. */
const ABOUT: Readonly<Record<string, readonly [unit: Unit, about: string]>> = {
  maximumConnections: ["count", "connections at all listeners"],
  maximumConnectionsPerAddress: ["count", "connections of one address"],
  connectionsPerSecond: ["perSecond", "new connections"],
  connectionsPerSecondPerAddress: ["perSecond", "new connections of one address"],
  handshakesPerSecond: ["perSecond", "TLS handshakes"],
  handshakesPerSecondPerAddress: ["perSecond", "TLS handshakes of one address"],
  connectTimeoutMs: ["ms", "time until the CONNECT is whole"],
  maximumConnectSize: ["bytes", "a CONNECT packet"],
  maximumLagMs: ["ms", "lag of the broker before newcomers are refused"],
  maximumMemoryBytes: ["bytes", "memory before newcomers are refused"],
  reconnectsPerMinute: ["count", "CONNECTs of one client in a minute"],
  maximumConnectionsPerOwner: ["count", "connections of one user"],
  maximumTenantConnections: ["count", "connections of a tenant"],
  commitTimeoutMs: ["ms", "time that a CONNACK may wait for storage"],
  maximumSessions: ["count", "sessions, connected or not"],
  maximumSessionExpiryInterval: ["seconds", "a session after its connection"],
  maximumKeepAlive: ["seconds", "Keep Alive"],
  maximumPacketSize: ["bytes", "a packet from a client"],
  maximumQoS: ["count", "QoS of messages"],
  receiveMaximum: ["count", "unacknowledged messages from one client"],
  maximumInFlight: ["count", "unacknowledged messages to one client"],
  topicAliasMaximum: ["count", "Topic Aliases that a client may set"],
  outboundTopicAliasMaximum: ["count", "Topic Aliases used towards a client"],
  topicAliases: ["count", "which topics get a Topic Alias"],
  maximumTopicLevels: ["count", "levels of a topic"],
  maximumTopicBytes: ["bytes", "a topic"],
  maximumSubscriptions: ["count", "subscriptions of one session"],
  maximumTenantSubscriptions: ["count", "subscriptions of a tenant"],
  wildcardSubscriptionAvailable: ["count", "wildcards in subscriptions"],
  sharedSubscriptionAvailable: ["count", "shared subscriptions"],
  subscriptionIdentifierAvailable: ["count", "Subscription Identifiers"],
  retainAvailable: ["count", "retained messages at all"],
  maximumRetainedMessages: ["count", "retained messages"],
  maximumRetainedBytes: ["bytes", "all retained messages"],
  queueFull: ["count", "what becomes of a message for a full queue"],
  maximumQueuedMessages: ["count", "messages in one session's queue"],
  maximumQueuedBytes: ["bytes", "one session's queue"],
  maximumBufferedBytes: ["bytes", "what waits in one client's transport (QoS 0)"],
  publishesPerSecond: ["perSecond", "messages from one client"],
  publishBytesPerSecond: ["bytesPerSecond", "messages from one client"],
  maximumUnkeptBytes: ["bytes", "what storage has still to keep before publishers wait"],
  maximumUsers: ["count", "users"],
  maximumRules: ["count", "access rules"],
  maximumRulesPerUser: ["count", "access rules about one user, and about one Client ID"],
  tenantPublishesPerSecond: ["perSecond", "messages of a tenant"],
  tenantPublishBytesPerSecond: ["bytesPerSecond", "messages of a tenant"],
};

export function limitRows(
  limits: Readonly<Record<string, number | string | boolean | object>>,
  reached: readonly ReachedLimit[] = [],
): LimitRow[] {
  const plain = Object.entries(limits).filter(
    (entry): entry is [string, number | string | boolean] => typeof entry[1] !== "object",
  );
  const values = new Map(plain);
  const known = Object.keys(ABOUT).filter((name) => values.has(name));
  const others = [...values.keys()].filter((name) => !(name in ABOUT));
  return [...known, ...others].map((name) => ({
    name,
    value: valueText(name, values.get(name) ?? ""),
    unit: UNIT_NAMES[ABOUT[name]?.[0] ?? "count"],
    about: ABOUT[name]?.[1] ?? "",
    reached: reached.find((each) => each.limits.includes(name))?.times,
  }));
}

/** The limits that somebody has met. Those that are counted together with one that is not set are not among them. */
export function metRows(rows: readonly LimitRow[]): LimitRow[] {
  return rows.filter(({ reached, value }) => reached !== undefined && value !== "none");
}

function valueText(name: string, value: number | string | boolean): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") return value;
  if (value === 0 && (name in ZERO || NONE_AT_ZERO.test(name))) return ZERO[name] ?? "none";
  switch (ABOUT[name]?.[0]) {
    case "bytes":
      return bytes(value);
    case "ms":
      return value < 1_000 ? `${count(value)} ms` : duration(value);
    case "seconds":
      return value === NEVER_EXPIRES ? "none" : duration(value * 1_000);
    case "perSecond":
      return `${count(value)} a second`;
    case "bytesPerSecond":
      return `${bytes(value)} a second`;
    default:
      return count(value);
  }
}

/** What was lost and refused since the start, by the names of the broker's counters. */
export const COUNTERS: readonly { readonly title: string; readonly rows: readonly (readonly [key: string, name: string])[] }[] = [
  {
    title: "Messages not delivered",
    rows: [
      ["droppedSlow", "Transport full (QoS 0)"],
      ["droppedQueueFull", "Queue full"],
      ["droppedTooLarge", "Too large for the receiver"],
      ["droppedExpired", "Expired"],
      ["droppedRevoked", "Right lost while waiting"],
      ["willsDropped", "Wills not published"],
    ],
  },
  {
    title: "Requests refused",
    rows: [
      ["publishesDenied", "Messages refused to their publisher"],
      ["publishesOverRate", "of these, over a rate"],
      ["publishersSlowed", "Publishers made to wait"],
      ["retainedRefused", "Retained messages over the limit"],
      ["subscriptionsRefused", "Subscriptions over the limit"],
    ],
  },
  {
    title: "Connections refused",
    rows: [
      ["connectionsRefused", "All"],
      ["refusedOverload", "Broker overloaded"],
      ["refusedOwner", "User has too many"],
      ["refusedFlapping", "Came back too often"],
      ["loginsBadCredentials", "Wrong user name or password"],
      ["loginsNotAuthorized", "Not authorized"],
      ["loginsBanned", "Banned"],
      ["loginsTooManyFailures", "Too many failed attempts"],
    ],
  },
];
