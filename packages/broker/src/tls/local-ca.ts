import { createPrivateKey, webcrypto, X509Certificate } from "node:crypto";
import { access, mkdir } from "node:fs/promises";
import { isIP } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import { MqttError } from "@bowline/protocol";
import { type CertificateMaterial, certificateBlocks, checkedMaterial, parsePrivateKey, readPem } from "./certificate-files.ts";
import { loadX509 } from "./load-x509.ts";
import { encodeNameConstraints, NAME_CONSTRAINTS_OID, readPermittedDnsNames } from "./name-constraints.ts";
import { writeAtomically } from "./write-atomically.ts";

/** Long, since each new authority must be trusted by hand again. */
const CA_DAYS = 3650;
/** Browsers refuse server certificates that are valid for more than 398 days. */
const LEAF_DAYS = 396;
const RENEW_BEFORE_DAYS = 30;
const DAY_MS = 86_400_000;
/** Certificates begin in the past, so that a machine whose clock is a little behind accepts them. */
const BACKDATED_MS = DAY_MS;

/**
 * The authority for development: made once in a data folder, then trusted by the user's browsers. Name constraints keep it harmless
 * elsewhere: whoever steals its key can impersonate this machine to itself, and nobody else.
 */
export interface LocalCa {
  /** PEM of the authority's certificate: what clients trust. */
  readonly certificate: string;
  /** Where that PEM lies. */
  readonly certificateFile: string;
  /** What its certificates may name: localhost with everything under it, the loopback addresses, and the machine's name it was made on. */
  readonly permittedNames: readonly string[];
  /**
   * Makes a key and a certificate for the names (DNS names and addresses), valid for 396 days. Nothing is written to disk. A certificate
   * serves one purpose: servers (the default) or clients.
   *
   * @throws MqttError CERTIFICATE_UNREADABLE, KEY_MISMATCH when the authority's key is missing, damaged or another one.
   */
  issue(names: readonly string[], purpose?: CertificatePurpose): Promise<CertificateMaterial>;
}

export type CertificatePurpose = "server" | "client";

export interface LocalCaOptions {
  /** The data folder; made with mode 700 when it is not there. Files: ca.pem, and with mode 600 ca-key.pem, server.pem, server-names.pem. */
  readonly folder: string;
  /** Default: what the operating system says. */
  readonly machineName?: string;
  /** Wall time in ms since 1970. Default `Date.now`. */
  readonly now?: () => number;
}

/**
 * Opens the authority of a data folder, or makes it.
 *
 * @throws MqttError CERTIFICATE_UNREADABLE
 */
export async function openLocalCa(options: LocalCaOptions): Promise<LocalCa> {
  const now = options.now ?? Date.now;
  const certificateFile = join(options.folder, "ca.pem");
  const keyFile = join(options.folder, "ca-key.pem");
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  // A key without a certificate is what a crash in makeAuthority leaves: nobody has trusted that authority yet.
  if (!(await exists(certificateFile))) await makeAuthority(certificateFile, keyFile, machineNameOf(options), now());
  const certificate = certificateBlocks(await readPem(certificateFile), certificateFile)[0] as string;
  return {
    certificate,
    certificateFile,
    permittedNames: readPermittedDnsNames(new X509Certificate(certificate).raw),
    issue: (names, purpose = "server") =>
      issueCertificate({ caCertificate: certificate, caFile: certificateFile, caKeyFile: keyFile, names, purpose, now: now() }),
  };
}

/**
 * The certificate of the tenant `default`: for localhost, the loopback addresses and the machine's name. Kept in server.pem and made anew
 * when fewer than 30 days remain, the names changed, or another authority made it.
 *
 * @throws MqttError CERTIFICATE_UNREADABLE, KEY_MISMATCH
 */
export async function openLocalCertificate(ca: LocalCa, options: LocalCaOptions): Promise<CertificateMaterial> {
  return openKept(ca, options, "server.pem", localNames(ca, machineNameOf(options)));
}

/**
 * A second certificate of the same tenant, for clients that ask for one of these names: it has nothing else in it. Under an authority
 * with name constraints Deno (rustls) takes no certificate that has a wildcard below a single label, and Bun (BoringSSL) none that
 * has an address. Kept in server-names.pem.
 *
 * @throws MqttError CERTIFICATE_UNREADABLE, KEY_MISMATCH
 */
export async function openNamedCertificate(ca: LocalCa, options: LocalCaOptions): Promise<NamedCertificate> {
  const names = localNames(ca, machineNameOf(options)).filter((name) => isIP(name) === 0 && !name.startsWith("*"));
  return { names, material: await openKept(ca, options, "server-names.pem", names) };
}

/**
 * The certificate of a tenant, for exactly its hosts. Kept in tenants/NAME/server.pem.
 *
 * @throws MqttError CERTIFICATE_UNREADABLE, KEY_MISMATCH, OPTION_INVALID for a host that the authority may not vouch for
 */
export async function openTenantCertificate(
  ca: LocalCa,
  options: LocalCaOptions,
  tenant: string,
  hosts: readonly string[],
): Promise<CertificateMaterial> {
  const foreign = hosts.find((host) => !ca.permittedNames.some((name) => host === name || host.endsWith(`.${name}`)));
  if (foreign !== undefined) {
    const remedy = "Give the tenant a certificate of its own, or the configuration one that has the name.";
    throw new MqttError("OPTION_INVALID", { detail: `the local authority makes no certificate for ${foreign}`, remedy });
  }
  const folder = join(options.folder, "tenants", tenant);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return openKept(ca, { ...options, folder }, "server.pem", hosts);
}

/** What answers a client that asks for exactly one of the names. */
export interface NamedCertificate {
  readonly names: readonly string[];
  readonly material: CertificateMaterial;
}

