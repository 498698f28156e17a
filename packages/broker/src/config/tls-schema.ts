import { z } from "zod";
import { type AcmeConfig, type AcmeInput, acmeSchema } from "./acme-schema.ts";
import { type SecretReference, secretReferenceSchema } from "./secret-reference.ts";
import { wholeNumber } from "./whole-number.ts";

/** Certificates and the handshake of the default tenant. All paths are absolute. */
export interface TlsConfig {
  /** PEM file with the server's certificate chain for names of the default tenant. Without it the local CA issues one. */
  certificate?: string | undefined;
  /** PEM file with the private key of that certificate. */
  key?: string | undefined;
  /** PEM file with the certificates between the server's and its root, where they are in a file of their own. */
  chain?: string | undefined;
  /** Opens an encrypted key. */
  passphrase?: SecretReference | undefined;
  /** Have the certificate issued, and renewed before it ends, by an authority such as Let's Encrypt. */
  acme?: AcmeConfig | undefined;
  /** PEM file with the authorities of client certificates. Without it none is asked for. */
  clientCa?: string | undefined;
  /** With `clientCa`: whether a client without an accepted certificate gets a connection at all. Default: "optional". */
  clientCertificate: "optional" | "required";
  /** PEM file with revocation lists of the client authorities. */
  crl?: string | undefined;
  /** What MQTT clients may offer by ALPN, first choice first; clients that offer none come in. Default: ["mqtt"]. */
  alpn: string[];
  /** Refuse TLS clients that name no host. Off, since clients on one machine often connect by address. Default: false. */
  requireSni: boolean;
  /**
   * How often the files above are looked at; changed ones are loaded, and bad ones leave the old in force. 0 for never. From 0 to
   * 86400. Default: 10.
   */
  reloadSeconds: number;
}

/** Any part of it. */
export type TlsInput = { [K in keyof Omit<TlsConfig, "acme">]?: TlsConfig[K] | undefined } & AcmeKey;

/** A group of its own, so that it keeps its words. */
export interface AcmeKey {
  /** Have the certificate issued, and renewed before it ends, by an authority such as Let's Encrypt. */
  acme?: AcmeInput | undefined;
}

/** @see TlsConfig */
export const tlsSchema: z.ZodType<TlsConfig, TlsInput> = z
  .strictObject({
    certificate: z
      .string()
      .optional()
      .describe(
        "PEM file with the server's certificate chain for names of the default tenant. Without it the local CA issues one.",
      ),
    key: z.string().optional().describe("PEM file with the private key of that certificate."),
    chain: z
      .string()
      .optional()
      .describe("PEM file with the certificates between the server's and its root, where they are in a file of their own."),
    passphrase: secretReferenceSchema.optional().describe("Opens an encrypted key."),
    acme: acmeSchema
      .optional()
      .describe("Have the certificate issued, and renewed before it ends, by an authority such as Let's Encrypt."),
    clientCa: z.string().optional().describe("PEM file with the authorities of client certificates. Without it none is asked for."),
    clientCertificate: z
      .enum(["optional", "required"])
      .default("optional")
      .describe("With `clientCa`: whether a client without an accepted certificate gets a connection at all."),
    crl: z.string().optional().describe("PEM file with revocation lists of the client authorities."),
    alpn: z
      .array(z.string().min(1).max(255))
      .min(1)
      .default(["mqtt"])
      .describe("What MQTT clients may offer by ALPN, first choice first; clients that offer none come in."),
    requireSni: z
      .boolean()
      .default(false)
      .describe("Refuse TLS clients that name no host. Off, since clients on one machine often connect by address."),
    reloadSeconds: wholeNumber(0, 86_400, "seconds")
      .default(10)
      .describe(
        "How often the files above are looked at; changed ones are loaded, and bad ones leave the old in force. 0 for never.",
      ),
  })
  .refine((value) => (value.certificate === undefined) === (value.key === undefined), {
    error: "needs both certificate and key, or neither",
  })
  .refine((value) => value.acme === undefined || value.certificate === undefined, {
    error: "needs either acme, or certificate and key",
  })
  .refine((value) => value.clientCa !== undefined || (value.crl === undefined && value.clientCertificate === "optional"), {
    error: "needs clientCa where crl or clientCertificate is given",
  });
