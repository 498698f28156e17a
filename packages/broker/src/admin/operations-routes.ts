import { MqttError } from "@bowline/protocol";
import type { Context, Hono } from "hono";
import { z } from "zod";
import type { BrokerConfig } from "../config/broker-config.ts";
import type { ReloadCounts, ReloadReport } from "../server/config-reload.ts";
import { readJson } from "./read-json.ts";
import { shownConfig } from "./shown-config.ts";

/** What an operator's tools ask of a broker, and tell it. */
export interface OperationsContext {
  /** In Prometheus' text format. */
  readonly metrics: () => Promise<string>;
  /** Why no new client should be sent here; undefined when all is well. */
  readonly notReady: () => string | undefined;
  readonly config: () => BrokerConfig;
  readonly reloads: () => Readonly<ReloadCounts>;
  readonly reload: () => Promise<ReloadReport>;
  /** Accepts nothing more and sends the clients away over so many seconds; answers how many there were. */
  readonly drain: (request: DrainRequest) => number;
}

/** How a broker is emptied. */
export interface DrainRequest {
  serverReference?: string | undefined;
  permanent: boolean;
  seconds: number;
}

const drainRequest: z.ZodType<DrainRequest> = z.strictObject({
  serverReference: z.string().min(1).optional(),
  permanent: z.boolean().default(false),
  seconds: z.number().min(0).max(3_600).default(10),
});

/** Prometheus asks for this version by name. */
const TEXT_FORMAT = "text/plain; version=0.0.4; charset=utf-8";

/** Whether the process answers, and whether clients should be sent to it. They tell nothing else, so anybody may ask. */
export function addHealthRoutes(app: Hono, { notReady }: OperationsContext): void {
  app.get("/health/live", (c) => c.text("ok\n"));
  app.get("/health/ready", (c) => {
    const reason = notReady();
    return reason === undefined ? c.text("ok\n") : c.text(`${reason}\n`, 503);
  });
}

/** `mayRead` decides by the request. */
export function addMetricsRoute(app: Hono, { metrics }: OperationsContext, mayRead: (c: Context) => Promise<boolean>): void {
  app.get("/metrics", async (c) => {
    if (!(await mayRead(c))) {
      return c.text("Reading metrics needs the operator key or the token of the configuration, as a bearer token.\n", 401, {
        "www-authenticate": "Bearer",
      });
    }
    return c.body(await metrics(), 200, { "content-type": TEXT_FORMAT, "cache-control": "no-store" });
  });
}

/** Behind the same guard as the rest of the admin API. */
export function addControlRoutes(app: Hono, { config, reloads, reload, drain }: OperationsContext): void {
  app.get("/api/v1/config", (c) => c.json({ config: shownConfig(config()), reloads: reloads() }));
  app.post("/api/v1/config/reload", async (c) => c.json(await reload()));
  app.post("/api/v1/drain", async (c) => {
    const request = drainRequest.safeParse(await readJson(c));
    if (!request.success) {
      const [issue] = request.error.issues;
      throw new MqttError("OPTION_INVALID", { detail: `${issue?.path.join(".") || "body"}: ${issue?.message}` });
    }
    return c.json({ connections: drain(request.data) }, 202);
  });
}
