import { isIP } from "node:net";
import { hostname } from "node:os";
import type { TenantTls } from "./tenant-tls.ts";

/** Whose connection it is, by the name it asks for. Names are in lower case and have no closing dot. */
export interface TenantDirectory {
  /** Owner of everything that has no name. */
  readonly default: TenantTls;
  byTenant(tenant: string): TenantTls | undefined;
  /** Undefined for names that nobody owns. Never called with an address. */
  byServerName(serverName: string): TenantTls | undefined;
}

/** What names a machine answers to without being told: they mean the listener's own tenant. */
export function isMachineName(serverName: string): boolean {
  return serverName === "localhost" || serverName === hostname().toLowerCase();
}

export function isAddress(serverName: string): boolean {
  return isIP(serverName.replace(/^\[|\]$/g, "")) !== 0;
}

/** The directory of a broker: tenants come and go while connections arrive. */
export class TenantTable implements TenantDirectory {
  readonly default: TenantTls;
  readonly #tenants = new Map<string, TenantTls>();
  readonly #names = new Map<string, TenantTls>();

  /** `serverNames` of the default tenant are those of a certificate the user gave; a local certificate needs none. */
  constructor(defaultTenant: TenantTls, serverNames: readonly string[] = []) {
    this.default = defaultTenant;
    this.add(defaultTenant, serverNames);
  }

  /** Names may begin with `*.`, which stands for exactly one label. A name that is taken goes to the newcomer. */
  add(tenant: TenantTls, serverNames: readonly string[]): void {
    this.#tenants.set(tenant.tenant, tenant);
    for (const name of serverNames) this.#names.set(name.toLowerCase(), tenant);
  }

  /** Gives a tenant these names in place of those it has. */
  rename(tenant: TenantTls, serverNames: readonly string[]): void {
    this.remove(tenant.tenant);
    this.add(tenant, serverNames);
  }

  /** Forgets a tenant and its names; its open connections stay. */
  remove(tenant: string): void {
    this.#tenants.delete(tenant);
    for (const [name, owner] of this.#names) {
      if (owner.tenant === tenant) this.#names.delete(name);
    }
  }

  byTenant(tenant: string): TenantTls | undefined {
    return this.#tenants.get(tenant);
  }

  byServerName(serverName: string): TenantTls | undefined {
    return this.#names.get(serverName) ?? this.#names.get(serverName.replace(/^[^.]+/, "*"));
  }
}
