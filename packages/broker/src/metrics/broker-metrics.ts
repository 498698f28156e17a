import type { Counters, CounterName } from "./counters.ts";
import type { StorageSize } from "../storage/storage.ts";
import type { MetricFamily, MetricSample } from "./prometheus-text.ts";
import { REACHED_LIMITS } from "./reached-limits.ts";
import { REFUSED_LOGINS } from "./refused-logins.ts";
import type { Session } from "../sessions/session.ts";
import { droppedIn } from "./drops.ts";
import type { TenantFigures } from "./tenant-figures.ts";

/** What a listener did. */
export interface ListenerFigures {
  readonly url: string;
  readonly openConnections: number;
  readonly counters: Readonly<Record<string, number>>;
}

/** Everything the metrics are made of, gathered when somebody asks. */
export interface MetricFacts {
  readonly version: string;
  /** Wall time in ms. */
  readonly startedAt: number;
  readonly tenants: readonly TenantFigures[];
  /** The Sessions that lost most messages. */
  readonly losers: readonly Session[];
  readonly listeners: readonly ListenerFigures[];
  readonly isStorageWritable: boolean;
  readonly storageSize: StorageSize | undefined;
  readonly isDraining: boolean;
  /** New connections are refused until it has more memory or time. */
  readonly isOverloaded: boolean;
  readonly reloads: {
    readonly succeeded: number;
    readonly failed: number;
    readonly lastAt: number;
    readonly lastFailure: string | undefined;
    readonly certificatesReloaded: number;
    readonly certificatesRefused: number;
  };
  /** When the certificate in force ends to be valid. */
  readonly certificateNotAfter: Date | undefined;
  /** Orders at an ACME server. */
  readonly certificateOrders: { readonly succeeded: number; readonly failed: number };
}

/** The broker's own metrics. Names are part of the contract with whoever has dashboards: they are added to and not changed. */
export function brokerMetrics(facts: MetricFacts): MetricFamily[] {
  return [
    gauge("bowline_build_info", "The version that runs, as a label.", [{ value: 1, labels: { version: facts.version } }]),
    gauge("bowline_start_time_seconds", "When the broker was ready, in seconds since 1970.", [{ value: facts.startedAt / 1_000 }]),
    ...tenantGauges(facts.tenants),
    ...tenantCounters(facts.tenants),
    drops(facts.tenants),
    clientDrops(facts.losers),
    limited(facts.tenants),
    reached(facts.tenants),
    refusedLogins(facts.tenants),
    ...listenerMetrics(facts.listeners),
    gauge("bowline_storage_writable", "1 while storage takes writes, else 0.", [{ value: Number(facts.isStorageWritable) }]),
    ...storageSizes(facts.storageSize),
    gauge("bowline_draining", "1 while the broker sends its clients away, else 0.", [{ value: Number(facts.isDraining) }]),
    gauge("bowline_overloaded", "1 while new connections are refused for memory or lag, else 0.", [
      { value: Number(facts.isOverloaded) },
    ]),
    ...reloadMetrics(facts),
  ];
}

function gauge(name: string, help: string, samples: readonly MetricSample[]): MetricFamily {
  return { name, type: "gauge", help, samples };
}

function counter(name: string, help: string, samples: readonly MetricSample[]): MetricFamily {
  return { name, type: "counter", help, samples };
}

const GAUGES = [
  ["bowline_connections", "connections", "Clients connected now."],
  ["bowline_sessions", "sessions", "Sessions, connected or not."],
  ["bowline_subscriptions", "subscriptions", "Subscriptions of all sessions."],
  ["bowline_retained_messages", "retainedMessages", "Retained messages."],
  ["bowline_retained_bytes", "retainedBytes", "Their topics, payloads and properties, in bytes."],
  ["bowline_queued_messages", "queuedMessages", "QoS 1 and 2 messages that wait for their receivers."],
  ["bowline_queued_bytes", "queuedBytes", "Their bytes; one that waits for several counts for each."],
  ["bowline_in_flight_messages", "inFlightMessages", "QoS 1 and 2 messages sent and not acknowledged yet."],
  ["bowline_slow_clients", "slowClients", "Clients connected now for whom messages wait."],
] as const;

function tenantGauges(tenants: readonly TenantFigures[]): MetricFamily[] {
  return GAUGES.map(([name, key, help]) =>
    gauge(
      name,
      help,
      tenants.map((figures) => ({ value: figures[key], labels: { tenant: figures.tenant } })),
    ),
  );
}

