import { z } from "zod";
import { type RuleInput, ruleSchema } from "../acl/rule.ts";
import { type SecretReference, secretReferenceSchema } from "./secret-reference.ts";

/** What an empty store begins with. From then on the store is the truth, and only the admin API changes it. */
export interface BootstrapConfig {
  /** Users of the default tenant. With any, `bowline up` makes no first user of its own. Default: []. */
  users: BootstrapUser[];
  /** Access rules of the default tenant, in their order: what a store begins with that never had one. Default: []. */
  rules: RuleInput[];
}

export interface BootstrapUser {
  /** User name of MQTT clients. */
  username: string;
  /** Where the user's first password lies. */
  password: SecretReference;
}

/** @see BootstrapConfig */
export const bootstrapSchema: z.ZodType<BootstrapConfig, { [K in keyof BootstrapConfig]?: BootstrapConfig[K] | undefined }> =
  z.strictObject({
    users: z
      .array(
        z.strictObject({
          username: z.string().min(1, { error: "must not be empty" }).describe("User name of MQTT clients."),
          password: secretReferenceSchema.describe("Where the user's first password lies."),
        }),
      )
      .default([])
      .describe("Users of the default tenant. With any, `bowline up` makes no first user of its own."),
    rules: z
      .array(ruleSchema)
      .default([])
      .describe("Access rules of the default tenant, in their order: what a store begins with that never had one."),
  });
