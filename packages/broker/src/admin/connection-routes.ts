import { MqttError } from "@bowline/protocol";
import { reachedLimits } from "../metrics/reached-limits.ts";
import { connectionList } from "./connection-list.ts";
import type { TenantApp, TenantContext } from "./tenant-env.ts";

/** The connections of a tenant: all, one in full, its end; and what limits there are and what they cost so far. */
export function addConnectionRoutes(app: TenantApp): void {
  app.get("/connections", (c) => c.json(connectionList(c.get("deployment").connections(), c.req.query())));
  app.get("/connections/:id", (c) => {
    const detail = c.get("deployment").connection(idOf(c));
    return detail === undefined ? none(c) : c.json(detail);
  });
  app.delete("/connections/:id", (c) => (c.get("deployment").endConnection(idOf(c)) ? c.body(null, 204) : none(c)));
  app.get("/limits", (c) => {
    const deployment = c.get("deployment");
    const counters = deployment.counters();
    const plan = deployment.plan()?.name ?? null;
    return c.json({ limits: deployment.limits(), counters, reached: reachedLimits(counters), plan });
  });
}

function idOf(c: TenantContext): number {
  const id = Number(c.req.param("id"));
  if (!Number.isSafeInteger(id)) throw new MqttError("OPTION_INVALID", { detail: "a connection is named by its number" });
  return id;
}

function none(c: TenantContext): Response {
  return c.json({ error: { code: "NOT_FOUND", message: "there is no such connection; it may have ended" } }, 404);
}
