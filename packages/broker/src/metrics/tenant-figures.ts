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
}

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
  };
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
  };
  for (const part of parts) {
    sum.counters.add(part.counters);
    sum.connections += part.connections;
    sum.maximumConnections += part.maximumConnections;
    sum.sessions += part.sessions;
    sum.subscriptions += part.subscriptions;
    sum.retainedMessages += part.retainedMessages;
  }
  return sum;
}
