import type { Context, Hono } from "hono";
import { getRequestListener } from "@hono/node-server";
import { adminRoutes, type AdminContext } from "../admin/admin-app.ts";
import { openAdminSocket } from "../admin/admin-socket.ts";
import { addCaRoute } from "../admin/ca-route.ts";
import { addConsoleFiles } from "../admin/console-files.ts";
import { addSignInLinks, guardOrigin, signInLink } from "../admin/guard-origin.ts";
import { OperatorAccess } from "../admin/operator-access.ts";
import { openOperatorKey } from "../admin/operator-key.ts";
import { addControlRoutes, addHealthRoutes, addMetricsRoute, type OperationsContext } from "../admin/operations-routes.ts";
import { addTenantListRoutes } from "../admin/tenant-list-routes.ts";
import { RateHistory } from "../admin/rate-history.ts";
import type { DataFolder } from "../config/data-folder.ts";
import { readSecret } from "../config/secret-reference.ts";
import type { RequestHandler } from "../listeners/http-front.ts";
import { Secret } from "../log/secret.ts";
import type { Logger } from "../log/logger.ts";
import type { CloseStack } from "./close-stack.ts";
import type { ConfigReload } from "./config-reload.ts";
import type { ServerCore } from "./server-core.ts";
import type { ServerListeners } from "./server-listeners.ts";
import type { ServerTenants } from "./server-tenants.ts";
import { deploymentOf } from "./deployments.ts";
import { viewOf } from "./view-of.ts";

/** Once a second is what a person can follow. */
const SAMPLE_EVERY_MS = 1_000;

export interface ServerAdminOptions {
  core: ServerCore;
  reload: ConfigReload;
  operations: OperationsContext;
  tenants: ServerTenants;
  folder: DataFolder;
  /** PEM of the local authority, while it is in use. */
  caCertificate: () => string | undefined;
  logger: Logger;
  version: string;
  consoleFiles?: string | undefined;
  closers: CloseStack;
}

/** The admin API of a server: on its socket, and by the two handlers on the console's origin and at the admin listener. */
export class ServerAdmin {
  readonly consoleHandler: RequestHandler;
  readonly adminHandler: RequestHandler;
  readonly #access: OperatorAccess;
  readonly #listeners: () => ServerListeners | undefined;

  private constructor(
    access: OperatorAccess,
    listeners: () => ServerListeners | undefined,
    handlers: { consoleHandler: RequestHandler; adminHandler: RequestHandler },
  ) {
    this.#access = access;
    this.#listeners = listeners;
    this.consoleHandler = handlers.consoleHandler;
    this.adminHandler = handlers.adminHandler;
  }

  /**
   * Opens the socket and begins to sample rates. `listeners` is asked when somebody wants to know, since they open later.
   *
   * @throws MqttError STORE_IN_USE, LISTEN_FAILED, DATA_DIR_UNWRITABLE
   */
  static async open(options: ServerAdminOptions, listeners: () => ServerListeners | undefined): Promise<ServerAdmin> {
    const { folder, closers, operations } = options;
    const context = makeContext(options, listeners);
    const access = new OperatorAccess(await openOperatorKey(folder.operatorKey));
    const overTheNetwork = (): Hono => {
      const app = guardOrigin(access, controlled(context, operations, options.tenants));
      addHealthRoutes(app, operations);
      addMetricsRoute(app, operations, (c) => mayReadMetrics(c, access, options.reload));
      return app;
    };
    const consoleApp = overTheNetwork();
    addCaRoute(consoleApp, options.caCertificate);
    if (options.consoleFiles !== undefined) await addConsoleFiles(consoleApp, options.consoleFiles);
    const handlers = { consoleHandler: handlerOf(consoleApp), adminHandler: handlerOf(overTheNetwork()) };
    const admin = new ServerAdmin(access, listeners, handlers);

    const socketApp = controlled(context, operations, options.tenants);
    addSignInLinks(socketApp, () => admin.signInLink());
    addHealthRoutes(socketApp, operations);
    addMetricsRoute(socketApp, operations, () => Promise.resolve(true));
    const socket = await openAdminSocket(folder.adminSocket, socketApp);
    closers.push(() => socket.close());
    const sampler = setInterval(() => context.rates.sample(context.view.stats(), performance.now(), Date.now()), SAMPLE_EVERY_MS);
    closers.push(() => clearInterval(sampler));
    return admin;
  }

  /** A new link that signs one browser in, once; undefined without a console. */
  signInLink(): string | undefined {
    const origin = this.#listeners()?.consoleOrigin;
    return origin === undefined ? undefined : signInLink(this.#access, origin);
  }
}

function controlled(context: AdminContext, operations: OperationsContext, tenants: ServerTenants): Hono {
  const app = adminRoutes(context);
  addTenantListRoutes(app, tenants);
  addControlRoutes(app, operations);
  return app;
}

function handlerOf(app: Hono): RequestHandler {
  const answer = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  return (request, response) => void answer(request, response);
}

/** The token is read each time, so that one that is replaced holds at once. */
async function mayReadMetrics(c: Context, access: OperatorAccess, { config }: ConfigReload): Promise<boolean> {
  const { open, token } = config.metrics;
  if (open) return true;
  const bearer = /^Bearer (\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1];
  if (bearer === undefined) return false;
  if (access.isOperatorKey(bearer)) return true;
  if (token === undefined) return false;
  const expected = await readSecret(token).catch(() => undefined);
  return expected !== undefined && expected.equals(new Secret(bearer));
}

function makeContext({ core, logger, version }: ServerAdminOptions, listeners: () => ServerListeners | undefined): AdminContext {
  const urls = (): readonly string[] => listeners()?.mqtt ?? [];
  const view = viewOf(core.broker, { version, startedAt: Date.now(), listeners: urls });
  const find: AdminContext["find"] = (_, name) => deploymentOf(core, name);
  return { view, find, rates: new RateHistory(view.stats(), performance.now()), logger };
}
