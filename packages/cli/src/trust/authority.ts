import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { MqttError } from "@bowline/protocol";

/** The local authority as the trust stores are told of it. */
export interface Authority {
  /** Its certificate's file. */
  file: string;
  pem: string;
  /** SHA-256 of the certificate, in capital hexadecimal digits with colons. */
  fingerprint: string;
  /** What stores list it as; a part of the fingerprint keeps the authorities of two data folders apart. */
  nickname: string;
  validTo: Date;
}

/** @throws MqttError CERTIFICATE_UNREADABLE */
export async function readAuthority(file: string): Promise<Authority> {
  try {
    const pem = await readFile(file, "utf8");
    const certificate = new X509Certificate(pem);
    const fingerprint = certificate.fingerprint256;
    const nickname = `Bowline local CA ${fingerprint.replaceAll(":", "").slice(0, 12)}`;
    return { file, pem, fingerprint, nickname, validTo: new Date(certificate.validTo) };
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? "it is no certificate";
    const remedy = "Run bowline up once, which makes the authority, or give its data folder with --data.";
    throw new MqttError("CERTIFICATE_UNREADABLE", { detail: `${file} (${reason})`, remedy, cause });
  }
}

/** Whether two PEM texts hold the same certificate, however they are wrapped. */
export function isSameCertificate(a: string, b: string): boolean {
  try {
    return new X509Certificate(a).fingerprint256 === new X509Certificate(b).fingerprint256;
  } catch {
    return false;
  }
}
