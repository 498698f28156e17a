import type { ErrorCode } from "../errors/catalogue.ts";

/** What OpenSSL's certificate check is called in Node, and which code of ours each is before the chain itself is looked at. */
const codes: Readonly<Record<string, ErrorCode>> = {
  UNABLE_TO_GET_ISSUER_CERT: "TLS_CA_IS_INTERMEDIATE",
  CERT_NOT_YET_VALID: "TLS_NOT_YET",
  CERT_HAS_EXPIRED: "TLS_EXPIRED",
  DEPTH_ZERO_SELF_SIGNED_CERT: "TLS_SELF_SIGNED",
  SELF_SIGNED_CERT_IN_CHAIN: "TLS_PRIVATE_ROOT",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "TLS_MISSING_ROOT",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "TLS_UNKNOWN_CA",
  CERT_CHAIN_TOO_LONG: "TLS_CERT_REJECTED",
  CERT_REVOKED: "TLS_REVOKED",
  INVALID_CA: "TLS_CERT_REJECTED",
  PATH_LENGTH_EXCEEDED: "TLS_CERT_REJECTED",
  INVALID_PURPOSE: "TLS_CERT_REJECTED",
  CERT_UNTRUSTED: "TLS_UNKNOWN_CA",
  CERT_REJECTED: "TLS_CERT_REJECTED",
  CERT_SIGNATURE_FAILURE: "TLS_CERT_REJECTED",
  HOSTNAME_MISMATCH: "TLS_SAN",
  ERR_TLS_CERT_ALTNAME_INVALID: "TLS_SAN",
};

// `tls.connect` with another runtime, and wrapped errors, give the text instead of the name.
const texts: readonly (readonly [text: RegExp, name: string])[] = [
  [/unable to verify the first certificate/i, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
  [/unable to get local issuer certificate/i, "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"],
  [/unable to get issuer certificate/i, "UNABLE_TO_GET_ISSUER_CERT"],
  [/self.signed certificate in certificate chain/i, "SELF_SIGNED_CERT_IN_CHAIN"],
  [/self.signed certificate/i, "DEPTH_ZERO_SELF_SIGNED_CERT"],
  [/certificate has expired/i, "CERT_HAS_EXPIRED"],
  [/certificate is not yet valid/i, "CERT_NOT_YET_VALID"],
  [/does not match certificate's altnames/i, "ERR_TLS_CERT_ALTNAME_INVALID"],
];

/** OpenSSL's name of a failed certificate check, found in an error's code or text. */
export function certificateCheckOf(text: string): string | undefined {
  for (const name of text.match(/[A-Z][A-Z_]{8,}/g) ?? []) if (Object.hasOwn(codes, name)) return name;
  return texts.find(([pattern]) => pattern.test(text))?.[1];
}

/** The code of a failed check, judged by its name alone. */
export function certificateCode(check: string): ErrorCode {
  return codes[check] ?? "TLS_CERT_REJECTED";
}
