import { useState } from "preact/hooks";
import type { Session } from "./admin-api.ts";
import { DEFAULT_TENANT } from "./tenant-scope.ts";

const KEY = "bowline-tenant";

/** The tenant that is looked at: an administrator's own, or the one that the operator chose in this tab. */
export function useTenantChoice(session: Session | undefined): readonly [tenant: string, choose: (tenant: string) => void] {
  const [chosen, setChosen] = useState(() => sessionStorage.getItem(KEY) ?? DEFAULT_TENANT);
  const choose = (tenant: string): void => {
    sessionStorage.setItem(KEY, tenant);
    setChosen(tenant);
  };
  return [session?.role === "tenant" ? session.tenant : chosen, choose];
}
