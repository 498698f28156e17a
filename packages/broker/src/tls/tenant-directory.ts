import { isIP } from "node:net";
import { hostname } from "node:os";
import { TenantNames } from "../tenants/tenant-names.ts";
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
  readonly #names: TenantNames;

  /**
   * `serverNames` of the default tenant are those of a certificate the user gave; a local certificate needs none. `names` may be one that
   * others read, since names lead to tenants without TLS too.
   */
  constructor(defaultTenant: TenantTls, serverNames: readonly string[] = [], names: TenantNames = new TenantNames()) {
    this.default = defaultTenant;
    this.#names = names;
    this.#tenants.set(defaultTenant.tenant, defaultTenant);
    if (serverNames.length > 0) names.set(defaultTenant.tenant, serverNames);
  }

  /** Gives a tenant these names in place of those it has. Names may begin with `*.`, which stands for exactly one label. */
  add(tenant: TenantTls, serverNames: readonly string[]): void {
    this.#tenants.set(tenant.tenant, tenant);
    this.#names.set(tenant.tenant, serverNames);
  }

  /** Forgets a tenant and its names; its open connections stay. */
  remove(tenant: string): void {
    this.#tenants.delete(tenant);
    this.#names.remove(tenant);
  }

  byTenant(tenant: string): TenantTls | undefined {
    return this.#tenants.get(tenant);
  }

  byServerName(serverName: string): TenantTls | undefined {
    const tenant = this.#names.tenantOf(serverName);
    return tenant === undefined ? undefined : this.#tenants.get(tenant);
  }
}
