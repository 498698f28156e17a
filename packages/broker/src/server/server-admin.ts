import { getRequestListener } from "@hono/node-server";
import { adminRoutes, type AdminContext } from "../admin/admin-app.ts";
import { openAdminSocket } from "../admin/admin-socket.ts";
import { addConsoleFiles } from "../admin/console-files.ts";
import { addSignInLinks, guardOrigin, signInLink } from "../admin/guard-origin.ts";
import { OperatorAccess } from "../admin/operator-access.ts";
import { openOperatorKey } from "../admin/operator-key.ts";
import { RateHistory } from "../admin/rate-history.ts";
import type { DataFolder } from "../config/data-folder.ts";
import type { RequestHandler } from "../listeners/http-front.ts";
import type { Logger } from "../log/logger.ts";
import type { CloseStack } from "./close-stack.ts";
import type { ServerCore } from "./server-core.ts";
import type { OpenListeners } from "./server-listeners.ts";
import { viewOf } from "./view-of.ts";

/** Once a second is what a person can follow. */
const SAMPLE_EVERY_MS = 1_000;

export interface ServerAdminOptions {
  core: ServerCore;
  folder: DataFolder;
  logger: Logger;
  version: string;
  consoleFiles: string | undefined;
  closers: CloseStack;
}

/** The admin API of a server, on its socket and, through `consoleHandler`, on the console's origin. */
export class ServerAdmin {
  readonly consoleHandler: RequestHandler;
  readonly #access: OperatorAccess;
  readonly #listeners: () => OpenListeners;

  private constructor(access: OperatorAccess, listeners: () => OpenListeners, consoleHandler: RequestHandler) {
    this.#access = access;
    this.#listeners = listeners;
    this.consoleHandler = consoleHandler;
  }

  /**
   * Opens the socket and begins to sample rates. `listeners` is asked when somebody wants to know, since they open later.
   *
   * @throws MqttError STORE_IN_USE, LISTEN_FAILED, DATA_DIR_UNWRITABLE
   */
  static async open(options: ServerAdminOptions, listeners: () => OpenListeners): Promise<ServerAdmin> {
    const { folder, closers } = options;
    const context = makeContext(options, listeners);
    const access = new OperatorAccess(await openOperatorKey(folder.operatorKey));
    const consoleApp = guardOrigin(access, adminRoutes(context));
    if (options.consoleFiles !== undefined) await addConsoleFiles(consoleApp, options.consoleFiles);
    const answer = getRequestListener(consoleApp.fetch, { overrideGlobalObjects: false });
    const admin = new ServerAdmin(access, listeners, (request, response) => void answer(request, response));

    const socketApp = adminRoutes(context);
    addSignInLinks(socketApp, () => admin.signInLink());
    const socket = await openAdminSocket(folder.adminSocket, socketApp);
    closers.push(() => socket.close());
    const sampler = setInterval(() => context.rates.sample(context.view.stats(), performance.now(), Date.now()), SAMPLE_EVERY_MS);
    closers.push(() => clearInterval(sampler));
    return admin;
  }

  /** `https://localhost:18084`, with the real port; undefined without a console. */
  get consoleOrigin(): string | undefined {
    return this.#listeners().console?.url.replace(/^wss:\/\/([^/]+).*$/, "https://$1");
  }

  /** A new link that signs one browser in, once; undefined without a console. */
  signInLink(): string | undefined {
    const origin = this.consoleOrigin;
    return origin === undefined ? undefined : signInLink(this.#access, origin);
  }
}

function makeContext({ core, logger, version }: ServerAdminOptions, listeners: () => OpenListeners): AdminContext {
  const urls = (): string[] => listeners().mqtt.map(({ url }) => url);
  const view = viewOf(core.broker, { version, startedAt: Date.now(), listeners: urls });
  return { view, users: core.users, tokens: core.tokens, rates: new RateHistory(view.stats(), performance.now()), logger };
}
