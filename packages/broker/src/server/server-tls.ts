import type { BrokerConfig } from "../config/broker-config.ts";
import { readCertificateFiles } from "../tls/certificate-files.ts";
import { type LocalCa, openLocalCa, openLocalCertificate, openNamedCertificate } from "../tls/local-ca.ts";
import { TenantTable } from "../tls/tenant-directory.ts";
import { TenantTls } from "../tls/tenant-tls.ts";
import { DEFAULT_TENANT } from "../tenants/tenant.ts";

export interface ServerTls {
  tenants: TenantTable;
  /** Undefined when the configuration brings a certificate of its own. */
  localCa: LocalCa | undefined;
}

/**
 * The certificates of the TLS listeners: those of the configuration, else of the data folder's own authority.
 *
 * @throws MqttError CERTIFICATE_UNREADABLE, KEY_MISMATCH
 */
export async function openServerTls(config: BrokerConfig, folder: string): Promise<ServerTls> {
  const { certificate, key } = config.tls;
  if (certificate !== undefined && key !== undefined) {
    const material = await readCertificateFiles({ certificateFile: certificate, keyFile: key });
    return { tenants: new TenantTable(new TenantTls({ tenant: DEFAULT_TENANT, material }), material.dnsNames), localCa: undefined };
  }
  const localCa = await openLocalCa({ folder });
  const material = await openLocalCertificate(localCa, { folder });
  const named = await openNamedCertificate(localCa, { folder });
  return { tenants: new TenantTable(new TenantTls({ tenant: DEFAULT_TENANT, material, named })), localCa };
}
