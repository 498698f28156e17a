import type { QoS } from "@bowline/protocol";
import type { AliasPolicy } from "@bowline/protocol/internal";
import { z } from "zod";
import { type BrokerLimits, defaultLimits } from "../connection/broker-limits.ts";
import { defaultConnectionLimits } from "../listeners/connection-limits.ts";
import { wholeNumber } from "./whole-number.ts";

/** The limits that the configuration can set, by the names of the specification where it has one. */
export interface LimitsConfig {
  /** Largest packet taken from a client, bytes. From 1024 to 268435460. Default: 16777216. */
  maximumPacketSize: number;
  /** Largest CONNECT, bytes; all that is held for a client before it is known. From 1024 to 268435460. Default: 131072. */
  maximumConnectSize: number;
  /** Ms from the connection to the end of its CONNECT. From 100 to 600000. Default: 10000. */
  connectTimeoutMs: number;
  /** QoS 1 and 2 messages that a client may have unacknowledged. From 1 to 65535. Default: 1000. */
  receiveMaximum: number;
  /**
   * QoS 1 and 2 messages sent to a client and unacknowledged, whatever larger Receive Maximum it gives. From 1 to 65535. Default:
   * 1000.
   */
  maximumInFlight: number;
  /** Topic Aliases that a client may set; 0 for none. From 0 to 65535. Default: 64. */
  topicAliasMaximum: number;
  /** Topic Aliases used towards a client, whatever larger Topic Alias Maximum it gives. From 0 to 65535. Default: 64. */
  outboundTopicAliasMaximum: number;
  /** Topics that get a Topic Alias towards clients which offer some: those where it saves bytes, all, or none. Default: "auto". */
  topicAliases: AliasPolicy;
  /** Seconds that a Session outlives its connection at most; 4294967295 for no limit. From 0 to 4294967295. Default: 4294967295. */
  maximumSessionExpiryInterval: number;
  /** Seconds; MQTT 5 clients that ask for more, or for none, are told this one. 0 for no limit. From 0 to 65535. Default: 0. */
  maximumKeepAlive: number;
  /** Highest QoS that clients may publish with; Subscriptions are granted no more. Default: 2. */
  maximumQoS: QoS;
  /** Whether clients may publish retained messages. Default: true. */
  retainAvailable: boolean;
  /** Whether Topic Filters may hold + and #. Default: true. */
  wildcardSubscriptionAvailable: boolean;
  /** Whether clients may subscribe to $share/... Default: true. */
  sharedSubscriptionAvailable: boolean;
  /** Whether Subscriptions may have Subscription Identifiers. Default: true. */
  subscriptionIdentifierAvailable: boolean;
  /** Levels of a Topic Name or Topic Filter; more are refused with 0x90, or 0x8F in SUBSCRIBE. From 1 to 65535. Default: 256. */
  maximumTopicLevels: number;
  /**
   * QoS 1 and 2 messages that wait for one Session; what happens above it is told by queueFull. From 1 to 10000000. Default:
   * 100000.
   */
  maximumQueuedMessages: number;
  /** Bytes of the QoS 1 and 2 messages that wait for one Session. From 1024 to 9007199254740991. Default: 16777216. */
  maximumQueuedBytes: number;
  /**
   * Bytes that wait in the transport of one client; QoS 0 messages beyond them are dropped. From 1024 to 9007199254740991. Default:
   * 16777216.
   */
  maximumBufferedBytes: number;
  /**
   * PUBLISH packets of one client in a second; over the rate it waits up to 1 s, and is then refused with 0x97. 0 for no limit.
   * From 0 to 100000000. Default: 0.
   */
  publishesPerSecond: number;
  /** Bytes of the PUBLISH packets of one client in a second. 0 for no limit. From 0 to 9007199254740991. Default: 0. */
  publishBytesPerSecond: number;
  /**
   * Bytes of messages that storage was given and has not kept yet; publishers of more are not read from until it has. From 1024 to
   * 9007199254740991. Default: 33554432.
   */
  maximumUnkeptBytes: number;
  /**
   * What becomes of a message for a Session whose queue is full: it is dropped, or the oldest is, or it is and its receiver
   * disconnected with 0x97, or it is refused to its publisher with 0x97. Default: "dropNew".
   */
  queueFull: BrokerLimits["queueFull"];
  /** Bytes of a Topic Name or Topic Filter. From 1 to 65535. Default: 65535. */
  maximumTopicBytes: number;
  /** Subscriptions of one Session; more are refused with 0x97. From 1 to 10000000. Default: 50000. */
  maximumSubscriptions: number;
  /** Retained messages of one tenant; more are refused with 0x97. From 0 to 100000000. Default: 1000000. */
  maximumRetainedMessages: number;
  /** Bytes of the retained messages of one tenant, which are in memory. From 0 to 9007199254740991. Default: 268435456. */
  maximumRetainedBytes: number;
  /**
   * Sessions of one tenant, connected or not; a CONNECT that needs one more is refused with 0x97. 0 for no limit. From 0 to
   * 100000000. Default: 1000000.
   */
  maximumSessions: number;
  /** Connections of one tenant; more are refused with 0x97. 0 for no limit. From 0 to 10000000. Default: 0. */
  maximumTenantConnections: number;
  /** Subscriptions of all Sessions of one tenant; more are refused with 0x97. 0 for no limit. From 0 to 1000000000. Default: 0. */
  maximumTenantSubscriptions: number;
  /**
   * PUBLISH packets of all clients of one tenant in a second; over the rate as with publishesPerSecond. 0 for no limit. From 0 to
   * 100000000. Default: 0.
   */
  tenantPublishesPerSecond: number;
  /**
   * Bytes of the PUBLISH packets of all clients of one tenant in a second. 0 for no limit. From 0 to 9007199254740991. Default: 0.
   */
  tenantPublishBytesPerSecond: number;
  /**
   * Connections of one owner, whom authentication names; more are refused with 0x97. 0 for no limit. From 0 to 10000000. Default:
   * 20000.
   */
  maximumConnectionsPerOwner: number;
  /**
   * CONNECTs of one client in a minute; one that comes more often is refused with 0x9F. 0 for no limit. From 0 to 60000. Default:
   * 300.
   */
  reconnectsPerMinute: number;
  /**
   * Ms that the event loop may be late, twice in a row, before new connections are refused with 0x89. 0 for never. From 0 to 60000.
   * Default: 1000.
   */
  maximumLagMs: number;
  /**
   * Bytes that the process may hold of its own, the store's pages apart, before new connections are refused with 0x97. 0 for three
   * quarters of the machine's or the container's. From 0 to 9007199254740991. Default: 0.
   */
  maximumMemoryBytes: number;
  /** Open connections of all listeners; more are closed at once. 0 for no limit. From 0 to 10000000. Default: 100000. */
  maximumConnections: number;
  /** Open connections of one address; an IPv6 address counts with its /64. 0 for no limit. From 0 to 10000000. Default: 20000. */
  maximumConnectionsPerAddress: number;
  /**
   * New connections of all listeners in a second; four times as many may come at once. 0 for no limit. From 0 to 1000000. Default:
   * 10000.
   */
  connectionsPerSecond: number;
  /**
   * New connections of one address in a second; four times as many may come at once. 0 for no limit. From 0 to 1000000. Default:
   * 5000.
   */
  connectionsPerSecondPerAddress: number;
  /**
   * TLS handshakes begun in a second, of all listeners; four times as many may come at once. 0 for no limit. From 0 to 1000000.
   * Default: 1000.
   */
  handshakesPerSecond: number;
  /**
   * TLS handshakes begun in a second by one address; four times as many may come at once. 0 for no limit. From 0 to 1000000.
   * Default: 500.
   */
  handshakesPerSecondPerAddress: number;
}

