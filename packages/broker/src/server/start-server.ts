import type { EnhancedMethod } from "../auth/authenticator.ts";
import type { UserDirectory } from "../auth/user-directory.ts";
import type { Broker, BrokerOptions } from "../broker.ts";
import type { BrokerConfig } from "../config/broker-config.ts";
import { type DataFolder, makeDataFolder } from "../config/data-folder.ts";
import type { Logger } from "../log/logger.ts";
import type { LocalCa } from "../tls/local-ca.ts";
import { CloseStack } from "./close-stack.ts";
import { ServerAdmin } from "./server-admin.ts";
import { startServerCore } from "./server-core.ts";
import { openListeners, type OpenListeners, planListeners } from "./server-listeners.ts";
import { openServerTls } from "./server-tls.ts";

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
  /** Sends authenticated clients to another server, see BrokerOptions. */
  redirect?: BrokerOptions["redirect"];
  /** Folder of the built console; without it the console's address answers the API and `/mqtt` only. */
  consoleFiles?: string | undefined;
}

/** A broker with everything round it: storage, users, certificates, listeners and the admin API. */
export interface Server {
  readonly broker: Broker;
  readonly users: UserDirectory;
  readonly folder: DataFolder;
  /** Undefined when no listener speaks TLS, or the configuration brings a certificate of its own. */
  readonly localCa: LocalCa | undefined;
  /** MQTT listeners as URLs with their real ports, in the order of the configuration. */
  readonly listeners: readonly string[];
  /** `https://localhost:18084`, or undefined without a console. */
  readonly consoleOrigin: string | undefined;
  /** A new link that signs one browser in, once. */
  signInLink(): string | undefined;
  /** Accepts nothing more, ends the connections, keeps what must be kept, and resolves when all is closed: within 2 s. */
  close(): Promise<void>;
}

/**
 * Starts a broker as the configuration says. When a step fails, what was opened before it is closed again.
 *
 * @throws MqttError of every step: listen URLs, data folder, certificates, store, ports
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const closers = new CloseStack();
  try {
    return await start(options, closers);
  } catch (error) {
    // The first failure is the one that tells; what closing adds to it would only hide it.
    await closers.closeAll().catch(() => {});
    throw error;
  }
}

async function start(options: ServerOptions, closers: CloseStack): Promise<Server> {
  const { config, logger, version, consoleFiles } = options;
  const plan = planListeners(config);
  const folder = await makeDataFolder(config.data);
  const tls = plan.needsTls ? await openServerTls(config, folder.path) : undefined;
  const core = await startServerCore(options, folder, closers);
  let listeners: OpenListeners = { mqtt: [], console: undefined };
  const admin = await ServerAdmin.open({ core, folder, logger, version, consoleFiles, closers }, () => listeners);
  const { accept } = core.broker;
  listeners = await openListeners(plan, { config, tls, accept, consoleHandler: admin.consoleHandler, logger, closers });
  closers.push(() => drain(core.broker, listeners));
  return {
    broker: core.broker,
    users: core.users,
    folder,
    localCa: tls?.localCa,
    listeners: listeners.mqtt.map(({ url }) => url),
    consoleOrigin: admin.consoleOrigin,
    signInLink: () => admin.signInLink(),
    close: () => closers.closeAll(),
  };
}

async function drain(broker: Broker, listeners: OpenListeners): Promise<void> {
  for (const listener of listeners.mqtt) listener.stopAccepting();
  listeners.console?.stopAccepting();
  await broker.close(DRAIN_MS);
}
