import { existsSync } from "node:fs";
import type { RuleInput } from "../acl/rule.ts";
import type { ApiKeys } from "../admin/api-keys.ts";
import type { Examine } from "../admin/examine-routes.ts";
import type { RuleDirectory } from "../acl/rule-directory.ts";
import { pageTenant } from "../admin/page-tenant.ts";
import type { EnhancedMethod } from "../auth/authenticator.ts";
import type { UserDirectory } from "../auth/user-directory.ts";
import type { Broker, BrokerOptions } from "../broker.ts";
import type { BrokerConfig } from "../config/broker-config.ts";
import { standingWarnings } from "../config/config-warnings.ts";
import { type DataFolder, makeDataFolder } from "../config/data-folder.ts";
import type { LoadedConfig } from "../config/load-config.ts";
import type { Redirection } from "../connection/redirection.ts";
import type { Accept } from "../listeners/arrival.ts";
import type { Logger } from "../log/logger.ts";
import { maximumOpenFiles } from "../metrics/process-metrics.ts";
import type { LoadUserModule } from "../realtime/user-module.ts";
import type { UsageMeters } from "../tenants/usage.ts";
import type { LocalCa } from "../tls/local-ca.ts";
import { CloseStack } from "./close-stack.ts";
import { ConfigReload, type ReloadReport } from "./config-reload.ts";
import type { OperationsContext } from "../admin/operations-routes.ts";
import { ServerAdmin } from "./server-admin.ts";
import { type ServerCore, startServerCore } from "./server-core.ts";
import { ServerDrain } from "./server-drain.ts";
import { ServerMetrics } from "./server-metrics.ts";
import { planListeners, ServerListeners, tryPorts } from "./server-listeners.ts";
import { ServerTenants } from "./server-tenants.ts";
import { ServerTls } from "./server-tls.ts";
import { AcmeRenewal } from "../tls/acme/acme-renewal.ts";
import { systemClock } from "../system-clock.ts";
import type { Staged } from "./staged.ts";

/** How long clients may take to read what they are still sent; the whole end must take less than 2 s. */
const DRAIN_MS = 1_000;

export interface ServerOptions {
  config: BrokerConfig;
  logger: Logger;
  /** Told to whoever asks for the status. */
  version: string;
  /**
   * Authentication Methods of MQTT 5.0 that clients may name in CONNECT (section 4.12). They are beside the users of the configuration,
   * not in their place: a client that names none logs in with a password.
   */
  authenticationMethods?: readonly EnhancedMethod[];
  /**
   * The access rules that a store which never had any begins with; from then on the store's are in force. `[]` denies everything until
   * somebody adds a rule, as `bowline up` does. Default: no rules, and what no rule matches is allowed, so that authenticated clients
   * may do everything that no later rule denies.
   */
  rules?: readonly RuleInput[] | undefined;
  /** Sends authenticated clients to another server, see BrokerOptions. */
  redirect?: BrokerOptions["redirect"];
  /** Folder of the built console; without it the console's address answers the API and `/mqtt` only. */
  consoleFiles?: string | undefined;
  /** Reads the configuration anew, for the admin API and for changed files. Without it only `Server.reload(config)` reloads. */
  loadConfig?: (() => Promise<LoadedConfig>) | undefined;
  /** The files the configuration was read from, watched when it says so. */
  configFiles?: readonly string[] | undefined;
  /** Makes modules of custom authorizers written in TypeScript, as the command line does; without it only JavaScript is run. */
  loadUserModule?: LoadUserModule | undefined;
  /** The doctor that operators may ask to look from here, `examine` of `@bowline/doctor`; without it the API has no such route. */
  examine?: Examine | undefined;
}

/** A broker with everything round it: storage, users, certificates, listeners and the admin API. */
export interface Server {
  readonly broker: Broker;
  readonly users: UserDirectory;
  /** The access rules of all tenants. */
  readonly rules: RuleDirectory;
  /** The tenants beside `default`. */
  readonly tenants: ServerTenants;
  /** What a tenant used, by hour and by month, the latest first. */
  usageOf(tenant: string): ReturnType<UsageMeters["of"]>;
  /** Keys to the admin API. */
  readonly keys: ApiKeys;
  readonly folder: DataFolder;
  /** Undefined when no listener speaks TLS, or the configuration brings a certificate of its own. */
  readonly localCa: LocalCa | undefined;
  /** MQTT listeners as URLs with their real ports, in the order of the configuration. */
  readonly listeners: readonly string[];
  /** `https://localhost:18084`, or undefined without a console. */
  readonly consoleOrigin: string | undefined;
  /** `http://127.0.0.1:18085`, or undefined without an admin listener. */
  readonly adminOrigin: string | undefined;
  /** The configuration in force. */
  readonly config: BrokerConfig;
  /** A new link that signs one browser in, once. */
  signInLink(): string | undefined;
  /**
   * Puts another configuration in force, or, without one, what `ServerOptions.loadConfig` reads now. Connections stay. It is done as a
   * whole or not at all.
   *
   * @throws MqttError of the configuration, CONFIG_FIXED for what needs a restart, or of what could not be opened
   */
  reload(config?: BrokerConfig): Promise<ReloadReport>;
  /** Accepts nothing more, ends the connections, keeps what must be kept, and resolves when all is closed: within 2 s. */
  close(): Promise<void>;
}

