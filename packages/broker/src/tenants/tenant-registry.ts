import { MqttError } from "@bowline/protocol";
import type { Storage, StoredRule } from "../storage/storage.ts";
import { DEFAULT_TENANT } from "./tenant.ts";
import {
  parseStoredTenant,
  parseTenantInput,
  type ShownTenant,
  type TenantInput,
  type TenantSettings,
  type TenantState,
} from "./tenant-settings.ts";

/** Stands beside the rules of its tenant; no rule can have that name. */
const ROW = "$tenant";
/** Each with TLS costs some 220 KB. */
const TENANTS_MAX = 10_000;

const ALWAYS_THERE = {
  detail:
    'the tenant "default" always exists: it cannot be paused or deleted, and has the plan that `tenants.plan` of the configuration names',
};

/** Which tenants there are: in memory for asking, in the storage for keeping. What they do is the broker's. */
export class TenantRegistry {
  readonly #storage: Storage;
  readonly #wallTime: () => number;
  readonly #tenants = new Map<string, TenantSettings>();

  constructor(storage: Storage, wallTime: () => number = Date.now) {
    this.#storage = storage;
    this.#wallTime = wallTime;
  }

  /** Takes the rows that the storage handed over. @throws MqttError STORE_DAMAGED */
  begin(rows: readonly StoredRule[]): void {
    for (const { tenant, id, rule } of rows) if (id === ROW) this.#tenants.set(tenant, parseStoredTenant(tenant, rule));
  }

  /** By name, those that are being deleted among them; without `default`. */
  list(): TenantSettings[] {
    return [...this.#tenants.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** @throws MqttError TENANT_UNKNOWN, for one that is being deleted too, and OPTION_INVALID for `default` */
  get(name: string): TenantSettings {
    const found = this.#tenants.get(name);
    if (found !== undefined && found.state !== "deleting") return found;
    if (name === DEFAULT_TENANT) throw new MqttError("OPTION_INVALID", ALWAYS_THERE);
    throw new MqttError("TENANT_UNKNOWN", { detail: `"${name}"` });
  }

  /** The same for looking at: the tenant `default`, which has no row, among them. @throws MqttError TENANT_UNKNOWN */
  show(name: string): ShownTenant {
    return name === DEFAULT_TENANT ? { name, hosts: [], state: "active" } : this.get(name);
  }

  /** The plan that a tenant has of its own. */
  planOf(name: string): string | undefined {
    return this.#tenants.get(name)?.plan;
  }

  /** Whether clients of that name's tenant may come, now or later. */
  has(name: string): boolean {
    const state = this.#tenants.get(name)?.state;
    return name === DEFAULT_TENANT || (state !== undefined && state !== "deleting");
  }

  /**
   * What a new tenant would be.
   *
   * @throws MqttError OPTION_INVALID, TENANT_EXISTS
   */
  plan(input: TenantInput, baseDomain: string): TenantSettings {
    const { name, hosts = [], plan, tls } = parseTenantInput(input);
    if (this.#tenants.has(name))
      throw new MqttError("TENANT_EXISTS", { detail: this.has(name) ? `"${name}"` : `"${name}" is being deleted` });
    if (this.#tenants.size >= TENANTS_MAX)
      throw new MqttError("OPTION_INVALID", { detail: `there can be no more than ${TENANTS_MAX} tenants` });
    const all = [...new Set([`${name}.${baseDomain}`, ...hosts])];
    for (const each of this.#tenants.values()) {
      const taken = all.find((host) => each.hosts.includes(host));
      if (taken !== undefined) throw new MqttError("TENANT_EXISTS", { detail: `${taken} belongs to the tenant "${each.name}"` });
    }
    const settings: TenantSettings = { name, hosts: all, state: "active", createdAt: this.#wallTime() };
    return { ...settings, ...(plan === undefined ? {} : { plan }), ...(tls === undefined ? {} : { tls }) };
  }

  /** In force when the call returns, kept when it resolves. @throws MqttError STORE_READ_ONLY and the like */
  async put(settings: TenantSettings): Promise<void> {
    const { name, ...rest } = settings;
    this.#storage.putRule({ tenant: name, id: ROW, order: -1, rule: JSON.stringify(rest) });
    this.#tenants.set(name, settings);
    await this.#storage.flush();
  }

  /** The same of one part. @throws MqttError TENANT_UNKNOWN, STORE_READ_ONLY and the like */
  async setState(name: string, state: TenantState): Promise<TenantSettings> {
    const settings = { ...this.get(name), state };
    await this.put(settings);
    return settings;
  }

  /** Its data is gone. @throws MqttError STORE_READ_ONLY and the like */
  async forget(name: string): Promise<void> {
    this.#storage.deleteRule(name, ROW);
    this.#tenants.delete(name);
    await this.#storage.flush();
  }
}
