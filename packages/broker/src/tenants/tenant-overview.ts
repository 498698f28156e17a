import type { Broker } from "../broker.ts";
import { DEFAULT_TENANT, type Tenant } from "./tenant.ts";
import type { TenantSettings } from "./tenant-settings.ts";
import type { UsageOf } from "./usage-book.ts";

/** A tenant at a glance. */
export interface TenantOverview {
  readonly name: string;
  readonly state: TenantSettings["state"];
  /** Names that lead to it; empty for `default`, which has all that is no other's. */
  readonly hosts: readonly string[];
  /** Undefined: the limits of the configuration. */
  readonly plan?: string | undefined;
  /** Wall time in ms; undefined for `default`. */
  readonly createdAt?: number | undefined;
  /** Where its clients come in. */
  readonly urls: readonly string[];
  readonly connections: number;
  readonly sessions: number;
  readonly retainedMessages: number;
  /** Whether messages that must be kept can be. */
  readonly storage: "ok" | "read-only";
  /** Undefined before anything was used. */
  readonly month?: UsageOf | undefined;
}

/** What is known of a tenant beside what it holds. */
export interface OverviewFacts {
  /** Undefined for `default`. */
  readonly settings: TenantSettings | undefined;
  readonly plan: string | undefined;
  /** MQTT listeners as URLs. */
  readonly listeners: readonly string[];
  readonly month: UsageOf | undefined;
  readonly connections: number;
}

export function overviewOf(broker: Broker, tenant: Tenant, facts: OverviewFacts): TenantOverview {
  const { settings, plan, listeners, month, connections } = facts;
  return {
    name: tenant.name,
    state: settings?.state ?? "active",
    hosts: settings?.hosts ?? [],
    plan,
    createdAt: settings?.createdAt,
    urls: urlsOf(tenant.name, settings?.hosts[0], listeners),
    connections,
    sessions: tenant.sessions.size,
    retainedMessages: tenant.router.retained.size,
    storage: broker.storage.health.state,
    month,
  };
}

/** A listener is its own tenant's; one with TLS is also that of whoever's name is asked for. */
function urlsOf(name: string, host: string | undefined, listeners: readonly string[]): string[] {
  return listeners.flatMap((url) => {
    const own = new URLSearchParams(/\?(.*)$/.exec(url)?.[1]).get("tenant") ?? DEFAULT_TENANT;
    if (own === name) return [url.replace(/\?.*$/, "")];
    const isTls = url.startsWith("mqtts:") || url.startsWith("wss:");
    return host === undefined || !isTls ? [] : [url.replace(/\?.*$/, "").replace(/\/\/(\[[^\]]*\]|[^:/]*)/, `//${host}`)];
  });
}