/**
 * Starts a broker as the configuration says. When a step fails, what was opened before it is closed again.
 *
 * @throws MqttError of every step: listen URLs, data folder, certificates, store, ports
 */
export function startServer(options: ServerOptions): Promise<Server> {
  return startOn(new CloseStack(), options);
}

/** The same, with what is to be closed behind it on the stack. */
export async function startOn(closers: CloseStack, options: ServerOptions): Promise<Server> {
  try {
    return await start(options, closers);
  } catch (error) {
    // The first failure is the one that tells; what closing adds to it would only hide it.
    await closers.closeAll().catch(() => {});
    throw error;
  }
}

async function start(options: ServerOptions, closers: CloseStack): Promise<Server> {
  const { config, logger, version } = options;
  // Before anything is made: neither a wrong URL nor a taken port must leave a data folder behind.
  const plan = planListeners(config);
  if (!existsSync(config.data)) await tryPorts(plan);
  const folder = await makeDataFolder(config.data);
  const core = await startServerCore(options, folder, closers);
  const tls = new ServerTls(folder.path, {
    list: () => core.tenants.list().filter(({ state }) => state !== "deleting"),
    failed: (tenant, error) =>
      logger.error({ tenant, error }, "the certificate of a tenant cannot be used; what it had stays in force"),
  });
  const renewed = (): Promise<void> => reload.reloadCertificates();
  const acme = new AcmeRenewal({ dataFolder: folder.path, clock: systemClock, logger, renewed });
  closers.push(() => acme.close());
  const parts: Parts = { core, tls, acme, listeners: undefined, metrics: undefined, tenants: undefined, logger };
  const reload = new ConfigReload({
    config,
    load: options.loadConfig,
    files: options.configFiles,
    apply: (next) => apply(parts, next),
    applyCertificates: async (current) => (await tls.stage(current, planListeners(current).needsTls)).commit(),
    logger,
  });
  closers.push(() => reload.close());
  let isOpen = false;
  const drain = new ServerDrain(core.broker, () => parts.listeners);
  closers.push(() => drain.close());
  const metrics = new ServerMetrics({ broker: core.broker, tls, acme, reload, drain, listeners: () => parts.listeners, version });
  closers.push(() => metrics.close());
  parts.metrics = metrics;
  const operations = operationsOf(core.broker, metrics, reload, drain, () => isOpen);
  const caCertificate = (): string | undefined => tls.localCa?.certificate;
  const tenants = new ServerTenants({ core, tls, reload, folder: folder.path, logger });
  closers.push(() => tenants.close());
  tenants.applyPlans();
  parts.tenants = tenants;
  const isOwnName = (host: string): boolean => tls.names.tenantOf(host) !== undefined || reload.config.hosts.includes(host);
  const admin = await ServerAdmin.open(
    { ...options, core, reload, operations, tenants, folder, caCertificate, isOwnName, closers },
    () => parts.listeners,
  );
  const { consoleHandler, adminHandler } = admin;
  // The console stays while the broker is drained, and its WebSocket with it.
  const accept: Accept = (arrival) => (drain.isDraining ? arrival.channel.destroy() : core.broker.accept(arrival));
  const listeners = new ServerListeners({
    accept,
    consoleHandler,
    adminHandler,
    pageTenant: (request) => pageTenant(request, core.signIns, (name) => core.tenants.has(name)),
    logger,
    gate: core.broker.gate,
    names: tls.names,
    isBanned: (tenant, address) => core.bans.isBannedAddress(tenant, address),
  });
  closers.push(() => listeners.close());
  parts.listeners = listeners;
  await openFirst(parts, config);
  metrics.publishEvery(config.metrics.sysInterval);
  await checkOpenFiles(logger);
  await warnOf(config, logger);
  reload.begin();
  tenants.begin();
  isOpen = true;
  closers.push(() => endClients(core.broker, listeners, reload.config.shutdown.serverReference));
  closers.push(() => tenants.stopMetering());
  // Before all else, so that no reload opens what is being closed.
  closers.push(() => reload.close());
  return serverOf({ core, tls, listeners, reload, admin, tenants, folder, closers });
}