const COUNTERS: readonly (readonly [string, CounterName, string])[] = [
  ["bowline_connections_accepted_total", "connectionsAccepted", "Connections whose CONNECT was accepted."],
  ["bowline_connections_refused_total", "connectionsRefused", "Connections whose CONNECT was refused or never came."],
  ["bowline_messages_received_total", "messagesReceived", "PUBLISH packets received and accepted."],
  ["bowline_messages_sent_total", "messagesSent", "PUBLISH packets sent, for QoS 1 and 2 the first time each."],
  ["bowline_received_bytes_total", "bytesReceived", "Bytes of MQTT received."],
  ["bowline_sent_bytes_total", "bytesSent", "Bytes of MQTT sent."],
  ["bowline_publishes_denied_total", "publishesDenied", "PUBLISH packets refused to their publisher."],
  [
    "bowline_authorizations_unanswered_total",
    "authorizationsUnanswered",
    "Questions about rights that a webhook or a function did not answer, which denies.",
  ],
  [
    "bowline_retained_refused_total",
    "retainedRefused",
    "Messages not retained for maximumRetainedMessages or maximumRetainedBytes.",
  ],
  [
    "bowline_subscriptions_refused_total",
    "subscriptionsRefused",
    "Topic Filters refused for maximumSubscriptions or maximumTenantSubscriptions.",
  ],
  ["bowline_publishes_blocked_total", "publishesBlocked", "PUBLISH packets refused for a receiver whose queue was full."],
  [
    "bowline_slow_clients_disconnected_total",
    "slowDisconnected",
    "Connections ended because the client does not read, or its queue was full.",
  ],
  ["bowline_publishes_over_rate_total", "publishesOverRate", "PUBLISH packets refused or dropped for the rate of their publisher."],
  ["bowline_publishers_slowed_total", "publishersSlowed", "Times that a publisher over its rate was made to wait."],
  ["bowline_publishers_held_total", "publishersHeld", "Times that a publisher was made to wait for storage."],
  ["bowline_wills_postponed_total", "willsPostponed", "Wills that waited for storage."],
  ["bowline_wills_dropped_total", "willsDropped", "Wills that were not published."],
  ["bowline_logins_expired_total", "loginsExpired", "Connections ended because their credentials had expired."],
];

function tenantCounters(tenants: readonly TenantFigures[]): MetricFamily[] {
  return COUNTERS.map(([name, key, help]) =>
    counter(
      name,
      help,
      tenants.map(({ tenant, counters }) => ({ value: counters[key], labels: { tenant } })),
    ),
  );
}

/** Reasons as labels, and their counters. */
export const DROPS: readonly (readonly [string, CounterName])[] = [
  ["slow_client", "droppedSlow"],
  ["queue_full", "droppedQueueFull"],
  ["too_large", "droppedTooLarge"],
  ["expired", "droppedExpired"],
  ["revoked", "droppedRevoked"],
];

function drops(tenants: readonly TenantFigures[]): MetricFamily {
  const ofTenant = ({ tenant, counters }: TenantFigures): MetricSample[] =>
    DROPS.map(([reason, key]) => ({ value: counters[key], labels: { tenant, reason } }));
  return counter("bowline_messages_dropped_total", "Messages that a receiver did not get.", tenants.flatMap(ofTenant));
}

/** A few clients only: every label is a time series that somebody stores. */
function clientDrops(losers: readonly Session[]): MetricFamily {
  const samples = losers.map((session): MetricSample => {
    const { tenant, clientIdentifier, owner } = session;
    return { value: droppedIn(session.drops?.total), labels: { tenant, client: clientIdentifier, owner } };
  });
  return counter(
    "bowline_client_messages_dropped_total",
    "Messages that one client did not get, of those that lost most.",
    samples,
  );
}

function refusedLogins(tenants: readonly TenantFigures[]): MetricFamily {
  const ofTenant = ({ tenant, counters }: TenantFigures): MetricSample[] =>
    REFUSED_LOGINS.map(([reason, key]) => ({ value: counters[key], labels: { tenant, reason } }));
  return counter("bowline_logins_refused_total", "Logins that were refused, by reason.", tenants.flatMap(ofTenant));
}

const LIMITED: readonly (readonly [string, CounterName])[] = [
  ["overload", "refusedOverload"],
  ["owner", "refusedOwner"],
  ["connections", "refusedConnections"],
  ["sessions", "refusedSessions"],
  ["flapping", "refusedFlapping"],
];

