import type { BrokerConfig } from "../config/broker-config.ts";
import { AcmeFiles } from "../tls/acme/acme-files.ts";
import type { CertificateMaterial } from "../tls/certificate-files.ts";
import { type LocalCa, openLocalCa, openLocalCertificate, openNamedCertificate } from "../tls/local-ca.ts";
import { readTlsSettings } from "../tls/read-tls-settings.ts";
import { TenantTable } from "../tls/tenant-directory.ts";
import { readTenantTls, type SharedTls } from "../tls/tenant-certificates.ts";
import { TenantTls, type TenantTlsSettings } from "../tls/tenant-tls.ts";
import { DEFAULT_TENANT } from "../tenants/tenant.ts";
import type { TenantSettings } from "../tenants/tenant-settings.ts";
import { TenantNames } from "../tenants/tenant-names.ts";
import type { Staged } from "./staged.ts";

/** New certificates and authorities, ready to be put in force. */
export interface StagedTls extends Staged {
  /** What listeners find their tenants in, then as now. Undefined when no listener speaks TLS. */
  readonly tenants: TenantTable | undefined;
}

/** The tenants beside `default`. */
export interface OtherTenants {
  list(): readonly TenantSettings[];
  /** Its files cannot be used: what it had stays in force, and one that had nothing has no TLS. */
  failed(tenant: string, cause: unknown): void;
}

/** The certificates of the TLS listeners: those of the configuration or of ACME, else of the data folder's own authority. */
export class ServerTls {
  readonly #folder: string;
  /** Which tenant each host name leads to, with TLS and without. */
  readonly names: TenantNames = new TenantNames();
  readonly #others: OtherTenants;
  #tenants: TenantTable | undefined;
  #localCa: LocalCa | undefined;
  #shared: SharedTls | undefined;

  constructor(folder: string, others: OtherTenants = { list: () => [], failed: () => {} }) {
    this.#folder = folder;
    this.#others = others;
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
    if (!needsTls) return { tenants: this.#tenants, commit: () => this.#setNames(config.hosts), undo() {} };
    let localCa: LocalCa | undefined;
    let issued: CertificateMaterial | undefined;
    const settings = await readTlsSettings(
      config.tls,
      async () => (issued = (await new AcmeFiles(this.#folder).readCertificate())?.material),
      async () => {
        localCa = await openLocalCa({ folder: this.#folder });
        return this.#local(localCa);
      },
    );
    // A local certificate needs no names: it serves this machine's, which always belong to the listener's tenant.
    const material = issued ?? (localCa === undefined ? settings.material : undefined);
    const own = material?.dnsNames ?? [];
    const tenants = this.#tenants ?? new TenantTable(new TenantTls({ tenant: DEFAULT_TENANT, ...settings }), [], this.names);
    const shared: SharedTls = {
      folder: this.#folder,
      config: config.tls,
      material,
    };
    const others = await this.#readOthers(shared);
    const commit = (): void => {
      if (this.#tenants !== undefined) tenants.default.replace(settings);
      this.#setNames([
        ...config.hosts,
        ...(config.tls.acme?.names ?? []),
        ...own.filter((name) => name !== `*.${config.tenants.baseDomain}`),
      ]);
      this.#tenants = tenants;
      this.#shared = shared;
      for (const [tenant, its] of others) this.#putOther(tenants, tenant, its);
      this.#localCa = localCa;
    };
    return { tenants, commit, undo() {} };
  }

  /**
   * A tenant comes: answers how to let it in.
   *
   * @throws MqttError CERTIFICATE_UNREADABLE, KEY_MISMATCH, OPTION_INVALID
   */
  async prepare(tenant: TenantSettings): Promise<() => void> {
    const [tenants, shared] = [this.#tenants, this.#shared];
    const settings = tenants === undefined || shared === undefined ? undefined : await readTenantTls(tenant, shared);
    return () => {
      this.names.set(tenant.name, tenant.hosts);
      if (settings !== undefined) this.#putOther(tenants!, tenant, settings);
    };
  }

  /** A tenant goes: nobody finds it any more. */
  remove(tenant: string): void {
    this.names.remove(tenant);
    this.#tenants?.remove(tenant);
  }

  #setNames(ofDefault: readonly string[]): void {
    this.names.set(DEFAULT_TENANT, ofDefault);
    // After it, so that a name which both have is the tenant's.
    for (const { name, hosts } of this.#others.list()) this.names.set(name, hosts);
  }

  async #readOthers(shared: SharedTls): Promise<[TenantSettings, TenantTlsSettings][]> {
    const read: [TenantSettings, TenantTlsSettings][] = [];
    for (const tenant of this.#others.list()) {
      try {
        read.push([tenant, await readTenantTls(tenant, shared)]);
      } catch (cause) {
        this.#others.failed(tenant.name, cause);
      }
    }
    return read;
  }

  #putOther(tenants: TenantTable, { name, hosts }: TenantSettings, settings: TenantTlsSettings): void {
    const known = tenants.byTenant(name);
    if (known === undefined) tenants.add(new TenantTls({ tenant: name, ...settings }), hosts);
    else known.replace(settings);
  }

  async #local(ca: LocalCa): Promise<Pick<TenantTlsSettings, "material" | "named">> {
    const folder = this.#folder;
    return { material: await openLocalCertificate(ca, { folder }), named: await openNamedCertificate(ca, { folder }) };
  }
}
