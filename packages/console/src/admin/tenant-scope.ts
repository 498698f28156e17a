import { createContext } from "preact";
import { useContext } from "preact/hooks";

/** Whose clients, users and rules the pages show, and who looks at them. */
export interface TenantScope {
  readonly tenant: string;
  /** Sees every tenant, and the broker as a whole. */
  readonly isOperator: boolean;
}

export const DEFAULT_TENANT = "default";
export const TenantScopeContext: ReturnType<typeof createContext<TenantScope>> = createContext<TenantScope>({
  tenant: DEFAULT_TENANT,
  isOperator: false,
});

export function useTenantScope(): TenantScope {
  return useContext(TenantScopeContext);
}

/** Where something of the tenant that is looked at stands, behind `/api/v1/`. */
export function useTenantPath(): (path: string) => string {
  const { tenant } = useTenantScope();
  return (path) => pathOfTenant(tenant, path);
}

export function pathOfTenant(tenant: string, path: string): string {
  return `tenants/${encodeURIComponent(tenant)}/${path}`;
}
