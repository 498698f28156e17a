import { X509Certificate } from "node:crypto";
import { type AuthenticationMethod, AuthReasonCode, type AuthRequest, type AuthResult, refuse } from "./authenticator.ts";
import { ownerFault } from "./granted-login.ts";

/** Which name of a certificate says who the client is. */
export type CertificateOwner = "commonName" | "dns" | "email" | "uri";

const TYPE: Readonly<Record<Exclude<CertificateOwner, "commonName">, string>> = { dns: "DNS", email: "email", uri: "URI" };

/**
 * Knows clients by their certificate, which the handshake has verified: authorities, time and revocation lists. A user name beside it is
 * not looked at. The connection ends with the certificate.
 */
export class CertificateMethod implements AuthenticationMethod {
  readonly #owner: CertificateOwner;

  constructor(owner: CertificateOwner) {
    this.#owner = owner;
  }

  answerNow({ peerCertificate, peerCommonName }: AuthRequest): AuthResult | "abstain" {
    if (peerCertificate === undefined) return peerCommonName === undefined ? "abstain" : this.#answerToName(peerCommonName);
    const certificate = new X509Certificate(peerCertificate);
    const owner =
      this.#owner === "commonName"
        ? commonNameOf(certificate)
        : firstAlternativeName(certificate.subjectAltName ?? "", TYPE[this.#owner]);
    const fault = faultOf(owner);
    if (fault !== undefined)
      return refuse(AuthReasonCode.NotAuthorized, `the certificate's ${this.#owner} cannot be used: ${fault}`);
    return { allowed: true, owner: owner!, expiresAt: Date.parse(certificate.validTo) };
  }

  /** The proxy looks at the certificate's end at each handshake; here nobody knows it. */
  #answerToName(owner: string): AuthResult {
    if (this.#owner !== "commonName")
      return refuse(
        AuthReasonCode.NotAuthorized,
        `the proxy tells the certificate's Common Name, and the ${this.#owner} is wanted`,
      );
    const fault = faultOf(owner);
    if (fault === undefined) return { allowed: true, owner };
    return refuse(AuthReasonCode.NotAuthorized, `the certificate's Common Name cannot be used: ${fault}`);
  }

  answer(request: AuthRequest): Promise<AuthResult | "abstain"> {
    return Promise.resolve(this.answerNow(request));
  }
}

function faultOf(owner: string | undefined): string | undefined {
  if (owner === undefined) return "there is none, or not one alone";
  return owner === "" ? "it is empty" : ownerFault(owner);
}

/** Of several, none is the one. */
export function commonNameOf(certificate: X509Certificate): string | undefined {
  const { CN } = certificate.toLegacyObject().subject as { CN?: string | string[] };
  return typeof CN === "string" ? CN : undefined;
}

const ALTERNATIVE_NAME = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^"]*?)(?:, |$)/y;

/**
 * The first name of a type in the text that Node makes of them: `DNS:a.example, URI:b:c, DNS:"odd, email:x"`. What could be taken for two
 * names stands in quotes there and is the name of nobody, so that no part of it is either.
 */
export function firstAlternativeName(text: string, type: string): string | undefined {
  ALTERNATIVE_NAME.lastIndex = 0;
  while (ALTERNATIVE_NAME.lastIndex < text.length) {
    const [, its, name = ""] = ALTERNATIVE_NAME.exec(text) ?? [];
    if (its === undefined) return undefined;
    if (its === type) return name.startsWith('"') ? undefined : name;
  }
  return undefined;
}
