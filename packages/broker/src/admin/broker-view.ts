import type { DropCounts } from "../metrics/drops.ts";

/** What the admin API sees of a broker. The broker fits itself to it. */
export interface BrokerView {
  /** Wall time in ms when the broker was ready. */
  readonly startedAt: number;
  readonly version: string;
  /** Listeners as URLs with their real ports. */
  listeners(): readonly string[];
  stats(): BrokerStats;
  /** Clients that are connected now, of one tenant. */
  connections(tenant: string): readonly ConnectionSummary[];
  health(): { state: "ok" } | { state: "read-only"; cause: string; since: number };
}

/** Counters since the start, of all tenants; the first three are as of now. */
export interface BrokerStats {
  connections: number;
  sessions: number;
  retainedMessages: number;
  connectionsAccepted: number;
  connectionsRefused: number;
  /** PUBLISH packets from clients. */
  messagesReceived: number;
  /** PUBLISH packets to clients. */
  messagesSent: number;
  /** Messages that a full queue, a slow client, their size or their expiry cost. */
  messagesDropped: number;
  bytesReceived: number;
  bytesSent: number;
}

export interface ConnectionSummary {
  /** Number of the connection in this process, as the log names it. */
  id: number;
  clientIdentifier: string;
  /** Empty for anonymous clients. */
  owner: string;
  transport: string;
  remoteAddress: string;
  /** 3, 4 or 5: the Protocol Level of CONNECT. */
  protocolVersion: number;
  /** Wall time in ms of the CONNECT. */
  connectedAt: number;
  subscriptions: number;
  /** QoS 1 and 2 messages that were sent and not acknowledged yet. */
  inFlight: number;
  /** Messages that wait for a place in flight. */
  queued: number;
  /** Their bytes. */
  queuedBytes: number;
  /** Bytes in its transport that the system has not taken. */
  bufferedBytes: number;
  /** Messages to this client that were dropped, over all its connections since the broker started. */
  dropped: number;
  /** The same by reason; `blocked` counts those that were refused to their publisher because of it. */
  drops: DropCounts;
  /** PUBLISH packets of this connection over its rate that were refused or dropped. */
  publishesRefused: number;
}

/** A Subscription of a client's Session. */
export interface SubscriptionSummary {
  /** As subscribed, `$share/...` included. */
  topicFilter: string;
  qos: number;
  noLocal: boolean;
  retainAsPublished: boolean;
  retainHandling: number;
}

/** What was agreed on in the TLS handshake. */
export interface TlsSummary {
  protocol: string;
  cipher: string;
  /** The name that the client asked for. */
  serverName?: string;
  /** It brought a certificate that is trusted. */
  hasCertificate: boolean;
}

/** All that is known of one connection and its Session. */
export interface ConnectionDetail extends ConnectionSummary {
  remotePort: number;
  localPort: number;
  tls?: TlsSummary;
  session: {
    isPersistent: boolean;
    /** Seconds. */
    expiryInterval: number;
    /** Bytes of topics and payloads that wait. */
    queuedBytes: number;
    /** QoS 2 messages from the client that it has not released. */
    unreleased: number;
    hasWill: boolean;
  };
  /** Bytes that the client's transport has not taken yet. */
  bufferedBytes: number;
  /** The first of them; `subscriptions` says how many there are. */
  subscriptionList: SubscriptionSummary[];
}
