import { resolve } from "node:path";
import { resolveAuthorization } from "../acl/authorization-kinds.ts";
import type { PathResolver } from "../auth/authenticator-kind.ts";
import { resolveAuthenticator } from "../auth/authenticator-kinds.ts";
import type { AcmeInput } from "./acme-schema.ts";
import type { BrokerConfigInput } from "./broker-config.ts";
import type { SecretReference } from "./secret-reference.ts";
import type { NamedTenantInput } from "./tenants-schema.ts";

/** The configuration with every path of it absolute, from the folder of whoever wrote it. The form was checked before. */
export function resolvePaths(input: BrokerConfigInput, directory: string): BrokerConfigInput {
  const path = (name: string | undefined): string | undefined => (name === undefined ? undefined : resolve(directory, name));
  const secret = (reference: SecretReference): SecretReference =>
    "file" in reference ? { file: resolve(directory, reference.file) } : reference;
  const resolver = { path: (name: string): string => resolve(directory, name), secret };
  const { tls, metrics, bootstrap, tenants } = input;
  return {
    ...input,
    ...(input.data === undefined ? {} : { data: resolve(directory, input.data) }),
    ...resolveAccess(input, resolver),
    ...(tenants?.named === undefined ? {} : { tenants: { ...tenants, named: resolveNamed(tenants.named, resolver) } }),
    ...(tls === undefined
      ? {}
      : {
          tls: {
            ...tls,
            certificate: path(tls.certificate),
            key: path(tls.key),
            chain: path(tls.chain),
            clientCa: path(tls.clientCa),
            crl: path(tls.crl),
            ...(tls.acme === undefined ? {} : { acme: resolveAcme(tls.acme, path, secret) }),
            ...(tls.passphrase === undefined ? {} : { passphrase: secret(tls.passphrase) }),
          },
        }),
    ...(metrics?.token === undefined ? {} : { metrics: { ...metrics, token: secret(metrics.token) } }),
    ...(bootstrap?.users === undefined
      ? {}
      : {
          bootstrap: { ...bootstrap, users: bootstrap.users.map((user) => ({ ...user, password: secret(user.password) })) },
        }),
  };
}

type AccessInput = Pick<NamedTenantInput, "authentication" | "authorization">;

/** Of these two keys what is there. */
function resolveAccess({ authentication, authorization }: AccessInput, resolver: PathResolver): AccessInput {
  return {
    ...(authentication === undefined ? {} : { authentication: authentication.map((link) => resolveAuthenticator(link, resolver)) }),
    ...(authorization === undefined ? {} : { authorization: authorization.map((each) => resolveAuthorization(each, resolver)) }),
  };
}

function resolveNamed(named: Record<string, NamedTenantInput>, resolver: PathResolver): Record<string, NamedTenantInput> {
  return Object.fromEntries(Object.entries(named).map(([name, own]) => [name, { ...own, ...resolveAccess(own, resolver) }]));
}

function resolveAcme(
  acme: AcmeInput,
  path: (name: string | undefined) => string | undefined,
  secret: (reference: SecretReference) => SecretReference,
): AcmeInput {
  const { externalAccount } = acme;
  return {
    ...acme,
    trust: path(acme.trust),
    ...(externalAccount === undefined ? {} : { externalAccount: { ...externalAccount, key: secret(externalAccount.key) } }),
  };
}
