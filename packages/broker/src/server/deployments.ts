import { MqttError } from "@bowline/protocol";
import type { AuditLog } from "../admin/audit-log.ts";
import { isAbout } from "../auth/ban-list.ts";
import type { Connection } from "../connection/connection.ts";
import type { Session } from "../sessions/session.ts";
import { boundedRules, boundedUsers, type Deployment, rulesOf, usersOf } from "../tenants/deployment.ts";
import { DEFAULT_TENANT, type Tenant } from "../tenants/tenant.ts";
import { overviewOf, type TenantOverview } from "../tenants/tenant-overview.ts";
import { messagesOf, sessionsOf } from "./deployment-messages.ts";
import { detailOf } from "./connection-detail.ts";
import type { ServerCore } from "./server-core.ts";
import { clientsOf, summarize } from "./view-of.ts";

/** Reason Code 0x98, Administrative action. */
const ADMINISTRATIVE_ACTION = 0x98;

/**
 * One tenant of a server as whoever administers it may act on it.
 *
 * @throws MqttError TENANT_UNKNOWN
 */
export function deploymentOf(core: ServerCore, audit: AuditLog, name: string = DEFAULT_TENANT): Deployment {
  const { broker, users, rules, bans, tokens } = core;
  const tenant = core.tenants.has(name) ? broker.tenantNamed(name) : undefined;
  if (tenant === undefined) throw new MqttError("TENANT_UNKNOWN", { detail: `"${name}"` });
  const plan = core.plans.of(core.tenants.planOf(name));
  const clients = (): Client[] => clientsOf(broker).filter(({ connection }) => connection.tenant === tenant);
  const find = (id: number): Client | undefined => clients().find(({ connection }) => connection.id === id);
  return {
    tenant,
    users: boundedUsers(usersOf(users, name), plan?.maximumUsers),
    rules: boundedRules(rulesOf(rules, name), plan ?? {}),
    bans: {
      list: () => bans.list(name),
      add: (ban) => bans.add(name, ban),
      lift: (kind, value) => bans.lift(name, { kind, value }),
    },
    connections: () => clients().map(({ connection, session }) => summarize(connection, session)),
    connection: (id) => {
      const client = find(id);
      return client === undefined ? undefined : detailOf(client.connection, client.session);
    },
    endConnection: (id) => endAll([find(id)].filter((client) => client !== undefined)) > 0,
    kick: (whom) => endAll(clients().filter((client) => isAbout(whom, candidateOf(client, tenant)))),
    trace: (about, limits) => broker.traces.begin({ ...about, tenant: name }, limits),
    issueToken: (signIn) => tokens.issue(name, signIn),
    clients: () => sessionsOf(broker, tenant),
    ...messagesOf(broker, tenant),
    usage: () => core.usage.of(name),
    overview: () => overviewNamed(core, tenant, clients().length),
    refusals: () => core.refusals.of(name),
    plan: () => plan,
    audit: () => audit.list(name),
    limits: () => tenant.limits,
    counters: () => tenant.counters,
  };
}

/** Of each tenant that may have clients, `default` first. */
export function allOverviews(core: ServerCore): TenantOverview[] {
  const connections = new Map<Tenant, number>();
  for (const { connection } of clientsOf(core.broker))
    connections.set(connection.tenant, (connections.get(connection.tenant) ?? 0) + 1);
  const names = [DEFAULT_TENANT, ...core.tenants.list().map(({ name }) => name)];
  const tenants = names.map((name) => (core.tenants.has(name) ? core.broker.tenantNamed(name) : undefined));
  return tenants
    .filter((tenant) => tenant !== undefined)
    .map((tenant) => overviewNamed(core, tenant, connections.get(tenant) ?? 0));
}

function overviewNamed(core: ServerCore, tenant: Tenant, connections: number): TenantOverview {
  const { name } = tenant;
  return overviewOf(core.broker, tenant, {
    settings: name === DEFAULT_TENANT ? undefined : core.tenants.get(name),
    plan: core.plans.of(core.tenants.planOf(name))?.name,
    listeners: core.listeners(),
    month: core.usage.thisMonth(name),
    connections,
  });
}

interface Client {
  readonly connection: Connection;
  readonly session: Session;
}

function endAll(clients: readonly Client[]): number {
  const error = new MqttError("ADMIN", { reasonCode: ADMINISTRATIVE_ACTION, source: "local" });
  for (const { connection } of clients) connection.end(error);
  return clients.length;
}

function candidateOf({ connection, session }: Client, { name }: Tenant): Parameters<typeof isAbout>[1] {
  const { owner, clientIdentifier } = session;
  return { tenant: name, owner, clientIdentifier, remoteAddress: connection.arrival.remoteAddress };
}
