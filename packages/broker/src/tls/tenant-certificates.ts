import { join } from "node:path";
import { rm } from "node:fs/promises";
import type { TlsConfig } from "../config/tls-schema.ts";
import type { TenantSettings, TenantTlsFiles } from "../tenants/tenant-settings.ts";
import type { CertificateMaterial } from "./certificate-files.ts";
import { openLocalCa, openTenantCertificate } from "./local-ca.ts";
import { readTlsSettings } from "./read-tls-settings.ts";
import type { TenantTlsSettings } from "./tenant-tls.ts";

/** What the tenants share of the configuration. */
export interface SharedTls {
  /** The data folder. */
  readonly folder: string;
  readonly config: TlsConfig;
  /** The configuration's own certificate, which may be a wildcard; undefined where the local authority made one. */
  readonly material: CertificateMaterial | undefined;
}

/**
 * What the TLS of a tenant is made of: its own files, else the configuration's certificate where that has all of its hosts, else one of
 * the local authority.
 *
 * @throws MqttError CERTIFICATE_UNREADABLE, KEY_MISMATCH, OPTION_INVALID for a host that nobody vouches for
 */
export function readTenantTls({ name, hosts, tls = {} }: TenantSettings, shared: SharedTls): Promise<TenantTlsSettings> {
  const { folder, config, material } = shared;
  return readTlsSettings(filesAsConfig(tls, config), noOrder, async () => {
    if (material !== undefined && hosts.every((host) => hasName(material, host))) return { material };
    const ca = await openLocalCa({ folder });
    return { material: await openTenantCertificate(ca, { folder }, name, hosts) };
  });
}

/** Its certificate and key go with it. */
export async function forgetTenantTls(folder: string, tenant: string): Promise<void> {
  await rm(join(folder, "tenants", tenant), { recursive: true, force: true });
}

/** Whether one of the names of a certificate is the host, or a wildcard of one label that stands for it. */
function hasName({ dnsNames }: CertificateMaterial, host: string): boolean {
  return dnsNames.includes(host) || dnsNames.includes(host.replace(/^[^.]+/, "*"));
}

/** Of the configuration a tenant shares what is no file. */
function filesAsConfig(files: TenantTlsFiles, { alpn }: TlsConfig): TlsConfig {
  return { ...files, clientCertificate: files.clientCertificate ?? "optional", alpn, requireSni: false, reloadSeconds: 0 };
}

function noOrder(): Promise<undefined> {
  return Promise.resolve(undefined);
}
