import { MqttError } from "@bowline/protocol";
import type { AuthenticatorKind } from "../authenticator-kind.ts";
import { type JwtConfig, type JwtInput, jwtSchema } from "./jwt-config.ts";
import { checkJwksAddress, isUrl, keySetFault, openJwtKeys, publicKeyFault, secretFault } from "./jwt-keys.ts";
import { CLAIM_PLACEHOLDERS, JwtMethod } from "./jwt-method.ts";

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
  check: ({ jwks, verifyClaims }) => {
    if (jwks !== undefined && isUrl(jwks)) checkJwksAddress(jwks);
    checkClaims(verifyClaims);
  },
  methodNames: ({ authenticationMethods }) => authenticationMethods,
  open: async (config) => {
    const method = new JwtMethod(config, await openJwtKeys(config));
    return { method, enhanced: method.enhanced };
  },
};

/** A placeholder that is not known, or not alone, would be compared as it stands, and no token would do. */
function checkClaims(verifyClaims: JwtConfig["verifyClaims"]): void {
  for (const [name, template] of Object.entries(verifyClaims)) {
    if (!template.includes("${") || CLAIM_PLACEHOLDERS.has(template)) continue;
    const known = [...CLAIM_PLACEHOLDERS.keys()].join(" or ");
    throw new MqttError("CONFIG_INVALID", {
      detail: `verifyClaims.${name} may be a text, or ${known} alone, and not "${template}"`,
    });
  }
}
