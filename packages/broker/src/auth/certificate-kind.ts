import { z } from "zod";
import type { AuthenticatorKind } from "./authenticator-kind.ts";
import { CertificateMethod, type CertificateOwner } from "./certificate-method.ts";

/** The client certificates that the authorities of `tls.clientCa` vouch for. */
export interface CertificateConfig {
  /** Client certificates that the authorities of `tls.clientCa` vouch for. */
  kind: "certificate";
  /**
   * Which name of the certificate says who the client is: the Common Name, or the first alternative name of that type. Default:
   * "commonName".
   */
  owner: CertificateOwner;
}

/** @see CertificateConfig */
export type CertificateInput = { kind: "certificate" } & {
  [K in keyof Omit<CertificateConfig, "kind">]?: CertificateConfig[K] | undefined;
};

/** @see CertificateConfig */
export const certificateKind: AuthenticatorKind<CertificateConfig, CertificateInput> = {
  schema: z.strictObject({
    kind: z.literal("certificate").describe("Client certificates that the authorities of `tls.clientCa` vouch for."),
    owner: z
      .enum(["commonName", "dns", "email", "uri"])
      .default("commonName")
      .describe(
        "Which name of the certificate says who the client is: the Common Name, or the first alternative name of that type.",
      ),
  }),
  open: ({ owner }) => Promise.resolve({ method: new CertificateMethod(owner) }),
};
