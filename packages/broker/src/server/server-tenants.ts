import { setTimeout as wait } from "node:timers/promises";
import { MqttError } from "@bowline/protocol";
import type { BrokerConfig } from "../config/broker-config.ts";
import type { Logger } from "../log/logger.ts";
import { forgetTenantTls } from "../tls/tenant-certificates.ts";
import type { Plan, Plans } from "../tenants/plan.ts";
import { DEFAULT_TENANT } from "../tenants/tenant.ts";
import type { ShownTenant, TenantInput, TenantSettings, TenantTlsFiles } from "../tenants/tenant-settings.ts";
import type { ConfigReload } from "./config-reload.ts";
import { FileWatch } from "./file-watch.ts";
import type { ServerCore } from "./server-core.ts";
import type { ServerTls } from "./server-tls.ts";

/** Rows of users, rules and bans that go with one transaction. */
const ROWS_AT_ONCE = 500;
/** What a crash loses of the usage. */
const MEASURE_EVERY_MS = 1_000;
/** As often as a full disk is tried again. */
const RETRY_MS = 5_000;

export interface ServerTenantsOptions {
  readonly core: ServerCore;
  readonly tls: ServerTls;
  readonly reload: ConfigReload;
  /** The data folder. */
  readonly folder: string;
  readonly logger: Logger;
}

