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

/** Counters since the start, of all tenants; the first four are as of now. */
export interface BrokerStats {
  connections: number;
  sessions: number;
  subscriptions: number;
  retainedMessages: number;
  connectionsAccepted: number;
  connectionsRefused: number;
  /** PUBLISH packets from clients. */
  messagesReceived: number;
  /** PUBLISH packets to clients. */
  messagesSent: number;
  /** Messages that a full queue or a slow client cost. */
  messagesDropped: number;
  bytesReceived: number;
  bytesSent: number;
}

export interface ConnectionSummary {
  clientIdentifier: string;
  /** Empty for anonymous clients. */
  owner: string;
  transport: string;
  remoteAddress: string;
  /** 3, 4 or 5: the Protocol Level of CONNECT. */
  protocolVersion: number;
  /** Wall time in ms of the CONNACK. */
  connectedAt: number;
  /** Seconds, as in force. */
  keepAlive: number;
  messagesReceived: number;
  messagesSent: number;
}
