import { getRequestListener } from "@hono/node-server";
import { MqttError } from "@bowline/protocol";
import type { Hono } from "hono";
import { adminRoutes, type AdminContext } from "../admin/admin-app.ts";
import { openAdminSocket } from "../admin/admin-socket.ts";
import { addConsoleFiles } from "../admin/console-files.ts";
import { addSignInLinks, guardOrigin, signInLink } from "../admin/guard-origin.ts";
import { OperatorAccess } from "../admin/operator-access.ts";
import { openOperatorKey } from "../admin/operator-key.ts";
import { RateHistory } from "../admin/rate-history.ts";
import { AnonymousMethod } from "../auth/anonymous-method.ts";
import { AuthenticatorChain } from "../auth/authenticator-chain.ts";
import { PasswordHasher } from "../auth/password-hasher.ts";
import { TokenMethod } from "../auth/token-method.ts";
import { type UserChange, UserDirectory } from "../auth/user-directory.ts";
import { UserMethod } from "../auth/user-method.ts";
import { Broker } from "../broker.ts";
import type { BrokerConfig } from "../config/broker-config.ts";
import { type DataFolder, makeDataFolder } from "../config/data-folder.ts";
import type { Logger } from "../log/logger.ts";
import { openStorage } from "../storage/open-storage.ts";
import type { Storage } from "../storage/storage.ts";
import type { LocalCa } from "../tls/local-ca.ts";
import { CloseStack } from "./close-stack.ts";
import { openListeners, type OpenListeners, planListeners } from "./server-listeners.ts";
import { openServerTls } from "./server-tls.ts";
import { clientsOf, viewOf } from "./view-of.ts";

/** Once a second is what a person can follow. */
const SAMPLE_EVERY_MS = 1_000;
/** How long clients may take to read what they are still sent; the whole end must take less than 2 s. */
const DRAIN_MS = 1_000;

export interface ServerOptions {
  config: BrokerConfig;
  logger: Logger;
  /** Told to whoever asks for the status. */
  version: string;
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
  const { config, logger } = options;
  const plan = planListeners(config);
  const folder = await makeDataFolder(config.data);
  const tls = plan.needsTls ? await openServerTls(config, folder.path) : undefined;
  const core = await startCore(config, folder, logger, closers);
  const { broker, users } = core;
  let listeners: OpenListeners = { mqtt: [], console: undefined };
  const view = viewOf(broker, {
    version: options.version,
    startedAt: Date.now(),
    listeners: () => listeners.mqtt.map(({ url }) => url),
  });
  const rates = new RateHistory(view.stats(), performance.now());
  const context: AdminContext = { view, users, tokens: core.tokens, rates, logger };
  const access = new OperatorAccess(await openOperatorKey(folder.operatorKey));
  const consoleOrigin = (): string | undefined => listeners.console?.url.replace(/^wss:\/\/([^/]+).*$/, "https://$1");

  const socketApp = adminRoutes(context);
  if (plan.console !== undefined) addSignInLinks(socketApp, access, () => consoleOrigin() ?? "");
  const socket = await openAdminSocket(folder.adminSocket, socketApp);
  closers.push(() => socket.close());

  const consoleApp = await makeConsoleApp(access, adminRoutes(context), options.consoleFiles);
  const answer = getRequestListener(consoleApp.fetch, { overrideGlobalObjects: false });
  listeners = await openListeners(plan, {
    config,
    tls,
    accept: broker.accept,
    consoleHandler: (request, response) => void answer(request, response),
    logger,
    closers,
  });
  const sampler = setInterval(() => rates.sample(view.stats(), performance.now(), Date.now()), SAMPLE_EVERY_MS);
  closers.push(() => clearInterval(sampler));
  closers.push(() => drain(broker, listeners));
  return {
    broker,
    users,
    folder,
    localCa: tls?.localCa,
    listeners: listeners.mqtt.map(({ url }) => url),
    consoleOrigin: consoleOrigin(),
    signInLink: () => {
      const origin = consoleOrigin();
      return origin === undefined ? undefined : signInLink(access, origin);
    },
    close: () => closers.closeAll(),
  };
}

interface Core {
  broker: Broker;
  users: UserDirectory;
  tokens: TokenMethod;
}

async function startCore(config: BrokerConfig, folder: DataFolder, logger: Logger, closers: CloseStack): Promise<Core> {
  const storage = await openConfiguredStorage(config, folder, logger);
  const hasher = new PasswordHasher();
  const users = new UserDirectory(storage, hasher);
  const tokens = new TokenMethod();
  const methods = [tokens, new UserMethod(users, hasher), ...(config.anonymous ? [new AnonymousMethod()] : [])];
  const broker = new Broker({ authenticator: new AuthenticatorChain(methods, logger), storage, logger });
  // It closes the storage too, also when it could not load it.
  closers.push(() => broker.close(0));
  const directory = await broker.start();
  for (const user of directory.users) users.loaded(user);
  users.onChange((change) => disconnectUser(broker, change));
  return { broker, users, tokens };
}

function openConfiguredStorage(config: BrokerConfig, folder: DataFolder, logger: Logger): Promise<Storage> {
  if (config.memory) return openStorage("memory");
  return openStorage({
    directory: folder.store,
    durability: config.durability,
    onDamage: config.onDamage,
    onSalvaged: (report) => logger.warn({ ...report }, "the store was damaged; what could be read was kept"),
  });
}

async function makeConsoleApp(access: OperatorAccess, api: Hono, files: string | undefined): Promise<Hono> {
  const app = guardOrigin(access, api);
  if (files !== undefined) await addConsoleFiles(app, files);
  return app;
}

/** A removed user, or one with a new password, must not go on with the old one's connections. */
function disconnectUser(broker: Broker, change: UserChange): void {
  if (change.kind === "added") return;
  for (const { connection, session } of clientsOf(broker)) {
    if (connection.tenant.name !== change.tenant || session.owner !== change.username) continue;
    connection.end(
      new MqttError("NOT_AUTHORIZED", { reasonCode: 0x87, detail: "the user was changed or removed", source: "local" }),
    );
  }
}

async function drain(broker: Broker, listeners: OpenListeners): Promise<void> {
  for (const listener of listeners.mqtt) listener.stopAccepting();
  listeners.console?.stopAccepting();
  await broker.close(DRAIN_MS);
}