/** Makes, pauses and deletes tenants while the broker runs: one after the other, each as a whole. */
export class ServerTenants {
  readonly #options: ServerTenantsOptions;
  readonly #watch: FileWatch;
  readonly #removals = new Map<string, Promise<void>>();
  readonly #ending: AbortController = new AbortController();
  #metering: NodeJS.Timeout | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: ServerTenantsOptions) {
    this.#options = options;
    this.#watch = new FileWatch(() => void options.reload.reloadCertificates());
  }

  get plans(): Plans {
    return this.#options.core.plans;
  }

  /** Goes on with what the last process did not finish, and begins to count what tenants use. */
  begin(): void {
    this.#metering = setInterval(() => this.#measure(), MEASURE_EVERY_MS).unref();
    for (const { name, state } of this.list()) if (state === "deleting") this.#beginRemoval(name);
    this.watchFiles();
  }

  list(): TenantSettings[] {
    return this.#options.core.tenants.list();
  }

  /** @throws MqttError TENANT_UNKNOWN */
  show(name: string): ShownTenant {
    const { core, reload } = this.#options;
    const shown = core.tenants.show(name);
    if (name !== DEFAULT_TENANT) return shown;
    const { hosts, tenants } = reload.config;
    return { ...shown, hosts, ...(tenants.plan === undefined ? {} : { plan: tenants.plan }) };
  }

  /**
   * Its clients may come when it resolves.
   *
   * @throws MqttError OPTION_INVALID, TENANT_EXISTS, of its certificates, STORE_READ_ONLY and the like; nothing has changed then
   */
  create(input: TenantInput): Promise<TenantSettings> {
    return this.#alone(async () => {
      const { core, tls, reload, logger } = this.#options;
      const settings = core.tenants.plan(input, reload.config.tenants.baseDomain);
      if (settings.plan !== undefined) core.plans.get(settings.plan);
      const letIn = await tls.prepare(settings);
      await core.tenants.put(settings);
      this.#applyPlan(settings.name);
      core.broker.openTenant(settings.name);
      letIn();
      this.watchFiles();
      logger.info({ tenant: settings.name, hosts: settings.hosts }, "tenant created");
      return settings;
    });
  }

  /**
   * Ends its connections and answers new ones with Server unavailable; its Sessions stay.
   *
   * @throws MqttError TENANT_UNKNOWN, STORE_READ_ONLY and the like
   */
  setPaused(name: string, isPaused: boolean): Promise<TenantSettings> {
    return this.#alone(async () => {
      const { core, logger } = this.#options;
      const settings = await core.tenants.setState(name, isPaused ? "paused" : "active");
      core.broker.openTenant(name, isPaused);
      logger.info({ tenant: name }, isPaused ? "tenant paused" : "tenant resumed");
      return settings;
    });
  }

  /**
   * Resolves when it is kept that the tenant goes, and nobody finds it any more. Its data goes then; `removed` tells when it is gone.
   *
   * @throws MqttError TENANT_UNKNOWN, STORE_READ_ONLY and the like
   */
  remove(name: string): Promise<void> {
    return this.#alone(async () => {
      const { core, tls } = this.#options;
      await core.tenants.setState(name, "deleting");
      tls.remove(name);
      this.#beginRemoval(name);
      this.watchFiles();
    });
  }

  /** Resolves when nothing of it is left; at once for one that is not being deleted. */
  removed(name: string): Promise<void> {
    return this.#removals.get(name) ?? Promise.resolve();
  }

  /**
   * Gives a tenant another plan, or, without one, the configuration's.
   *
   * @throws MqttError TENANT_UNKNOWN, PLAN_UNKNOWN, STORE_READ_ONLY and the like
   */
  setPlan(name: string, plan: string | undefined): Promise<TenantSettings> {
    return this.#alone(async () => {
      const { core } = this.#options;
      if (plan !== undefined) core.plans.get(plan);
      const { plan: _, ...rest } = core.tenants.get(name);
      const settings = plan === undefined ? rest : { ...rest, plan };
      await core.tenants.put(settings);
      this.#applyPlan(name);
      return settings;
    });
  }

  /** In force for its tenants when it resolves. @throws MqttError OPTION_INVALID, STORE_READ_ONLY and the like */
  putPlan(name: string, value: unknown): Promise<Plan> {
    return this.#alone(async () => {
      const plan = await this.plans.put(name, value);
      this.applyPlans();
      return plan;
    });
  }

  /** @throws MqttError PLAN_UNKNOWN, OPTION_INVALID while tenants have it, STORE_READ_ONLY and the like */
  removePlan(name: string): Promise<void> {
    return this.#alone(async () => {
      const user = this.list().find(({ plan }) => plan === name);
      if (user !== undefined) throw new MqttError("OPTION_INVALID", { detail: `the tenant "${user.name}" has the plan "${name}"` });
      await this.plans.remove(name);
      this.applyPlans();
    });
  }

  /** Puts the plans in force, after what the configuration says. */
  applyPlans(config: BrokerConfig = this.#options.reload.config): void {
    const { core, logger } = this.#options;
    const { plan } = config.tenants;
    if (plan !== undefined && !core.plans.has(plan)) logger.error({ plan }, "tenants.plan names a plan that there is not");
    for (const tenant of Object.keys(config.tenants.named))
      if (!core.tenants.has(tenant))
        logger.warn({ tenant }, "tenants.named: there is no such tenant yet; nobody comes in before it is made");
    core.plans.ofOthers = plan;
    this.#applyPlan(DEFAULT_TENANT);
    for (const { name } of this.list()) this.#applyPlan(name);
  }

  /** The last figures, while storage takes them. */
  stopMetering(): void {
    clearInterval(this.#metering);
    this.#measure();
  }

  #measure(): void {
    const { core } = this.#options;
    core.usage.sample(core.broker.allTenants(), performance.now(), Date.now());
  }

  #applyPlan(name: string): void {
    const { core } = this.#options;
    core.broker.setTenantLimits(name, core.plans.of(core.tenants.planOf(name))?.limits);
  }

  /** The files of all tenants, as often as those of the configuration. */
  watchFiles(): void {
    const { reload } = this.#options;
    const files = this.list().flatMap(({ tls = {} }) => filesOf(tls));
    this.#watch.watch(files, reload.config.tls.reloadSeconds * 1_000);
  }

  async close(): Promise<void> {
    clearInterval(this.#metering);
    this.#ending.abort();
    this.#watch.close();
    await this.#last;
    await Promise.all(this.#removals.values());
  }

  #beginRemoval(name: string): void {
    const removal = this.#removeData(name).finally(() => this.#removals.delete(name));
    this.#removals.set(name, removal);
  }

  /** Until it is done, whatever the disk says meanwhile; what is not done at the end of the process is done by the next. */
  async #removeData(name: string): Promise<void> {
    const { logger } = this.#options;
    while (!this.#ending.signal.aborted) {
      try {
        await this.#removeRows(name);
        logger.info({ tenant: name }, "tenant deleted");
        return;
      } catch (error) {
        logger.error({ tenant: name, error }, "what a deleted tenant had is not gone yet; tried again in 5 s");
        await wait(RETRY_MS, undefined, { signal: this.#ending.signal, ref: false }).catch(() => {});
      }
    }
  }

  async #removeRows(name: string): Promise<void> {
    const { core, folder } = this.#options;
    const { broker, users, rules, bans, tokens, keys, signIns, refusals, tenants } = core;
    tokens.revokeAll(name);
    refusals.drop(name);
    signIns.drop(name);
    keys.drop(name);
    core.usage.drop(name);
    await broker.removeTenant(name);
    for (const each of [users, rules.directory, bans]) {
      while (each.drop(name, ROWS_AT_ONCE) > 0) {
        await broker.storage.flush();
        if (this.#ending.signal.aborted) return;
      }
    }
    await forgetTenantTls(folder, name);
    // Last, so that a crash before it is seen at the next start.
    await tenants.forget(name);
    broker.setTenantLimits(name, undefined);
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#last.then(work);
    this.#last = run.catch(() => {});
    return run;
  }
}

function filesOf({ certificate, key, chain, clientCa, crl }: TenantTlsFiles): string[] {
  return [certificate, key, chain, clientCa, crl].filter((file) => file !== undefined);
}
