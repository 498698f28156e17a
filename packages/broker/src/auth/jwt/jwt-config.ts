import { z } from "zod";
import { type SecretReference, secretReferenceSchema } from "../../config/secret-reference.ts";
import { wholeNumber } from "../../config/whole-number.ts";

/** JSON Web Tokens, signed with a shared secret, a key pair, or the keys of a JWKS. */
export interface JwtConfig {
  /** JSON Web Tokens. */
  kind: "jwt";
  /** The shared secret of HS256, HS384 and HS512; at least 32 bytes. */
  secret?: SecretReference | undefined;
  /** How the secret is written. Default: "text". */
  secretEncoding: "text" | "base64";
  /** PEM file with the public key, or certificate, of RS, PS, ES or EdDSA signatures. Read anew when it changes. */
  publicKey?: string | undefined;
  /** File or https:// address with a JSON Web Key Set (http:// on the loopback only). */
  jwks?: string | undefined;
  /**
   * How long keys are used before they are looked at again. An unknown `kid` asks earlier, twice a minute at most. From 1 to 86400.
   * Default: 300.
   */
  jwksRefreshSeconds: number;
  /** What `iss` must be. Tokens of others are left to the authenticators behind. */
  issuer?: string | undefined;
  /** What `aud` must be or contain. */
  audience?: string | undefined;
  /** Where CONNECT carries the token. Default: "password". */
  from: "password" | "username";
  /** The claim that says who the client is: it owns sessions and is `${username}`. Default: "sub". */
  ownerClaim: string;
  /** The claim with access rules, in one of EMQX's two forms. Default: "acl". */
  aclClaim: string;
  /** Claims that must have these values; `${username}` and `${clientid}` stand for those of CONNECT. Default: {}. */
  verifyClaims: Record<string, string>;
  /** Refuse tokens without `exp`, which would be good for ever. Default: true. */
  requireExpiry: boolean;
  /** By how much the clocks may differ. From 0 to 600. Default: 0. */
  clockToleranceSeconds: number;
  /**
   * Names by which MQTT 5 clients may bring a token as Authentication Data, and renew it by AUTH while connected. Default: ["JWT"].
   */
  authenticationMethods: string[];
}

/** @see JwtConfig */
export type JwtInput = { kind: "jwt" } & { [K in keyof Omit<JwtConfig, "kind">]?: JwtConfig[K] | undefined };

const seconds = (from: number, to: number): z.ZodNumber => wholeNumber(from, to, "seconds");

/** @see JwtConfig */
export const jwtSchema: z.ZodType<JwtConfig, JwtInput> = z
  .strictObject({
    kind: z.literal("jwt").describe("JSON Web Tokens."),
    secret: secretReferenceSchema.optional().describe("The shared secret of HS256, HS384 and HS512; at least 32 bytes."),
    secretEncoding: z.enum(["text", "base64"]).default("text").describe("How the secret is written."),
    publicKey: z
      .string()
      .min(1)
      .optional()
      .describe("PEM file with the public key, or certificate, of RS, PS, ES or EdDSA signatures. Read anew when it changes."),
    jwks: z.string().min(1).optional().describe("File or https:// address with a JSON Web Key Set (http:// on the loopback only)."),
    jwksRefreshSeconds: seconds(1, 86_400)
      .default(300)
      .describe("How long keys are used before they are looked at again. An unknown `kid` asks earlier, twice a minute at most."),
    issuer: z.string().min(1).optional().describe("What `iss` must be. Tokens of others are left to the authenticators behind."),
    audience: z.string().min(1).optional().describe("What `aud` must be or contain."),
    from: z.enum(["password", "username"]).default("password").describe("Where CONNECT carries the token."),
    ownerClaim: z
      .string()
      .min(1)
      .default("sub")
      .describe("The claim that says who the client is: it owns sessions and is `${username}`."),
    aclClaim: z.string().min(1).default("acl").describe("The claim with access rules, in one of EMQX's two forms."),
    verifyClaims: z
      .record(z.string(), z.string())
      .default({})
      .describe("Claims that must have these values; `${username}` and `${clientid}` stand for those of CONNECT."),
    requireExpiry: z.boolean().default(true).describe("Refuse tokens without `exp`, which would be good for ever."),
    clockToleranceSeconds: seconds(0, 600).default(0).describe("By how much the clocks may differ."),
    authenticationMethods: z
      .array(z.string().min(1))
      .default(["JWT"])
      .describe("Names by which MQTT 5 clients may bring a token as Authentication Data, and renew it by AUTH while connected."),
  })
  .refine(({ secret, publicKey, jwks }) => [secret, publicKey, jwks].filter((key) => key !== undefined).length === 1, {
    error: "needs exactly one of secret, publicKey and jwks",
  });
