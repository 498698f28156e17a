import { MqttError } from "@bowline/protocol";
import { z } from "zod";
import type {
  AuthenticatorContext,
  AuthenticatorKind,
  NamedSecret,
  OpenAuthenticator,
  PathResolver,
} from "./authenticator-kind.ts";
import type { CustomAuthorizerConfig, CustomAuthorizerInput } from "../realtime/custom-authorizer-config.ts";
import { customAuthorizerKind } from "../realtime/custom-authorizer-kind.ts";
import { type CertificateConfig, type CertificateInput, certificateKind } from "./certificate-kind.ts";
import { type FunctionConfig, type FunctionInput, functionKind } from "./function-kind.ts";
import type { JwtConfig, JwtInput } from "./jwt/jwt-config.ts";
import { jwtKind } from "./jwt/jwt-kind.ts";
import { type PasswordConfig, passwordKind } from "./password-kind.ts";
import { type ScramConfig, type ScramInput, scramKind } from "./scram/scram-kind.ts";
import type { WebhookConfig, WebhookInput } from "./webhook/webhook-config.ts";
import { webhookKind } from "./webhook/webhook-kind.ts";

/** One link of the chain as the configuration describes it; `kind` says which. */
export type AuthenticatorConfig =
  | PasswordConfig
  | JwtConfig
  | WebhookConfig
  | CertificateConfig
  | ScramConfig
  | FunctionConfig
  | CustomAuthorizerConfig;

/** The same as it is written, without what has a default. */
export type AuthenticatorInput =
  | PasswordConfig
  | JwtInput
  | WebhookInput
  | CertificateInput
  | ScramInput
  | FunctionInput
  | CustomAuthorizerInput;

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
  function: functionKind,
  "custom-authorizer": customAuthorizerKind,
};

/** Opens one link; rejects with the MqttError of its kind. */
export function openAuthenticator(config: AuthenticatorConfig, context: AuthenticatorContext): Promise<OpenAuthenticator> {
  return kindOf(config).open(config, context);
}

/** The same with every path of it absolute. */
export function resolveAuthenticator(config: AuthenticatorInput, resolver: PathResolver): AuthenticatorInput {
  return (KINDS[config.kind] as unknown as AuthenticatorKind<AuthenticatorInput>).resolve?.(config, resolver) ?? config;
}

/** Where the secrets of a link lie. */
export function secretsOf(config: AuthenticatorConfig): readonly NamedSecret[] {
  return kindOf(config).secrets?.(config) ?? [];
}

/** @throws MqttError CONFIG_INVALID for what no schema sees */
export function checkAuthenticator(config: AuthenticatorConfig): void {
  kindOf(config).check?.(config);
}

/**
 * A client names its Authentication Method, and only one link can be meant. The first link that names one which is taken, and the error
 * that says so.
 *
 * @param taken Those of the program that embeds the broker.
 * @param place Where the chain stands in the configuration.
 */
export function doubledMethod(
  chain: readonly AuthenticatorConfig[],
  taken: readonly string[] = [],
  place = "authentication",
): { index: number; error: MqttError } | undefined {
  const seen = new Map(taken.map((name) => [name, "the program that runs the broker"]));
  for (const [index, link] of chain.entries()) {
    for (const name of new Set(kindOf(link).methodNames?.(link))) {
      const other = seen.get(name);
      if (other !== undefined) {
        const detail = `the Authentication Method "${name}" is that of ${other} already`;
        const remedy = "Give one of them other names: `authenticationMethods` of jwt, `mechanisms` of scram.";
        return { index, error: new MqttError("CONFIG_INVALID", { detail, remedy }) };
      }
      seen.set(name, `${place}.${index} (${link.kind})`);
    }
  }
  return undefined;
}

function kindOf({ kind }: AuthenticatorConfig): AuthenticatorKind<AuthenticatorConfig> {
  return KINDS[kind] as AuthenticatorKind<AuthenticatorConfig>;
}

/** A chain. */
export const authenticatorsSchema: z.ZodType<AuthenticatorConfig[], AuthenticatorInput[]> = z.array(
  z.union(
    [
      passwordKind.schema,
      jwtKind.schema,
      webhookKind.schema,
      certificateKind.schema,
      scramKind.schema,
      functionKind.schema,
      customAuthorizerKind.schema,
    ],
    { error: `must be a group of keys whose \`kind\` is one of ${Object.keys(KINDS).join(", ")}` },
  ),
);
