import { z } from "zod";
import type { AuthenticatorContext, AuthenticatorKind, OpenAuthenticator } from "./authenticator-kind.ts";
import { type PasswordConfig, passwordKind } from "./password-kind.ts";

/** One link of the chain as the configuration describes it; `kind` says which. */
export type AuthenticatorConfig = PasswordConfig;

/** Every kind there is. A new one adds its type above, a row here and its schema below. */
const KINDS: { readonly [K in AuthenticatorConfig["kind"]]: AuthenticatorKind<Extract<AuthenticatorConfig, { kind: K }>> } = {
  password: passwordKind,
};

/** Opens one link; rejects with the MqttError of its kind. */
export function openAuthenticator(config: AuthenticatorConfig, context: AuthenticatorContext): Promise<OpenAuthenticator> {
  return KINDS[config.kind].open(config, context);
}

/** The chain of the configuration. */
export const authenticationSchema: z.ZodType<AuthenticatorConfig[], AuthenticatorConfig[] | undefined> = z
  .array(
    z.union([passwordKind.schema], { error: `must be a group of keys whose \`kind\` is one of ${Object.keys(KINDS).join(", ")}` }),
  )
  .default([{ kind: "password" }]);
