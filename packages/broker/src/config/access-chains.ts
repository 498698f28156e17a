import type { AuthorizationConfig } from "../acl/authorization-kinds.ts";
import type { AuthenticatorConfig } from "../auth/authenticator-kinds.ts";
import { DEFAULT_TENANT } from "../tenants/tenant.ts";
import type { BrokerConfig } from "./broker-config.ts";

/** Whom one tenant believes. */
export interface AccessChain {
  readonly tenant: string;
  /** Where it stands in the configuration. */
  readonly path: readonly string[];
  /** Undefined: what tenants share. */
  readonly authentication: readonly AuthenticatorConfig[] | undefined;
  readonly authorization: readonly AuthorizationConfig[];
}

/** Of the tenant `default`, which is the configuration's own, and of those that it names. */
export function accessChains({ authentication, authorization, tenants }: AccessConfig): AccessChain[] {
  const named = Object.entries(tenants.named).map(([tenant, own]) => ({
    tenant,
    path: ["tenants", "named", tenant],
    authentication: own.authentication,
    authorization: own.authorization,
  }));
  return [{ tenant: DEFAULT_TENANT, path: [], authentication, authorization }, ...named];
}

type AccessConfig = Pick<BrokerConfig, "authentication" | "authorization" | "tenants">;

/** The tenants whose messages carry who sent them. */
export function stampedTenants({ senderStamp, tenants }: Pick<BrokerConfig, "senderStamp" | "tenants">): ReadonlySet<string> {
  const named = Object.entries(tenants.named).filter(([, own]) => own.senderStamp);
  return new Set([...(senderStamp ? [DEFAULT_TENANT] : []), ...named.map(([name]) => name)]);
}
