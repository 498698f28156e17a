import { MqttError } from "@bowline/protocol";
import { type Context, Hono } from "hono";
import { getRequestListener } from "@hono/node-server";
import { adminRoutes, type AdminContext, answerFaults, tenantAdminRoutes } from "../admin/admin-app.ts";
import { AdminGate, passAs } from "../admin/admin-gate.ts";
import { addAuditRoute, AuditLog } from "../admin/audit-log.ts";
import { SOCKET, type TenantCaller } from "../admin/caller.ts";
import { addKeyRoutes } from "../admin/key-routes.ts";
import type { FindDeployment } from "../admin/mount-tenants.ts";
import { openAdminSocket } from "../admin/admin-socket.ts";
import { addCaRoute } from "../admin/ca-route.ts";
import { addExamineRoute, type Examine, type ExamineContext, Examiner } from "../admin/examine-routes.ts";
import { addConsoleFiles } from "../admin/console-files.ts";
import { guardOrigin } from "../admin/guard-origin.ts";
import { OperatorAccess } from "../admin/operator-access.ts";
import { addOpenApiRoute } from "../admin/openapi.ts";
import { openOperatorKey } from "../admin/operator-key.ts";
import { addControlRoutes, addHealthRoutes, addMetricsRoute, type OperationsContext } from "../admin/operations-routes.ts";
import { addPlanRoutes } from "../admin/plan-routes.ts";
import { addSignInLinks, addTenantSignInLinks, type MakeLink, OPERATOR_BY_LINK, signInLink } from "../admin/sign-in-links.ts";
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
import { allOverviews, deploymentOf } from "./deployments.ts";
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
  /** Whether a name leads to this broker. */
  isOwnName: (host: string) => boolean;
  examine?: Examine | undefined;
  closers: CloseStack;
}

/** The admin API of a server: on its socket, and by the two handlers on the console's origin and at the admin listener. */
export class ServerAdmin {
  readonly consoleHandler: RequestHandler;
  readonly adminHandler: RequestHandler;
  readonly #makeLink: MakeLink;

  private constructor(makeLink: MakeLink, handlers: { consoleHandler: RequestHandler; adminHandler: RequestHandler }) {
    this.#makeLink = makeLink;
    this.consoleHandler = handlers.consoleHandler;
    this.adminHandler = handlers.adminHandler;
  }

  /**
   * Opens the socket and begins to sample rates. `listeners` is asked when somebody wants to know, since they open later.
   *
   * @throws MqttError STORE_IN_USE, LISTEN_FAILED, DATA_DIR_UNWRITABLE
   */
  static async open(options: ServerAdminOptions, listeners: () => ServerListeners | undefined): Promise<ServerAdmin> {
    const { folder, closers, operations, core, logger } = options;
    const audit = await AuditLog.open(folder.auditLog, logger);
    closers.push(() => audit.close());
    const context = makeContext(options, audit, listeners);
    const access = new OperatorAccess(await openOperatorKey(folder.operatorKey));
    const ownApi = tenantAdminRoutes(findOwn(core, audit), logger);
    addOpenApiRoute(ownApi, "tenant", options.version);
    const gate = new AdminGate(core.keys, audit, ownApi);
    const { signIns } = core;
    const makeLink: MakeLink = (caller) => {
      const origin = listeners()?.consoleOrigin;
      return origin === undefined ? undefined : signInLink(signIns, origin, caller);
    };
    const examiner = new Examiner(examineContext(options, audit, listeners));
    const overTheNetwork = (): Hono => {
      const app = guardOrigin({ access, signIns, gate }, controlled(context, operations, options, audit, makeLink, examiner));
      addHealthRoutes(app, operations);
      addMetricsRoute(app, operations, (c) => mayReadMetrics(c, access, options.reload));
      return app;
    };
    const consoleApp = overTheNetwork();
    addCaRoute(consoleApp, options.caCertificate);
    if (options.consoleFiles !== undefined) await addConsoleFiles(consoleApp, options.consoleFiles);
    const handlers = { consoleHandler: handlerOf(consoleApp), adminHandler: handlerOf(overTheNetwork()) };
    const admin = new ServerAdmin(makeLink, handlers);

    const socketApp = new Hono();
    socketApp.use("/api/*", passAs(gate, SOCKET));
    socketApp.route("/", controlled(context, operations, options, audit, makeLink, examiner));
    addSignInLinks(socketApp, makeLink);
    addHealthRoutes(socketApp, operations);
    addMetricsRoute(socketApp, operations, () => Promise.resolve(true));
    answerFaults(socketApp, logger);
    const socket = await openAdminSocket(folder.adminSocket, socketApp);
    closers.push(() => socket.close());
    const sampler = setInterval(() => context.rates.sample(context.view.stats(), performance.now(), Date.now()), SAMPLE_EVERY_MS);
    closers.push(() => clearInterval(sampler));
    return admin;
  }

  /** A new link that signs one browser in, once; undefined without a console. */
  signInLink(): string | undefined {
    return this.#makeLink(OPERATOR_BY_LINK);
  }
}

function controlled(
  context: AdminContext,
  operations: OperationsContext,
  { tenants, core, version }: Pick<ServerAdminOptions, "tenants" | "core" | "version">,
  audit: AuditLog,
  makeLink: MakeLink,
  examiner: Examiner,
): Hono {
  const mustExist = (tenant: string): void => void deploymentOf(core, audit, tenant);
  return adminRoutes(context, (operators) => {
    addAuditRoute(operators, audit);
    addTenantListRoutes(operators, tenants, () => allOverviews(core));
    addTenantSignInLinks(operators, makeLink, mustExist);
    addPlanRoutes(operators, tenants);
    addKeyRoutes(operators, core.keys, mustExist);
    addControlRoutes(operators, operations);
    addExamineRoute(operators, examiner);
    addOpenApiRoute(operators, "operator", version);
  });
}

function examineContext(
  { examine, caCertificate, isOwnName, reload }: ServerAdminOptions,
  audit: AuditLog,
  listeners: () => ServerListeners | undefined,
): ExamineContext {
  const urls = (): readonly string[] => {
    const { mqtt = [], consoleOrigin } = listeners() ?? {};
    return consoleOrigin === undefined ? mqtt : [...mqtt, consoleOrigin];
  };
  return {
    examine,
    caCertificate,
    audit,
    targets: { listeners: urls, isOwnName, listed: () => reload.config.admin.doctorTargets },
  };
}

/** An administrator is led to the tenant of its key; every other is one that there is not. */
function findOwn(core: ServerCore, audit: AuditLog): FindDeployment {
  return (c, name) => {
    const { caller } = c.env as { caller: TenantCaller };
    if (name !== undefined && name !== caller.tenant) throw new MqttError("TENANT_UNKNOWN", { detail: `"${name}"` });
    return deploymentOf(core, audit, caller.tenant);
  };
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

function makeContext(
  { core, logger, version }: ServerAdminOptions,
  audit: AuditLog,
  listeners: () => ServerListeners | undefined,
): AdminContext {
  const urls = (): readonly string[] => listeners()?.mqtt ?? [];
  core.listeners = urls;
  const view = viewOf(core.broker, { version, startedAt: Date.now(), listeners: urls });
  const find: AdminContext["find"] = (_, name) => deploymentOf(core, audit, name);
  return { view, find, rates: new RateHistory(view.stats(), performance.now()), logger };
}