type LimitsInput = { [K in keyof LimitsConfig]?: LimitsConfig[K] | undefined };

const defaults: LimitsConfig = { ...defaultLimits, ...defaultConnectionLimits };

/** 4 bytes of Remaining Length and what they can say, section 2.1.4. */
const LARGEST_PACKET = 268_435_460;

function whole(name: keyof LimitsConfig, from: number, to: number): z.ZodDefault<z.ZodNumber> {
  return wholeNumber(from, to).default(defaults[name] as number);
}

function available(name: keyof LimitsConfig): z.ZodDefault<z.ZodBoolean> {
  return z.boolean().default(defaults[name] as boolean);
}

/** What each client may do and cost. The reasons of the defaults stand with `defaultLimits`. */
export const limitsSchema: z.ZodType<LimitsConfig, LimitsInput> = z.strictObject({
  maximumPacketSize: whole("maximumPacketSize", 1_024, LARGEST_PACKET).describe("Largest packet taken from a client, bytes."),
  maximumConnectSize: whole("maximumConnectSize", 1_024, LARGEST_PACKET).describe(
    "Largest CONNECT, bytes; all that is held for a client before it is known.",
  ),
  connectTimeoutMs: whole("connectTimeoutMs", 100, 600_000).describe("Ms from the connection to the end of its CONNECT."),
  receiveMaximum: whole("receiveMaximum", 1, 65_535).describe("QoS 1 and 2 messages that a client may have unacknowledged."),
  maximumInFlight: whole("maximumInFlight", 1, 65_535).describe(
    "QoS 1 and 2 messages sent to a client and unacknowledged, whatever larger Receive Maximum it gives.",
  ),
  topicAliasMaximum: whole("topicAliasMaximum", 0, 65_535).describe("Topic Aliases that a client may set; 0 for none."),
  outboundTopicAliasMaximum: whole("outboundTopicAliasMaximum", 0, 65_535).describe(
    "Topic Aliases used towards a client, whatever larger Topic Alias Maximum it gives.",
  ),
  topicAliases: z
    .enum(["auto", "always", "never"])
    .default(defaultLimits.topicAliases)
    .describe("Topics that get a Topic Alias towards clients which offer some: those where it saves bytes, all, or none."),
  maximumSessionExpiryInterval: whole("maximumSessionExpiryInterval", 0, 0xffff_ffff).describe(
    "Seconds that a Session outlives its connection at most; 4294967295 for no limit.",
  ),
  maximumKeepAlive: whole("maximumKeepAlive", 0, 65_535).describe(
    "Seconds; MQTT 5 clients that ask for more, or for none, are told this one. 0 for no limit.",
  ),
  maximumQoS: z
    .union([z.literal(0), z.literal(1), z.literal(2)], { error: "must be 0, 1 or 2" })
    .default(defaultLimits.maximumQoS)
    .describe("Highest QoS that clients may publish with; Subscriptions are granted no more."),
  retainAvailable: available("retainAvailable").describe("Whether clients may publish retained messages."),
  wildcardSubscriptionAvailable: available("wildcardSubscriptionAvailable").describe("Whether Topic Filters may hold + and #."),
  sharedSubscriptionAvailable: available("sharedSubscriptionAvailable").describe("Whether clients may subscribe to $share/..."),
  subscriptionIdentifierAvailable: available("subscriptionIdentifierAvailable").describe(
    "Whether Subscriptions may have Subscription Identifiers.",
  ),
  maximumTopicLevels: whole("maximumTopicLevels", 1, 65_535).describe(
    "Levels of a Topic Name or Topic Filter; more are refused with 0x90, or 0x8F in SUBSCRIBE.",
  ),
  maximumQueuedMessages: whole("maximumQueuedMessages", 1, 10_000_000).describe(
    "QoS 1 and 2 messages that wait for one Session; what happens above it is told by queueFull.",
  ),
  maximumQueuedBytes: whole("maximumQueuedBytes", 1_024, Number.MAX_SAFE_INTEGER).describe(
    "Bytes of the QoS 1 and 2 messages that wait for one Session.",
  ),
  maximumBufferedBytes: whole("maximumBufferedBytes", 1_024, Number.MAX_SAFE_INTEGER).describe(
    "Bytes that wait in the transport of one client; QoS 0 messages beyond them are dropped.",
  ),
  publishesPerSecond: whole("publishesPerSecond", 0, 100_000_000).describe(
    "PUBLISH packets of one client in a second; over the rate it waits up to 1 s, and is then refused with 0x97. 0 for no limit.",
  ),
  publishBytesPerSecond: whole("publishBytesPerSecond", 0, Number.MAX_SAFE_INTEGER).describe(
    "Bytes of the PUBLISH packets of one client in a second. 0 for no limit.",
  ),
  maximumUnkeptBytes: whole("maximumUnkeptBytes", 1_024, Number.MAX_SAFE_INTEGER).describe(
    "Bytes of messages that storage was given and has not kept yet; publishers of more are not read from until it has.",
  ),
  queueFull: z
    .enum(["dropNew", "dropOldest", "disconnect", "reliable"])
    .default(defaultLimits.queueFull)
    .describe(
      "What becomes of a message for a Session whose queue is full: it is dropped, or the oldest is, or it is and its receiver disconnected with 0x97, or it is refused to its publisher with 0x97.",
    ),
  maximumTopicBytes: whole("maximumTopicBytes", 1, 65_535).describe("Bytes of a Topic Name or Topic Filter."),
  maximumSubscriptions: whole("maximumSubscriptions", 1, 10_000_000).describe(
    "Subscriptions of one Session; more are refused with 0x97.",
  ),
  maximumRetainedMessages: whole("maximumRetainedMessages", 0, 100_000_000).describe(
    "Retained messages of one tenant; more are refused with 0x97.",
  ),
  maximumRetainedBytes: whole("maximumRetainedBytes", 0, Number.MAX_SAFE_INTEGER).describe(
    "Bytes of the retained messages of one tenant, which are in memory.",
  ),
  maximumSessions: whole("maximumSessions", 0, 100_000_000).describe(
    "Sessions of one tenant, connected or not; a CONNECT that needs one more is refused with 0x97. 0 for no limit.",
  ),
  maximumTenantConnections: whole("maximumTenantConnections", 0, 10_000_000).describe(
    "Connections of one tenant; more are refused with 0x97. 0 for no limit.",
  ),
  maximumTenantSubscriptions: whole("maximumTenantSubscriptions", 0, 1_000_000_000).describe(
    "Subscriptions of all Sessions of one tenant; more are refused with 0x97. 0 for no limit.",
  ),
  tenantPublishesPerSecond: whole("tenantPublishesPerSecond", 0, 100_000_000).describe(
    "PUBLISH packets of all clients of one tenant in a second; over the rate as with publishesPerSecond. 0 for no limit.",
  ),
  tenantPublishBytesPerSecond: whole("tenantPublishBytesPerSecond", 0, Number.MAX_SAFE_INTEGER).describe(
    "Bytes of the PUBLISH packets of all clients of one tenant in a second. 0 for no limit.",
  ),
  maximumConnectionsPerOwner: whole("maximumConnectionsPerOwner", 0, 10_000_000).describe(
    "Connections of one owner, whom authentication names; more are refused with 0x97. 0 for no limit.",
  ),
  reconnectsPerMinute: whole("reconnectsPerMinute", 0, 60_000).describe(
    "CONNECTs of one client in a minute; one that comes more often is refused with 0x9F. 0 for no limit.",
  ),
  maximumLagMs: whole("maximumLagMs", 0, 60_000).describe(
    "Ms that the event loop may be late, twice in a row, before new connections are refused with 0x89. 0 for never.",
  ),
  maximumMemoryBytes: whole("maximumMemoryBytes", 0, Number.MAX_SAFE_INTEGER).describe(
    "Bytes that the process may hold of its own, the store's pages apart, before new connections are refused with 0x97. 0 for three quarters of the machine's or the container's.",
  ),
  maximumConnections: whole("maximumConnections", 0, 10_000_000).describe(
    "Open connections of all listeners; more are closed at once. 0 for no limit.",
  ),
  maximumConnectionsPerAddress: whole("maximumConnectionsPerAddress", 0, 10_000_000).describe(
    "Open connections of one address; an IPv6 address counts with its /64. 0 for no limit.",
  ),
  connectionsPerSecond: whole("connectionsPerSecond", 0, 1_000_000).describe(
    "New connections of all listeners in a second; four times as many may come at once. 0 for no limit.",
  ),
  connectionsPerSecondPerAddress: whole("connectionsPerSecondPerAddress", 0, 1_000_000).describe(
    "New connections of one address in a second; four times as many may come at once. 0 for no limit.",
  ),
  handshakesPerSecond: whole("handshakesPerSecond", 0, 1_000_000).describe(
    "TLS handshakes begun in a second, of all listeners; four times as many may come at once. 0 for no limit.",
  ),
  handshakesPerSecondPerAddress: whole("handshakesPerSecondPerAddress", 0, 1_000_000).describe(
    "TLS handshakes begun in a second by one address; four times as many may come at once. 0 for no limit.",
  ),
});
