import type { BrokerConfig } from "../config/broker-config.ts";
import { AcmeFiles } from "../tls/acme/acme-files.ts";
import { type LocalCa, openLocalCa, openLocalCertificate, openNamedCertificate } from "../tls/local-ca.ts";
import { readTlsSettings } from "../tls/read-tls-settings.ts";
import { TenantTable } from "../tls/tenant-directory.ts";
import { TenantTls, type TenantTlsSettings } from "../tls/tenant-tls.ts";
import { DEFAULT_TENANT } from "../tenants/tenant.ts";
import { TenantNames } from "../tenants/tenant-names.ts";
import type { Staged } from "./staged.ts";

/** New certificates and authorities, ready to be put in force. */
export interface StagedTls extends Staged {
  /** What listeners find their tenants in, then as now. Undefined when no listener speaks TLS. */
  readonly tenants: TenantTable | undefined;
}

/** The certificates of the TLS listeners: those of the configuration or of ACME, else of the data folder's own authority. */
export class ServerTls {
  readonly #folder: string;
  /** Which tenant each host name leads to, with TLS and without. */
  readonly names: TenantNames = new TenantNames();
  #tenants: TenantTable | undefined;
  #localCa: LocalCa | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Undefined while no listener speaks TLS, or the configuration brings a certificate of its own. */
  get localCa(): LocalCa | undefined {
    return this.#localCa;
  }

  /** When the certificate in force ends to be valid; undefined without TLS. */
  get notAfter(): Date | undefined {
    return this.#tenants?.default.material.notAfter;
  }

  /**
   * Reads everything anew.
   *
   * @throws MqttError CERTIFICATE_UNREADABLE, KEY_MISMATCH, CONFIG_INVALID, and then nothing has changed
   */
  async stage(config: BrokerConfig, needsTls: boolean): Promise<StagedTls> {
    if (!needsTls) return { tenants: this.#tenants, commit: () => this.names.set(DEFAULT_TENANT, config.hosts), undo() {} };
    let localCa: LocalCa | undefined;
    const settings = await readTlsSettings(
      config.tls,
      async () => (await new AcmeFiles(this.#folder).readCertificate())?.material,
      async () => {
        localCa = await openLocalCa({ folder: this.#folder });
        return this.#local(localCa);
      },
    );
    // A local certificate needs no names: it serves this machine's, which always belong to the listener's tenant.
    const own = localCa === undefined ? settings.material.dnsNames : [];
    const tenants = this.#tenants ?? new TenantTable(new TenantTls({ tenant: DEFAULT_TENANT, ...settings }), [], this.names);
    const commit = (): void => {
      if (this.#tenants !== undefined) tenants.default.replace(settings);
      this.names.set(DEFAULT_TENANT, [...config.hosts, ...(config.tls.acme?.names ?? []), ...own]);
      this.#tenants = tenants;
      this.#localCa = localCa;
    };
    return { tenants, commit, undo() {} };
  }

  async #local(ca: LocalCa): Promise<Pick<TenantTlsSettings, "material" | "named">> {
    const folder = this.#folder;
    return { material: await openLocalCertificate(ca, { folder }), named: await openNamedCertificate(ca, { folder }) };
  }
}
