import type { AuthenticatorKind } from "../authenticator-kind.ts";
import { type JwtConfig, type JwtInput, jwtSchema } from "./jwt-config.ts";
import { checkJwksAddress, isUrl, keySetFault, openJwtKeys, publicKeyFault, secretFault } from "./jwt-keys.ts";
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
  secrets: (config) => {
    const { secret, publicKey, jwks } = config;
    if (secret !== undefined) return [{ path: ["secret"], reference: secret, faultOf: (text) => secretFault(text, config) }];
    if (publicKey !== undefined) return [{ path: ["publicKey"], reference: { file: publicKey }, faultOf: publicKeyFault }];
    return jwks === undefined || isUrl(jwks) ? [] : [{ path: ["jwks"], reference: { file: jwks }, faultOf: keySetFault }];
  },
  check: ({ jwks }) => {
    if (jwks !== undefined && isUrl(jwks)) checkJwksAddress(jwks);
  },
  methodNames: ({ authenticationMethods }) => authenticationMethods,
  open: async (config) => {
    const method = new JwtMethod(config, await openJwtKeys(config));
    return { method, enhanced: method.enhanced };
  },
};