async function openKept(
  ca: LocalCa,
  options: LocalCaOptions,
  name: string,
  names: readonly string[],
): Promise<CertificateMaterial> {
  const file = join(options.folder, name);
  if (await exists(file)) {
    const kept = await readServerFile(file);
    if (isUsable(kept, ca, names, (options.now ?? Date.now)())) return kept;
  }
  const made = await ca.issue(names);
  // Key and certificate share a file, so that a crash never leaves one without the other.
  await writeAtomically(file, `${made.certificate}\n${made.privateKey}`, 0o600);
  return made;
}

async function readServerFile(file: string): Promise<CertificateMaterial> {
  const pem = await readPem(file);
  return checkedMaterial(certificateBlocks(pem, file), parsePrivateKey(pem, file), file, file);
}

function isUsable(material: CertificateMaterial, ca: LocalCa, names: readonly string[], now: number): boolean {
  const leaf = new X509Certificate(material.certificate);
  if (!leaf.verify(new X509Certificate(ca.certificate).publicKey)) return false;
  if (material.notAfter.getTime() - now < RENEW_BEFORE_DAYS * DAY_MS) return false;
  return subjectNames(leaf).sort().join() === names.map(normalizeName).sort().join();
}

/** The names a machine calls itself by. The machine's name is left out when the authority was made under another one. */
function localNames(ca: LocalCa, machineName: string | undefined): readonly string[] {
  const names = ["localhost", "*.localhost", "127.0.0.1", "::1"];
  const isKnown = machineName !== undefined && machineName !== "localhost" && ca.permittedNames.includes(machineName);
  return isKnown ? [...names, machineName] : names;
}

/** Undefined for names that cannot stand in a certificate, such as one with an underscore, and for an address. */
function machineNameOf(options: LocalCaOptions): string | undefined {
  const name = (options.machineName ?? hostname()).toLowerCase();
  const isName = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/.test(name) && name.length <= 253;
  return isName && isIP(name) === 0 ? name : undefined;
}

async function makeAuthority(
  certificateFile: string,
  keyFile: string,
  machineName: string | undefined,
  now: number,
): Promise<void> {
  const x509 = await loadX509();
  const keys = await webcrypto.subtle.generateKey(EC_P256, true, ["sign", "verify"]);
  const dnsNames = machineName === undefined || machineName === "localhost" ? ["localhost"] : ["localhost", machineName];
  const constraints = encodeNameConstraints({ dnsNames, subnets: ["127.0.0.0/8", "::1/128"] });
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [`Bowline local CA ${machineName ?? ""}`.trim()] }],
    notBefore: new Date(now - BACKDATED_MS),
    notAfter: new Date(now + CA_DAYS * DAY_MS),
    signingAlgorithm: ECDSA_SHA256,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      new x509.Extension(NAME_CONSTRAINTS_OID, true, constraints),
    ],
  });
  await writeAtomically(keyFile, await exportKey(keys.privateKey), 0o600);
  await writeAtomically(certificateFile, `${certificate.toString("pem")}\n`, 0o644);
}

interface Issue {
  readonly caCertificate: string;
  readonly caFile: string;
  readonly caKeyFile: string;
  readonly names: readonly string[];
  readonly purpose: CertificatePurpose;
  readonly now: number;
}

async function issueCertificate(issue: Issue): Promise<CertificateMaterial> {
  const x509 = await loadX509();
  const caKey = parsePrivateKey(await readPem(issue.caKeyFile), issue.caKeyFile);
  checkedMaterial([issue.caCertificate], caKey, issue.caFile, issue.caKeyFile);
  const signingKey = await webcrypto.subtle.importKey("pkcs8", caKey.export({ type: "pkcs8", format: "der" }), EC_P256, false, [
    "sign",
  ]);
  const authority = new x509.X509Certificate(issue.caCertificate);
  const keys = await webcrypto.subtle.generateKey(EC_P256, true, ["sign", "verify"]);
  const names = issue.names.map((name) => ({ type: isIP(name) === 0 ? ("dns" as const) : ("ip" as const), value: name }));
  const certificate = await x509.X509CertificateGenerator.create({
    subject: [{ CN: [issue.names[0] as string] }],
    issuer: authority.subjectName,
    notBefore: new Date(issue.now - BACKDATED_MS),
    notAfter: new Date(Math.min(issue.now + LEAF_DAYS * DAY_MS, authority.notAfter.getTime())),
    signingAlgorithm: ECDSA_SHA256,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage[issue.purpose === "server" ? "serverAuth" : "clientAuth"]]),
      new x509.SubjectAlternativeNameExtension(names),
      await x509.AuthorityKeyIdentifierExtension.create(authority),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const key = createPrivateKey(await exportKey(keys.privateKey));
  return checkedMaterial([certificate.toString("pem")], key, "the new certificate", "the new key");
}

const EC_P256 = { name: "ECDSA", namedCurve: "P-256" } as const;
const ECDSA_SHA256 = { name: "ECDSA", hash: "SHA-256" } as const;

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", key));
  return createPrivateKey({ key: der, format: "der", type: "pkcs8" }).export({ type: "pkcs8", format: "pem" }).toString();
}

function subjectNames(certificate: X509Certificate): string[] {
  const names = certificate.subjectAltName?.split(", ") ?? [];
  return names.map((name) => normalizeName(name.slice(name.indexOf(":") + 1)));
}

/** Node prints addresses of certificates in the long form. */
function normalizeName(name: string): string {
  return name.includes(":") ? new URL(`http://[${name}]`).hostname.slice(1, -1) : name.toLowerCase();
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== "ENOENT",
  );
}
