import { resolve } from "node:path";
import { resolveAuthorization } from "../acl/authorization-kinds.ts";
import { resolveAuthenticator } from "../auth/authenticator-kinds.ts";
import type { AcmeInput } from "./acme-schema.ts";
import type { BrokerConfigInput } from "./broker-config.ts";
import type { SecretReference } from "./secret-reference.ts";

/** The configuration with every path of it absolute, from the folder of whoever wrote it. The form was checked before. */
export function resolvePaths(input: BrokerConfigInput, directory: string): BrokerConfigInput {
  const path = (name: string | undefined): string | undefined => (name === undefined ? undefined : resolve(directory, name));
  const secret = (reference: SecretReference): SecretReference =>
    "file" in reference ? { file: resolve(directory, reference.file) } : reference;
  const resolver = { path: (name: string): string => resolve(directory, name), secret };
  const { tls, metrics, bootstrap, authentication, authorization } = input;
  return {
    ...input,
    ...(input.data === undefined ? {} : { data: resolve(directory, input.data) }),
    ...(authentication === undefined ? {} : { authentication: authentication.map((link) => resolveAuthenticator(link, resolver)) }),
    ...(authorization === undefined ? {} : { authorization: authorization.map((each) => resolveAuthorization(each, resolver)) }),
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
