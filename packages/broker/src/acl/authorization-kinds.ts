import { z } from "zod";
import type { NamedSecret, PathResolver } from "../auth/authenticator-kind.ts";
import type { AuthorizationKind, OpenAuthorization } from "./authorization-kind.ts";
import { type FunctionAuthorizerConfig, type FunctionAuthorizerInput, functionAuthorizerKind } from "./function-authorizer.ts";
import { type WebhookAuthorizerConfig, type WebhookAuthorizerInput, webhookAuthorizerKind } from "./webhook-authorizer.ts";

/** Who is asked for rights before the rules, as the configuration describes it; `kind` says which. */
export type AuthorizationConfig = WebhookAuthorizerConfig | FunctionAuthorizerConfig;

/** The same as it is written, without what has a default. */
export type AuthorizationInput = WebhookAuthorizerInput | FunctionAuthorizerInput;

type KindName = AuthorizationConfig["kind"];
type Kinds = {
  readonly [K in KindName]: AuthorizationKind<Extract<AuthorizationConfig, { kind: K }>, Extract<AuthorizationInput, { kind: K }>>;
};

/** Every kind there is. A new one adds its types above, a row here and its schema below. */
const KINDS: Kinds = { webhook: webhookAuthorizerKind, function: functionAuthorizerKind };

/** Opens one; rejects with the MqttError of its kind. */
export function openAuthorization(config: AuthorizationConfig): Promise<OpenAuthorization> {
  return kindOf(config).open(config);
}

/** The same with every path of it absolute. */
export function resolveAuthorization(config: AuthorizationInput, resolver: PathResolver): AuthorizationInput {
  return (KINDS[config.kind] as unknown as AuthorizationKind<AuthorizationInput>).resolve?.(config, resolver) ?? config;
}

/** Where the secrets of one lie. */
export function authorizationSecrets(config: AuthorizationConfig): readonly NamedSecret[] {
  return kindOf(config).secrets?.(config) ?? [];
}

/** @throws MqttError CONFIG_INVALID for what no schema sees */
export function checkAuthorization(config: AuthorizationConfig): void {
  kindOf(config).check?.(config);
}

function kindOf({ kind }: AuthorizationConfig): AuthorizationKind<AuthorizationConfig> {
  return KINDS[kind] as AuthorizationKind<AuthorizationConfig>;
}

/** Several, in their order. */
export const authorizersSchema: z.ZodType<AuthorizationConfig[], AuthorizationInput[]> = z.array(
  z.union([webhookAuthorizerKind.schema, functionAuthorizerKind.schema], {
    error: `must be a group of keys whose \`kind\` is one of ${Object.keys(KINDS).join(", ")}`,
  }),
);
