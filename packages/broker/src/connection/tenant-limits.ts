import type { BrokerLimits } from "./broker-limits.ts";

/**
 * The limits that a tenant may have of its own: those of the tenant as a whole, those of each of its clients, and what a client may hold.
 * What it does not say is as the broker's limits have it. See `Broker.setTenantLimits`.
 */
export type TenantLimits = Partial<
  Pick<
    BrokerLimits,
    | "maximumTenantConnections"
    | "maximumSessions"
    | "maximumTenantSubscriptions"
    | "tenantPublishesPerSecond"
    | "tenantPublishBytesPerSecond"
    | "maximumRetainedMessages"
    | "maximumRetainedBytes"
    | "maximumConnectionsPerOwner"
    | "publishesPerSecond"
    | "publishBytesPerSecond"
    | "maximumSubscriptions"
    | "maximumPacketSize"
    | "maximumTopicLevels"
    | "maximumTopicBytes"
    | "maximumSessionExpiryInterval"
    | "maximumKeepAlive"
    | "receiveMaximum"
    | "maximumInFlight"
    | "maximumQueuedMessages"
    | "maximumQueuedBytes"
    | "maximumBufferedBytes"
    | "queueFull"
  >
>;

const TENANT_LIMITS: Readonly<Record<keyof TenantLimits, true>> = {
  maximumTenantConnections: true,
  maximumSessions: true,
  maximumTenantSubscriptions: true,
  tenantPublishesPerSecond: true,
  tenantPublishBytesPerSecond: true,
  maximumRetainedMessages: true,
  maximumRetainedBytes: true,
  maximumConnectionsPerOwner: true,
  publishesPerSecond: true,
  publishBytesPerSecond: true,
  maximumSubscriptions: true,
  maximumPacketSize: true,
  maximumTopicLevels: true,
  maximumTopicBytes: true,
  maximumSessionExpiryInterval: true,
  maximumKeepAlive: true,
  receiveMaximum: true,
  maximumInFlight: true,
  maximumQueuedMessages: true,
  maximumQueuedBytes: true,
  maximumBufferedBytes: true,
  queueFull: true,
};

/** The limits that a tenant may have of its own. */
export const TENANT_LIMIT_NAMES: readonly string[] = Object.keys(TENANT_LIMITS);

/** Whether a tenant may have a limit of that name. */
export function isTenantLimit(name: string): name is keyof TenantLimits {
  return Object.hasOwn(TENANT_LIMITS, name);
}

/** The broker's limits with a tenant's own over them. Connections keep the object that they began with. */
export function limitsOf(limits: BrokerLimits, own: TenantLimits | undefined): BrokerLimits {
  if (own === undefined) return limits;
  const changes: Record<string, unknown> = {};
  // What was stored may hold more than the type says, and undefined for what it does not set.
  for (const name of Object.keys(TENANT_LIMITS) as (keyof TenantLimits)[]) {
    if (own[name] !== undefined) changes[name] = own[name];
  }
  return Object.assign({ ...limits }, changes);
}
