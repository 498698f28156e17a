import { type Deviations, STANDARD } from "../realtime/aws-iot-profile.ts";
import type { QoS } from "@bowline/protocol";
import type { AliasPolicy, ServerConnectionLimits } from "@bowline/protocol/internal";
import type { PublishRates, TenantRates } from "./publish-rate.ts";
import type { RouterOptions } from "../router/router.ts";

/** Every limit has a name and a default with a reason; see defaultLimits. */
export interface BrokerLimits extends ServerConnectionLimits, PublishRates, TenantRates {
  /** Unacknowledged QoS 1 and 2 messages towards one client, whatever larger Receive Maximum it gives. */
  maximumInFlight: number;
  /** Receive Maximum given to clients. */
  receiveMaximum: number;
  /** Topic Alias Maximum given to clients; 0 for none. */
  topicAliasMaximum: number;
  /** Topic Aliases used towards one client, whatever larger Topic Alias Maximum it gives. */
  outboundTopicAliasMaximum: number;
  /** Which topics get a Topic Alias towards clients that offer some. */
  topicAliases: AliasPolicy;
  /** Seconds. */
  maximumSessionExpiryInterval: number;
  /** Seconds; a client that asks for more, or for none, is told this one. 0 for no limit. */
  maximumKeepAlive: number;
  /** Maximum QoS: what clients may publish with; Subscriptions are granted no more. */
  maximumQoS: QoS;
  /** Retain Available. */
  retainAvailable: boolean;
  /** Wildcard Subscription Available. */
  wildcardSubscriptionAvailable: boolean;
  /** Shared Subscription Available. */
  sharedSubscriptionAvailable: boolean;
  /** Subscription Identifiers Available. */
  subscriptionIdentifierAvailable: boolean;
  maximumTopicLevels: RouterOptions["limits"]["maximumTopicLevels"];
  maximumTopicBytes: RouterOptions["limits"]["maximumTopicBytes"];
  /** Subscriptions of one Session. */
  maximumSubscriptions: number;
  /** Of one tenant. */
  maximumRetainedMessages: number;
  /** Bytes of topics, payloads and properties, of one tenant. */
  maximumRetainedBytes: number;
  /** Bytes of messages that storage was given and has not kept yet. */
  maximumUnkeptBytes: number;
  /** What becomes of a QoS 1 or 2 message for a Session whose queue is full. */
  queueFull: RouterOptions["limits"]["queueFull"];
  maximumQueuedMessages: number;
  maximumQueuedBytes: number;
  maximumBufferedBytes: number;
  /** Sessions of one tenant, connected or not; 0 for no limit. */
  maximumSessions: number;
  /** Connections of one tenant; 0 for no limit. */
  maximumTenantConnections: number;
  /** Subscriptions of all Sessions of one tenant; 0 for no limit. */
  maximumTenantSubscriptions: number;
  /** Connections of one owner that are open; 0 for no limit. Anonymous clients have no owner. */
  maximumConnectionsPerOwner: number;
  /** CONNECTs of one client in a minute; 0 for no limit. */
  reconnectsPerMinute: number;
  /** Ms that the event loop may be late before new connections are refused; 0 for never. */
  maximumLagMs: number;
  /** Bytes that the process may hold of its own before new connections are refused; 0 for three quarters of what the machine gives it. */
  maximumMemoryBytes: number;
  /** Ms that a CONNACK may wait for storage. */
  commitTimeoutMs: number;
  /** Where it is not to do as MQTT says; no limit of the configuration, see its `profile`. */
  deviations: Deviations;
}

export const defaultLimits: BrokerLimits = {
  // What mosquitto and EMQX users send in practice is far below; 256 MiB, the protocol's own, would let one client fill the memory.
  maximumPacketSize: 16 * 1024 * 1024,
  // A long token and some user properties fit; it is all that is buffered for a stranger.
  maximumConnectSize: 128 * 1024,
  // Two round trips on a slow mobile link, and short enough that idle strangers do not gather.
  connectTimeoutMs: 10_000,
  // Enough that a fast client on a 100 ms link gets 10,000 messages a second.
  maximumInFlight: 1000,
  // As many as the other way. Each QoS 2 message that a client leaves half done costs an identifier, in memory and in the store.
  receiveMaximum: 1000,
  // 64 topics cover what repeats on a connection; each costs its length in memory.
  topicAliasMaximum: 64,
  outboundTopicAliasMaximum: 64,
  topicAliases: "auto",
  maximumSessionExpiryInterval: 0xffff_ffff,
  maximumKeepAlive: 0,
  // All that the protocol offers; an operator who wants less has a reason.
  maximumQoS: 2,
  retainAvailable: true,
  wildcardSubscriptionAvailable: true,
  sharedSubscriptionAvailable: true,
  subscriptionIdentifierAvailable: true,
  // More than any other broker takes, so that no topic that works there fails here.
  maximumTopicLevels: 256,
  // The protocol's own.
  maximumTopicBytes: 65_535,
  // Some hundred bytes each, so 20 MB for one Session; above what bridges of whole plants have.
  maximumSubscriptions: 50_000,
  maximumRetainedMessages: 1_000_000,
  maximumRetainedBytes: 256 * 1024 * 1024,
  // What is too fast depends on who is served; without a rate a message costs nothing more.
  publishesPerSecond: 0,
  publishBytesPerSecond: 0,
  // More in one flush makes no disk faster, and it is in memory several times over until then.
  maximumUnkeptBytes: 32 * 1024 * 1024,
  // No publisher stands still for a receiver, and what was acknowledged first is kept.
  queueFull: "dropNew",
  maximumQueuedMessages: 100_000,
  // With what each message costs beside them this is some 80 MB of memory for one slow receiver of messages of 1 kB.
  maximumQueuedBytes: 16 * 1024 * 1024,
  maximumBufferedBytes: 16 * 1024 * 1024,
  // Some kilobytes each with what they subscribe to, so that those of clients who never come back fill no memory.
  maximumSessions: 1_000_000,
  // Where there is one tenant, what holds for all of the broker is enough; plans of tenants say their own.
  maximumTenantConnections: 0,
  maximumTenantSubscriptions: 0,
  tenantPublishesPerSecond: 0,
  tenantPublishBytesPerSecond: 0,
  // A fleet of devices that share one user is common; it still leaves most places to others.
  maximumConnectionsPerOwner: 20_000,
  // Five in each second: no policy of a client does that, only two that share a Client Identifier, or one without a policy.
  reconnectsPerMinute: 300,
  // Keep Alive and acknowledgements are seconds late by then.
  maximumLagMs: 1_000,
  // A quarter belongs to the store's pages and to the rest of the machine.
  maximumMemoryBytes: 0,
  // Far beyond any flush, and before clients give up by themselves: they hear why.
  commitTimeoutMs: 10_000,
  deviations: STANDARD,
};