function limited(tenants: readonly TenantFigures[]): MetricFamily {
  const ofTenant = ({ tenant, counters }: TenantFigures): MetricSample[] =>
    LIMITED.map(([limit, key]) => ({ value: counters[key], labels: { tenant, limit } }));
  return counter("bowline_connections_limited_total", "Connections refused for a limit, by limit.", tenants.flatMap(ofTenant));
}

function reached(tenants: readonly TenantFigures[]): MetricFamily {
  const ofTenant = ({ tenant, counters }: TenantFigures): MetricSample[] =>
    REACHED_LIMITS.map(([limit, key]) => ({ value: counters[key], labels: { tenant, limit } }));
  return counter(
    "bowline_limit_reached_total",
    "Times that a limit without a metric of its own was reached.",
    tenants.flatMap(ofTenant),
  );
}

/** Counters of a listener that are about no connection refused. */
const NO_CAUSES: ReadonlySet<string> = new Set(["arrived", "identitiesIgnored"]);

function listenerMetrics(listeners: readonly ListenerFigures[]): MetricFamily[] {
  const refused = listeners.flatMap(({ url, counters }) =>
    Object.entries(counters)
      .filter(([cause]) => !NO_CAUSES.has(cause))
      .map(([cause, value]): MetricSample => ({ value, labels: { listener: url, cause } })),
  );
  return [
    gauge(
      "bowline_listener_open_connections",
      "Connections of a listener, in whatever state.",
      listeners.map(({ url, openConnections }) => ({ value: openConnections, labels: { listener: url } })),
    ),
    counter(
      "bowline_listener_arrivals_total",
      "Connections of a listener that reached MQTT.",
      listeners.map(({ url, counters }) => ({ value: counters["arrived"] ?? 0, labels: { listener: url } })),
    ),
    counter(
      "bowline_listener_identities_ignored_total",
      "Clients' certificates told by peers that are no trusted proxy, or for another tenant than the listener's.",
      listeners.map(({ url, counters }) => ({ value: counters["identitiesIgnored"] ?? 0, labels: { listener: url } })),
    ),
    counter("bowline_listener_refused_total", "Connections that were refused before MQTT, by cause.", refused),
  ];
}

function storageSizes(size: StorageSize | undefined): MetricFamily[] {
  if (size === undefined) return [];
  return [
    gauge("bowline_storage_used_bytes", "Bytes of the store's rows, which storage.maximumBytes bounds.", [
      { value: size.usedBytes },
    ]),
    gauge("bowline_storage_file_bytes", "Bytes of the store's file, with free pages for later rows.", [{ value: size.fileBytes }]),
    gauge("bowline_storage_maximum_bytes", "storage.maximumBytes.", [{ value: size.maximumBytes }]),
  ];
}

function reloadMetrics({ reloads, certificateNotAfter, certificateOrders }: MetricFacts): MetricFamily[] {
  const outcomes = (succeeded: number, failed: number): MetricSample[] => [
    { value: succeeded, labels: { outcome: "succeeded" } },
    { value: failed, labels: { outcome: "failed" } },
  ];
  return [
    counter("bowline_config_reloads_total", "Reloads of the configuration.", outcomes(reloads.succeeded, reloads.failed)),
    gauge("bowline_config_last_reload_successful", "1 unless the last reload failed.", [
      { value: Number(reloads.lastFailure === undefined) },
    ]),
    gauge("bowline_config_last_reload_timestamp_seconds", "When the last reload was, in seconds since 1970; 0 for none.", [
      { value: reloads.lastAt / 1_000 },
    ]),
    counter(
      "bowline_certificate_reloads_total",
      "Reloads of certificates whose files changed.",
      outcomes(reloads.certificatesReloaded, reloads.certificatesRefused),
    ),
    counter(
      "bowline_certificate_orders_total",
      "Certificates ordered of an ACME authority.",
      outcomes(certificateOrders.succeeded, certificateOrders.failed),
    ),
    ...(certificateNotAfter === undefined
      ? []
      : [
          gauge("bowline_certificate_not_after_timestamp_seconds", "When the certificate in force ends, in seconds since 1970.", [
            { value: certificateNotAfter.getTime() / 1_000, labels: { tenant: "default" } },
          ]),
        ]),
  ];
}

/** For whoever shows one number: all that was dropped. */
export function droppedOf(counters: Counters): number {
  return DROPS.reduce((sum, [, key]) => sum + counters[key], 0);
}
