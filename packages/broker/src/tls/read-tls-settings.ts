import { createSecureContext } from "node:tls";
import { MqttError } from "@bowline/protocol";
import { readSecret } from "../config/secret-reference.ts";
import type { TlsConfig } from "../config/tls-schema.ts";
import { type CertificateMaterial, certificateBlocks, pemBlocks, readCertificateFiles, readPem } from "./certificate-files.ts";
import type { TenantTlsSettings } from "./tenant-tls.ts";

/**
 * Reads the files of the configuration into what a tenant's TLS is made of. `issued` brings the certificate that ACME has got, if it has
 * one, and `local` the one for where there is no other.
 *
 * @throws MqttError CERTIFICATE_UNREADABLE, KEY_MISMATCH, CONFIG_INVALID of the passphrase
 */
export async function readTlsSettings(
  config: TlsConfig,
  issued: () => Promise<CertificateMaterial | undefined>,
  local: () => Promise<Pick<TenantTlsSettings, "material" | "named">>,
): Promise<TenantTlsSettings> {
  const settings: TenantTlsSettings = {
    ...(config.acme === undefined ? await ownOrLocal(config, local) : await issuedAndLocal(issued, local)),
    ...(await clientTrust(config)),
    alpnProtocols: config.alpn,
  };
  mustBeUsable(settings, config);
  return settings;
}

/** Every file whose change changes what `readTlsSettings` answers. */
export function tlsFiles({ certificate, key, chain, clientCa, crl, passphrase }: TlsConfig): string[] {
  const secret = passphrase !== undefined && "file" in passphrase ? passphrase.file : undefined;
  return [certificate, key, chain, clientCa, crl, secret].filter((file) => file !== undefined);
}

type Shown = Pick<TenantTlsSettings, "material" | "named">;

async function ownOrLocal(config: TlsConfig, local: () => Promise<Shown>): Promise<Shown> {
  const material = await ownMaterial(config);
  return material === undefined ? local() : { material };
}

/** The names of this machine are none that an authority issues for; whoever trusts the local one goes on by them. */
async function issuedAndLocal(issued: () => Promise<CertificateMaterial | undefined>, local: () => Promise<Shown>): Promise<Shown> {
  const [material, own] = [await issued(), await local()];
  return material === undefined ? own : { ...own, material };
}

/** @throws MqttError CERTIFICATE_UNREADABLE, KEY_MISMATCH, CONFIG_INVALID of the passphrase */
export async function ownMaterial({ certificate, key, chain, passphrase }: TlsConfig): Promise<CertificateMaterial | undefined> {
  if (certificate === undefined || key === undefined) return undefined;
  return readCertificateFiles({
    certificateFile: certificate,
    keyFile: key,
    ...(chain === undefined ? {} : { chainFile: chain }),
    ...(passphrase === undefined ? {} : { passphrase: (await readSecret(passphrase)).reveal() }),
  });
}

async function clientTrust(config: TlsConfig): Promise<Pick<TenantTlsSettings, "clientCa" | "crl" | "requiresClientCertificate">> {
  const { clientCa, crl, clientCertificate } = config;
  if (clientCa === undefined) return {};
  return {
    clientCa: certificateBlocks(await readPem(clientCa), clientCa).join("\n"),
    requiresClientCertificate: clientCertificate === "required",
    ...(crl === undefined ? {} : { crl: revocationLists(await readPem(crl), crl) }),
  };
}

/** @throws MqttError CERTIFICATE_UNREADABLE */
export function revocationLists(pem: string, file: string): string[] {
  const blocks = pemBlocks(pem, "X509 CRL", file);
  if (blocks.length > 0) return blocks;
  throw new MqttError("CERTIFICATE_UNREADABLE", { detail: `${file}: it holds no PEM revocation list` });
}

/** What only OpenSSL can say, before anything is replaced. */
function mustBeUsable({ material, clientCa, crl }: TenantTlsSettings, config: TlsConfig): void {
  try {
    createSecureContext({
      cert: material.certificate,
      key: material.privateKey,
      ...(clientCa === undefined ? {} : { ca: clientCa }),
      ...(crl === undefined ? {} : { crl: [...crl] }),
    });
  } catch (cause) {
    const files = [config.certificate, config.key, config.clientCa, config.crl].filter((file) => file !== undefined).join(", ");
    throw new MqttError("CERTIFICATE_UNREADABLE", { detail: `${files}: ${(cause as Error).message}`, cause });
  }
}
