/**
 * Which tenant a host name leads to, TLS or not. Names are in lower case and have no closing dot; a first label of `*` stands for exactly
 * one label. A name that is taken goes to the newcomer.
 */
export class TenantNames {
  readonly #tenants = new Map<string, string>();
  /** The other way round, so that a reload of thousands of tenants need not look at every name for each of them. */
  readonly #names = new Map<string, readonly string[]>();

  /** Gives a tenant these names in place of those it has. */
  set(tenant: string, names: readonly string[]): void {
    this.remove(tenant);
    const own = names.map((name) => name.toLowerCase());
    this.#names.set(tenant, own);
    for (const name of own) this.#tenants.set(name, tenant);
  }

  remove(tenant: string): void {
    for (const name of this.#names.get(tenant) ?? []) if (this.#tenants.get(name) === tenant) this.#tenants.delete(name);
    this.#names.delete(tenant);
  }

  /** Undefined for names that nobody owns. */
  tenantOf(name: string): string | undefined {
    return this.#tenants.get(name) ?? this.#tenants.get(name.replace(/^[^.]+/, "*"));
  }
}
