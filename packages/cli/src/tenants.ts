import { setTimeout as wait } from "node:timers/promises";
import type { DataFolder, Plan, ShownTenant, TenantInput, TenantSettings, UsageOf } from "@bowline/broker/internal";
import { MqttError } from "@bowline/protocol";
import type { AdminClient } from "./admin-client.ts";
import type { AdminTarget } from "./admin-target.ts";
import { tenantPath } from "./tenant-option.ts";
import { inStore } from "./data-store.ts";

/** A tenant with a million messages takes some seconds. */
const REMOVAL_WITHIN_MS = 120_000;
const LOOK_EVERY_MS = 100;

/** What a tenant used, the latest first. */
export interface TenantUsage {
  readonly hours: readonly UsageOf[];
  readonly months: readonly UsageOf[];
}

/** The tenants of a data folder, whether a broker runs there or not. */
export interface Tenants {
  /** Undefined for a broker elsewhere. */
  readonly folder: DataFolder | undefined;
  /** The broker's, where one runs. */
  readonly admin: AdminClient | undefined;
  list(): Promise<TenantSettings[]>;
  show(name: string): Promise<ShownTenant>;
  create(input: TenantInput): Promise<TenantSettings>;
  setPaused(name: string, isPaused: boolean): Promise<TenantSettings>;
  /** Another plan, or the configuration's. */
  setPlan(name: string, plan: string | undefined): Promise<TenantSettings>;
  plans(): Promise<Plan[]>;
  usage(name: string): Promise<TenantUsage>;
  /** Resolves when all that it had is gone; without a broker that is done by the next start. */
  remove(name: string): Promise<void>;
}

/**
 * Works on the tenants of a data folder: through the broker that runs there, or in the store itself when none does.
 *
 * @throws MqttError of the store or of the broker
 */
export async function withTenants<T>({ client, folder }: AdminTarget, work: (tenants: Tenants) => Promise<T>): Promise<T> {
  if (folder === undefined || (await client.isAnswered())) return work(throughBroker(client, folder));
  const onlyRunning = (): never => {
    const remedy = "Start the broker: it knows its base domain, its listeners and its plans.";
    throw new MqttError("ADMIN_UNREACHABLE", { detail: folder.adminSocket, remedy });
  };
  return inStore(folder.path, "default", ({ tenants }) =>
    work({
      folder,
      admin: undefined,
      list: () => Promise.resolve(tenants.list()),
      show: (name) => Promise.resolve().then(() => tenants.show(name)),
      create: onlyRunning,
      setPlan: onlyRunning,
      plans: onlyRunning,
      usage: onlyRunning,
      setPaused: (name, isPaused) => tenants.setState(name, isPaused ? "paused" : "active"),
      remove: async (name) => void (await tenants.setState(name, "deleting")),
    }),
  );
}

function throughBroker(client: AdminClient, folder: DataFolder | undefined): Tenants {
  const path = (name: string): string => `/api/v1/tenants/${encodeURIComponent(name)}`;
  const list = (): Promise<TenantSettings[]> => client.list<TenantSettings>("/api/v1/tenants", "tenants");
  return {
    folder,
    admin: client,
    list,
    show: (name) => client.request("GET", path(name)),
    create: (input) => client.request("POST", "/api/v1/tenants", input),
    setPaused: (name, isPaused) => client.request("POST", `${path(name)}/${isPaused ? "pause" : "resume"}`),
    setPlan: (name, plan) => client.request("PUT", `${path(name)}/plan`, { plan: plan ?? null }),
    plans: async () => (await client.request<{ plans: Plan[] }>("GET", "/api/v1/plans")).plans,
    usage: (name) => client.request("GET", `${tenantPath(name)}/usage`),
    remove: async (name) => {
      await client.request("DELETE", path(name));
      const deadline = performance.now() + REMOVAL_WITHIN_MS;
      while ((await list()).some((each) => each.name === name) && performance.now() < deadline) await wait(LOOK_EVERY_MS);
    },
  };
}
