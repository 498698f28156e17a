import { type ErrorCode, MqttError } from "@bowline/protocol";
import { Hono, type Context } from "hono";
import { streamSSE } from "hono/streaming";
import type { Logger } from "../log/logger.ts";
import type { BrokerView } from "./broker-view.ts";
import { type FindDeployment, mountTenants } from "./mount-tenants.ts";
import type { RateHistory, RateSample } from "./rate-history.ts";

/** What the API acts on. */
export interface AdminContext {
  view: BrokerView;
  /** Throws TENANT_UNKNOWN. */
  find: FindDeployment;
  rates: RateHistory;
  logger: Logger;
}

/**
 * The admin API, `/api/v1/...`, without any check of who asks: the admin socket is guarded by its file mode, and the console's
 * origin puts `guardOrigin` before it.
 */
export function adminRoutes({ view, find, rates, logger }: AdminContext, addOperators: (app: Hono) => void = () => {}): Hono {
  const app = new Hono();
  app.get("/api/v1/status", (c) => c.json(statusOf(view)));
  app.get("/api/v1/metrics", (c) => c.json({ totals: view.stats(), samples: rates.samples }));
  app.get("/api/v1/metrics/stream", (c) => streamRates(c, rates));
  // First, since what they name must not be taken for something of a tenant.
  addOperators(app);
  mountTenants(app, find);
  answerFaults(app, logger);
  return app;
}

/** The same for the administrator of a tenant, whom `find` leads to that tenant alone. */
export function tenantAdminRoutes(find: FindDeployment, logger: Logger): Hono {
  const app = new Hono();
  mountTenants(app, find);
  answerFaults(app, logger);
  return app;
}

/** The answer about what there is not. */
export function notThere(c: Context): Response {
  return c.json({ error: { code: "NOT_FOUND", message: "there is no such resource" } }, 404);
}

/** What is not there, and what fails. */
export function answerFaults(app: Hono, logger: Logger): void {
  app.notFound(notThere);
  app.onError((error, c) => {
    if (!MqttError.is(error)) logger.error({ error, path: c.req.path }, "an admin request failed inside");
    return failure(c, MqttError.is(error) ? error : new MqttError("INTERNAL", { cause: error }));
  });
}

function statusOf(view: BrokerView): Record<string, unknown> {
  return {
    version: view.version,
    startedAt: view.startedAt,
    listeners: view.listeners(),
    storage: view.health(),
    totals: view.stats(),
    memoryBytes: process.memoryUsage.rss(),
    processId: process.pid,
  };
}

/** Server-sent events: the samples kept, then one each second. A reader that does not keep up loses samples, not memory. */
function streamRates(c: Context, rates: RateHistory): Response {
  return streamSSE(c, async (stream) => {
    const write = (sample: RateSample): Promise<void> => stream.writeSSE({ event: "rates", data: JSON.stringify(sample) });
    for (const sample of rates.samples) await write(sample);
    let isWriting = false;
    await new Promise<void>((resolve) => {
      const stop = rates.listen((sample) => {
        if (isWriting) return;
        isWriting = true;
        void write(sample).finally(() => (isWriting = false));
      });
      stream.onAbort(() => {
        stop();
        resolve();
      });
    });
  });
}

type Status = 400 | 401 | 403 | 404 | 409 | 429 | 500 | 503;
const STATUS: Partial<Record<ErrorCode, Status>> = {
  OPTION_INVALID: 400,
  ADMIN_REFUSED: 403,
  USER_UNKNOWN: 404,
  USER_EXISTS: 409,
  RULE_UNKNOWN: 404,
  RULE_EXISTS: 409,
  TENANT_UNKNOWN: 404,
  TENANT_EXISTS: 409,
  KEY_UNKNOWN: 404,
  PLAN_UNKNOWN: 404,
  CLIENT_UNKNOWN: 404,
  STORE_READ_ONLY: 503,
  STORE_FULL: 503,
};

/** The answer an error becomes: its code, sentence and remedy, as `bowline` prints them; below `/api/v5` as EMQX does. */
export function failure(c: Context, error: MqttError, status: Status = STATUS[error.code] ?? 500): Response {
  const { code, message, remedy } = error;
  return c.json(c.req.path.startsWith("/api/v5/") ? { code, message } : { error: { code, message, remedy } }, status);
}
