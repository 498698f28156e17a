import type { AuthenticatorKind } from "../authenticator-kind.ts";
import { type JwtConfig, type JwtInput, jwtSchema } from "./jwt-config.ts";
import { checkJwksAddress, isUrl, openJwtKeys, secretFault } from "./jwt-keys.ts";
import { JwtMethod } from "./jwt-method.ts";

/** @see JwtConfig */
export const jwtKind: AuthenticatorKind<JwtConfig, JwtInput> = {
  schema: jwtSchema,
  resolve: (config, { path, secret }) => ({
    ...config,
    ...(config.secret === undefined ? {} : { secret: secret(config.secret) }),
    ...(config.publicKey === undefined ? {} : { publicKey: path(config.publicKey) }),
    ...(config.jwks === undefined || isUrl(config.jwks) ? {} : { jwks: path(config.jwks) }),
  }),
  secrets: (config) =>
    config.secret === undefined
      ? []
      : [{ path: ["secret"], reference: config.secret, faultOf: (text) => secretFault(text, config) }],
  check: ({ jwks }) => {
    if (jwks !== undefined && isUrl(jwks)) checkJwksAddress(jwks);
  },
  methodNames: ({ authenticationMethods }) => authenticationMethods,
  open: async (config) => {
    const method = new JwtMethod(config, await openJwtKeys(config));
    return { method, enhanced: method.enhanced };
  },
};
