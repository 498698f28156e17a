/**
 * Which tenant a host name leads to, TLS or not. Names are in lower case and have no closing dot; a first label of `*` stands for exactly
 * one label. A name that is taken goes to the newcomer.
 */
export class TenantNames {
  readonly #tenants = new Map<string, string>();

  /** Gives a tenant these names in place of those it has. */
  set(tenant: string, names: readonly string[]): void {
    this.remove(tenant);
    for (const name of names) this.#tenants.set(name.toLowerCase(), tenant);
  }

  remove(tenant: string): void {
    for (const [name, owner] of this.#tenants) if (owner === tenant) this.#tenants.delete(name);
  }

  /** Undefined for names that nobody owns. */
  tenantOf(name: string): string | undefined {
    return this.#tenants.get(name) ?? this.#tenants.get(name.replace(/^[^.]+/, "*"));
  }
}
