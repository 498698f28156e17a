import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { MqttError } from "@bowline/protocol";

/** A private key and its certificate, checked to belong together. */
export interface CertificateMaterial {
  /** PEM: the server's own certificate first, then those between it and its root. */
  readonly certificate: string;
  /** PEM, never encrypted. */
  readonly privateKey: string;
  /** When the first certificate ends to be valid. */
  readonly notAfter: Date;
  /** DNS names of the first certificate, in lower case; wildcards as they stand there. */
  readonly dnsNames: readonly string[];
}

export interface CertificateFiles {
  /** PEM file with the server's certificate, optionally followed by its chain (a `fullchain.pem`). */
  readonly certificateFile: string;
  /** PEM file with the private key. */
  readonly keyFile: string;
  /** PEM file with the certificates between the server's and its root, when they are in a file of their own. */
  readonly chainFile?: string;
  /** Opens an encrypted private key. */
  readonly passphrase?: string;
}

/** @throws MqttError CERTIFICATE_UNREADABLE (its detail names the file), KEY_MISMATCH */
export async function readCertificateFiles(files: CertificateFiles): Promise<CertificateMaterial> {
  const certificates = certificateBlocks(await readPem(files.certificateFile), files.certificateFile);
  const chain = files.chainFile === undefined ? [] : certificateBlocks(await readPem(files.chainFile), files.chainFile);
  const key = parsePrivateKey(await readPem(files.keyFile), files.keyFile, files.passphrase);
  return checkedMaterial([...certificates, ...chain], key, files.certificateFile, files.keyFile);
}

/**
 * Puts certificates and key together.
 *
 * @throws MqttError KEY_MISMATCH
 */
export function checkedMaterial(
  certificates: readonly string[],
  key: KeyObject,
  certificateFile: string,
  keyFile: string,
): CertificateMaterial {
  const leaf = new X509Certificate(certificates[0] as string);
  if (!leaf.checkPrivateKey(key)) {
    throw new MqttError("KEY_MISMATCH", { detail: `${keyFile} is not the key of ${certificateFile}` });
  }
  return {
    certificate: certificates.join("\n"),
    privateKey: key.export({ type: "pkcs8", format: "pem" }).toString(),
    notAfter: new Date(leaf.validTo),
    dnsNames: dnsNamesOf(leaf),
  };
}

/** @throws MqttError CERTIFICATE_UNREADABLE */
export async function readPem(file: string): Promise<string> {
  try {
    return await readFile(file, "latin1");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const reason = READ_FAULTS[code ?? ""] ?? String(code);
    throw unreadable(file, reason, cause);
  }
}

/**
 * The blocks of a PEM text with this label.
 *
 * @throws MqttError CERTIFICATE_UNREADABLE when one has no end: a file that is just being written, which would be a shorter list
 */
export function pemBlocks(pem: string, label: string, file: string): string[] {
  const rest = pem.replace(/-----BEGIN ([A-Z0-9 ]+)-----(?:(?!-----BEGIN)[\s\S])*?-----END \1-----/g, "");
  const [, cut] = /-----BEGIN ([A-Z0-9 ]+)/.exec(rest) ?? [];
  if (cut !== undefined) throw unreadable(file, `it is cut off: a ${cut} in it has no end`);
  return pem.match(new RegExp(`-----BEGIN ${label}-----[\\s\\S]*?-----END ${label}-----`, "g")) ?? [];
}

/**
 * The certificates of a PEM text, each of which can be parsed.
 *
 * @throws MqttError CERTIFICATE_UNREADABLE
 */
export function certificateBlocks(pem: string, file: string): string[] {
  const blocks = pemBlocks(pem, "CERTIFICATE", file);
  if (blocks.length === 0) throw unreadable(file, `it holds no PEM certificate${whatElse(pem)}`);
  for (const [index, block] of blocks.entries()) {
    try {
      new X509Certificate(block);
    } catch (cause) {
      throw unreadable(file, `certificate ${index + 1} in it is damaged`, cause);
    }
  }
  return blocks;
}

/** @throws MqttError CERTIFICATE_UNREADABLE */
export function parsePrivateKey(pem: string, file: string, passphrase?: string): KeyObject {
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) throw unreadable(file, `it holds no PEM private key${whatElse(pem)}`);
  try {
    return createPrivateKey({ key: pem, format: "pem", ...(passphrase === undefined ? {} : { passphrase }) });
  } catch (cause) {
    const isEncrypted = /ENCRYPTED/.test(pem);
    const reason = !isEncrypted
      ? "the key in it is damaged"
      : passphrase === undefined
        ? "its key needs a passphrase"
        : "the passphrase is wrong";
    throw unreadable(file, reason, cause);
  }
}

function dnsNamesOf(certificate: X509Certificate): string[] {
  const names = certificate.subjectAltName?.split(", ") ?? [];
  return names.filter((name) => name.startsWith("DNS:")).map((name) => name.slice(4).toLowerCase());
}

/** The three common mix-ups, said in the words of whoever made them. */
function whatElse(content: string): string {
  if (content.trim() === "") return " (it is empty)";
  if (content.charCodeAt(0) === 0x30) return " (it looks like DER: convert it with openssl x509 -inform der)";
  const found = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(content)?.[1];
  return found === undefined ? "" : ` (it holds a ${found})`;
}

const READ_FAULTS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "this user may not read it",
  EISDIR: "it is a folder",
};

function unreadable(file: string, reason: string, cause?: unknown): MqttError {
  return new MqttError("CERTIFICATE_UNREADABLE", { detail: `${file}: ${reason}`, ...(cause === undefined ? {} : { cause }) });
}
