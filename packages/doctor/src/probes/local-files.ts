import { createSecureContext } from "node:tls";
import { type AttemptFacts, errorFactsOf } from "@bowline/protocol/internal";
import type { DoctorOptions } from "../options.ts";
import { readCertificates } from "./inspect-chain.ts";

/** P0: what the files of this side say before anything is sent. */
export interface LocalFiles {
  /** Facts of a certificate and key that no handshake can use. */
  readonly unusable?: AttemptFacts;
  /** Why `ca` trusts nobody. */
  readonly badAuthority?: string;
  /** Since when the client certificate is out of date. */
  readonly expiredSince?: Date;
}

export function checkLocalFiles({ ca, cert, key, passphrase }: DoctorOptions, nowMs: number): LocalFiles {
  const badAuthority = ca === undefined || readCertificates(ca).length > 0 ? {} : { badAuthority: whatIsIt(ca) };
  if (cert === undefined && key === undefined) return badAuthority;
  try {
    createSecureContext({
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(passphrase === undefined ? {} : { passphrase }),
    });
  } catch (error) {
    return { ...badAuthority, unusable: { milestone: "started", errors: errorFactsOf(error) } };
  }
  const [own] = readCertificates(cert ?? "");
  const isExpired = own !== undefined && Date.parse(own.validTo) < nowMs;
  return { ...badAuthority, ...(isExpired ? { expiredSince: new Date(own.validTo) } : {}) };
}

/** Node takes any text as `ca`, and trusts nobody then. */
function whatIsIt(text: string): string {
  if (text.trim() === "") return "the file is empty";
  if (text.includes("PRIVATE KEY")) return "the file holds a private key";
  if (text.startsWith("0\u0082") || text.startsWith("0\ufffd")) return "the file is DER, not PEM";
  if (text.includes("BEGIN CERTIFICATE")) return "no certificate in it can be read";
  return text.length < 500 && /[/\\]/.test(text) && !text.includes("\n")
    ? "it is a path, not its content"
    : "it has no BEGIN CERTIFICATE line";
}
