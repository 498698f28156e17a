import { z } from "zod";

/** What holds for the tenants beside `default`; they themselves are made by `bowline tenant` and lie in the store. */
export interface TenantsConfig {
  baseDomain: string;
  /** Name of a plan, for tenants that have none of their own. */
  plan?: string | undefined;
}

/** @see TenantsConfig */
export const tenantsSchema: z.ZodType<TenantsConfig, { [K in keyof TenantsConfig]?: TenantsConfig[K] | undefined }> =
  z.strictObject({
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
  });
