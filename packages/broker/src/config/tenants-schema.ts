import { z } from "zod";
import { type AuthorizationConfig, type AuthorizationInput, authorizersSchema } from "../acl/authorization-kinds.ts";
import { type AuthenticatorConfig, type AuthenticatorInput, authenticatorsSchema } from "../auth/authenticator-kinds.ts";

/** What one tenant has in the configuration: whom it believes, which is nobody else's. All else of it lies in the store. */
export interface NamedTenantConfig {
  /**
   * Who is asked about the credentials of this tenant's clients, as `authentication` of the tenant `default`, and in place of what
   * tenants share.
   */
  authentication?: AuthenticatorConfig[] | undefined;
  /** Who is asked what this tenant's clients may do before its access rules, as `authorization`. Default: nobody. */
  authorization: AuthorizationConfig[];
  /** Messages in this tenant carry who sent them, as `senderStamp`. Default: false. */
  senderStamp: boolean;
}

/** @see NamedTenantConfig */
export interface NamedTenantInput {
  /**
   * Who is asked about the credentials of this tenant's clients, as `authentication` of the tenant `default`, and in place of what
   * tenants share.
   */
  authentication?: AuthenticatorInput[] | undefined;
  /** Who is asked what this tenant's clients may do before its access rules, as `authorization`. Default: nobody. */
  authorization?: AuthorizationInput[] | undefined;
  /** Messages in this tenant carry who sent them, as `senderStamp`. Default: false. */
  senderStamp?: boolean | undefined;
}

/** What holds for the tenants beside `default`; they themselves are made by `bowline tenant` and lie in the store. */
export interface TenantsConfig {
  /**
   * A tenant NAME is reached as NAME.<baseDomain>. Below localhost, where every name leads to this machine, nothing is to be set
   * up. Default: "localhost".
   */
  baseDomain: string;
  /** Plan of the tenants that have none of their own, `default` among them, such as serverless. Without one the limits hold. */
  plan?: string | undefined;
  /**
   * Whom single tenants believe, by their names. It makes no tenant: `bowline tenant create` does, before or after. Default: {}.
   */
  named: Record<string, NamedTenantConfig>;
}

/** @see TenantsConfig */
export interface TenantsInput {
  /**
   * A tenant NAME is reached as NAME.<baseDomain>. Below localhost, where every name leads to this machine, nothing is to be set
   * up. Default: "localhost".
   */
  baseDomain?: string | undefined;
  /** Plan of the tenants that have none of their own, `default` among them, such as serverless. Without one the limits hold. */
  plan?: string | undefined;
  /**
   * Whom single tenants believe, by their names. It makes no tenant: `bowline tenant create` does, before or after. Default: {}.
   */
  named?: Record<string, NamedTenantInput> | undefined;
}

const namedTenantSchema: z.ZodType<NamedTenantConfig, NamedTenantInput> = z.strictObject({
  authentication: authenticatorsSchema
    .refine((chain) => chain.length > 0, { error: "needs at least one authenticator: without any nobody could come in" })
    .optional()
    .describe(
      "Who is asked about the credentials of this tenant's clients, as `authentication` of the tenant `default`, and in place of what tenants share.",
    ),
  authorization: authorizersSchema
    .default([])
    .describe("Who is asked what this tenant's clients may do before its access rules, as `authorization`. Default: nobody."),
  senderStamp: z.boolean().default(false).describe("Messages in this tenant carry who sent them, as `senderStamp`."),
});

/** @see TenantsConfig */
export const tenantsSchema: z.ZodType<TenantsConfig, TenantsInput> = z.strictObject({
  baseDomain: z
    .string()
    .toLowerCase()
    .regex(
      /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
      "must be a domain such as mqtt.example.com",
    )
    .default("localhost")
    .describe(
      "A tenant NAME is reached as NAME.<baseDomain>. Below localhost, where every name leads to this machine, nothing is to be set up.",
    ),
  plan: z
    .string()
    .optional()
    .describe(
      "Plan of the tenants that have none of their own, `default` among them, such as serverless. Without one the limits hold.",
    ),
  named: z
    .record(z.string(), namedTenantSchema)
    .default({})
    .describe("Whom single tenants believe, by their names. It makes no tenant: `bowline tenant create` does, before or after."),
});
