import { z } from "zod";
import { type SecretReference, secretReferenceSchema } from "./secret-reference.ts";

/** A certificate from an authority that speaks ACME, such as Let's Encrypt. */
export interface AcmeConfig {
  /** Address of the authority's ACME directory. Default: "https://acme-v02.api.letsencrypt.org/directory". */
  directory: string;
  /** Host names that the certificate is for; port 80 of each must lead to `listen`. */
  names: string[];
  /** Where the authority may write to about the account. */
  email?: string | undefined;
  /** That the authority's terms of service are agreed to. */
  agreeToTerms: true;
  /** Where the authority's http-01 challenges are answered, while an order is under way. Default: "http://*:80". */
  listen: string;
  /** PEM file with the authority of the ACME server's own certificate. Default: the public ones that Node knows. */
  trust?: string | undefined;
  /** External account binding, for authorities that issue to their customers alone. Needed once, when the account is made. */
  externalAccount?: ExternalAccount | undefined;
}

/** The account at an authority that issues to its customers alone. */
export interface ExternalAccount {
  /** Key identifier (EAB KID). */
  id: string;
  /** Its key (EAB HMAC), in base64url. */
  key: SecretReference;
}

/** What is wrong with what the secret of an external account holds. */
export function externalKeyFault(text: string): string | undefined {
  return /^[\w-]{16,}=*$/.test(text)
    ? undefined
    : "tls.acme.externalAccount.key must hold the key that the authority gave, in base64url";
}

/** @see AcmeConfig */
export type AcmeInput = Omit<AcmeConfig, "directory" | "listen"> & {
  [K in keyof Pick<AcmeConfig, "directory" | "listen">]?: AcmeConfig[K] | undefined;
};

const NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;

/** @see AcmeConfig */
export const acmeSchema: z.ZodType<AcmeConfig, AcmeInput> = z.strictObject({
  directory: z
    .url({ protocol: /^https$/, error: "must be the https:// address of an ACME directory" })
    .default("https://acme-v02.api.letsencrypt.org/directory")
    .describe("Address of the authority's ACME directory."),
  names: z
    .array(z.string().regex(NAME, { error: "must be a host name in lower case; http-01 proves neither wildcards nor addresses" }))
    .min(1, { error: "needs at least one name" })
    .max(100)
    .describe("Host names that the certificate is for; port 80 of each must lead to `listen`."),
  email: z.email().optional().describe("Where the authority may write to about the account."),
  agreeToTerms: z
    .literal(true, { error: "must be true: the authority issues to those alone who agree to its terms of service" })
    .describe("That the authority's terms of service are agreed to."),
  listen: z
    .string()
    .default("http://*:80")
    .describe("Where the authority's http-01 challenges are answered, while an order is under way."),
  trust: z
    .string()
    .optional()
    .describe("PEM file with the authority of the ACME server's own certificate. Default: the public ones that Node knows."),
  externalAccount: z
    .strictObject({
      id: z.string().min(1).describe("Key identifier (EAB KID)."),
      key: secretReferenceSchema.describe("Its key (EAB HMAC), in base64url."),
    })
    .optional()
    .describe(
      "External account binding, for authorities that issue to their customers alone. Needed once, when the account is made.",
    ),
});
