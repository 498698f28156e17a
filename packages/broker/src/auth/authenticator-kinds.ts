import { z } from "zod";
import type { AuthenticatorContext, AuthenticatorKind, OpenAuthenticator, PathResolver } from "./authenticator-kind.ts";
import { type CertificateConfig, type CertificateInput, certificateKind } from "./certificate-kind.ts";
import type { JwtConfig, JwtInput } from "./jwt/jwt-config.ts";
import { jwtKind } from "./jwt/jwt-kind.ts";
import { type PasswordConfig, passwordKind } from "./password-kind.ts";
import { type ScramConfig, type ScramInput, scramKind } from "./scram/scram-kind.ts";
import type { WebhookConfig, WebhookInput } from "./webhook/webhook-config.ts";
import { webhookKind } from "./webhook/webhook-kind.ts";

/** One link of the chain as the configuration describes it; `kind` says which. */
export type AuthenticatorConfig = PasswordConfig | JwtConfig | WebhookConfig | CertificateConfig | ScramConfig;

/** The same as it is written, without what has a default. */
export type AuthenticatorInput = PasswordConfig | JwtInput | WebhookInput | CertificateInput | ScramInput;

type KindName = AuthenticatorConfig["kind"];
type Kinds = {
  readonly [K in KindName]: AuthenticatorKind<Extract<AuthenticatorConfig, { kind: K }>, Extract<AuthenticatorInput, { kind: K }>>;
};

/** Every kind there is. A new one adds its types above, a row here and its schema below. */
const KINDS: Kinds = {
  password: passwordKind,
  jwt: jwtKind,
  webhook: webhookKind,
  certificate: certificateKind,
  scram: scramKind,
};

/** Opens one link; rejects with the MqttError of its kind. */
export function openAuthenticator(config: AuthenticatorConfig, context: AuthenticatorContext): Promise<OpenAuthenticator> {
  return (KINDS[config.kind] as AuthenticatorKind<AuthenticatorConfig>).open(config, context);
}

/** The same with every path of it absolute. */
export function resolveAuthenticator(config: AuthenticatorInput, resolver: PathResolver): AuthenticatorInput {
  return (KINDS[config.kind] as unknown as AuthenticatorKind<AuthenticatorInput>).resolve?.(config, resolver) ?? config;
}

/** The chain of the configuration. */
export const authenticationSchema: z.ZodType<AuthenticatorConfig[], AuthenticatorInput[] | undefined> = z
  .array(
    z.union([passwordKind.schema, jwtKind.schema, webhookKind.schema, certificateKind.schema, scramKind.schema], {
      error: `must be a group of keys whose \`kind\` is one of ${Object.keys(KINDS).join(", ")}`,
    }),
  )
  .default([{ kind: "password" }]);
