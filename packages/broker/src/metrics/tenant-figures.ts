import type { Session } from "../sessions/session.ts";
import type { Tenant } from "../tenants/tenant.ts";
import { Counters } from "./counters.ts";

/** What one tenant has and did, or several that share a label. */
export interface TenantFigures {
  readonly tenant: string;
  readonly counters: Counters;
  connections: number;
  /** Most at once since the start. */
  maximumConnections: number;
  sessions: number;
  subscriptions: number;
  retainedMessages: number;
  retainedBytes: number;
  queuedMessages: number;
  queuedBytes: number;
  inFlightMessages: number;
  /** Clients connected for whom messages wait. */
  slowClients: number;
}

type QueueFigures = Pick<TenantFigures, "queuedMessages" | "queuedBytes" | "inFlightMessages" | "slowClients">;

/** The tenants beyond those that have a label of their own. No tenant can have this name. */
const OTHERS = "_other";

/**
 * The figures of each tenant, those with most connections first; from `maximum` on they are one, since every label is a time series that
 * somebody stores.
 */
export function tenantFigures(
  tenants: Iterable<Tenant>,
  connectionsOf: ReadonlyMap<string, number>,
  maximum: number,
): TenantFigures[] {
  const all = [...tenants]
    .map((tenant) => figuresOf(tenant, connectionsOf.get(tenant.name) ?? 0))
    .sort((a, b) => b.connections - a.connections);
  const named = all.slice(0, maximum);
  const rest = all.slice(maximum);
  return rest.length === 0 ? named : [...named, sumOf(rest)];
}

function figuresOf({ name, counters, sessions, router }: Tenant, connections: number): TenantFigures {
  return {
    tenant: name,
    counters,
    connections,
    maximumConnections: sessions.mostConnected,
    sessions: sessions.size,
    subscriptions: router.subscriptionCount,
    retainedMessages: router.retained.size,
    retainedBytes: router.retainedBytes,
    ...queueFigures(sessions.values()),
  };
}

function queueFigures(sessions: Iterable<Session>): QueueFigures {
  const figures: QueueFigures = { queuedMessages: 0, queuedBytes: 0, inFlightMessages: 0, slowClients: 0 };
  for (const { state, connection } of sessions) {
    figures.queuedMessages += state.queue.length;
    figures.queuedBytes += state.queuedBytes;
    figures.inFlightMessages += state.inFlight.count;
    if (connection !== undefined && state.queue.length > 0) figures.slowClients++;
  }
  return figures;
}

function sumOf(parts: readonly TenantFigures[]): TenantFigures {
  const sum: TenantFigures = {
    tenant: OTHERS,
    counters: new Counters(),
    connections: 0,
    maximumConnections: 0,
    sessions: 0,
    subscriptions: 0,
    retainedMessages: 0,
    retainedBytes: 0,
    ...queueFigures([]),
  };
  for (const part of parts) {
    sum.counters.add(part.counters);
    sum.connections += part.connections;
    sum.maximumConnections += part.maximumConnections;
    sum.sessions += part.sessions;
    sum.subscriptions += part.subscriptions;
    sum.retainedMessages += part.retainedMessages;
    sum.retainedBytes += part.retainedBytes;
    sum.queuedMessages += part.queuedMessages;
    sum.queuedBytes += part.queuedBytes;
    sum.inFlightMessages += part.inFlightMessages;
    sum.slowClients += part.slowClients;
  }
  return sum;
}