interface Running {
  readonly core: ServerCore;
  readonly tls: ServerTls;
  readonly listeners: ServerListeners;
  readonly reload: ConfigReload;
  readonly admin: ServerAdmin;
  readonly tenants: ServerTenants;
  readonly folder: DataFolder;
  readonly closers: CloseStack;
}

function serverOf({ core, tls, listeners, reload, admin, tenants, folder, closers }: Running): Server {
  return {
    broker: core.broker,
    users: core.users,
    rules: core.rules.directory,
    tenants,
    keys: core.keys,
    usageOf: (tenant) => core.usage.of(tenant),
    folder,
    get localCa() {
      return tls.localCa;
    },
    get listeners() {
      return listeners.mqtt;
    },
    get consoleOrigin() {
      return listeners.consoleOrigin;
    },
    get adminOrigin() {
      return listeners.adminOrigin;
    },
    get config() {
      return reload.config;
    },
    signInLink: () => admin.signInLink(),
    reload: (next) => (next === undefined ? reload.reload() : reload.put(next)),
    close: () => closers.closeAll(),
  };
}

/** Fewer are soon used up: each client is a socket, and at the limit nobody comes in any more. */
const FILES_WANTED = 10_000;

async function checkOpenFiles(logger: Logger): Promise<void> {
  const maximum = await maximumOpenFiles();
  if (maximum === undefined || maximum >= FILES_WANTED) return;
  logger.warn(
    { maximum, wanted: FILES_WANTED },
    "few files may be open at once, and each client is one: raise the limit (ulimit -n, LimitNOFILE)",
  );
}

async function warnOf(config: BrokerConfig, logger: Logger): Promise<void> {
  for (const { words } of await standingWarnings(config)) logger.warn({}, words);
}

/** What a configuration is applied to. */
interface Parts {
  readonly core: ServerCore;
  readonly tls: ServerTls;
  readonly acme: AcmeRenewal;
  listeners: ServerListeners | undefined;
  metrics: ServerMetrics | undefined;
  tenants: ServerTenants | undefined;
  readonly logger: Logger;
}

async function openFirst({ tls, acme, listeners }: Parts, config: BrokerConfig): Promise<void> {
  const plan = planListeners(config);
  const certificates = await tls.stage(config, plan.needsTls);
  certificates.commit();
  (await listeners!.stage(plan, config, certificates.tenants)).commit();
  // Nobody waits for it: clients are served as soon as there is a certificate, and those of this machine meanwhile.
  acme.configure(plan.needsTls ? config.tls.acme : undefined);
}

/** Everything that can fail is done first, and given up again when a later part of it fails; then all takes effect in one turn. */
async function apply({ core, tls, acme, listeners, metrics, tenants, logger }: Parts, config: BrokerConfig): Promise<void> {
  const staged: Staged[] = [];
  const plan = planListeners(config);
  try {
    const certificates = await tls.stage(config, plan.needsTls);
    staged.push(certificates);
    staged.push(await core.stage(config));
    staged.push(await listeners!.stage(plan, config, certificates.tenants));
  } catch (error) {
    for (const part of staged) await part.undo();
    throw error;
  }
  for (const part of staged) part.commit();
  acme.configure(plan.needsTls ? config.tls.acme : undefined);
  logger.level = config.log.level;
  // Made from it, and with a level of their own.
  for (const tenant of core.broker.allTenants()) tenant.logger.level = config.log.level;
  metrics?.publishEvery(config.metrics.sysInterval);
  tenants?.applyPlans(config);
  await warnOf(config, logger);
}

function operationsOf(
  broker: Broker,
  metrics: ServerMetrics,
  reload: ConfigReload,
  drain: ServerDrain,
  isOpen: () => boolean,
): OperationsContext {
  return {
    metrics: () => metrics.text(),
    notReady: () => notReady(broker, drain, isOpen()),
    config: () => reload.config,
    reloads: () => reload.counts,
    reload: () => reload.reload(),
    drain: (request) => drain.begin(request),
  };
}

function notReady(broker: Broker, drain: ServerDrain, isOpen: boolean): string | undefined {
  if (!isOpen) return "starting";
  if (drain.isDraining) return "draining";
  if (broker.gate.isOverloaded) return `overloaded: ${broker.gate.overload}`;
  return broker.storage.health.state === "ok" ? undefined : "storage takes no writes";
}

async function endClients(broker: Broker, listeners: ServerListeners, serverReference: string | undefined): Promise<void> {
  listeners.stopAccepting();
  const elsewhere: Redirection | undefined = serverReference === undefined ? undefined : { serverReference, isPermanent: false };
  await broker.close(DRAIN_MS, elsewhere);
}
