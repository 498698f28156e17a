import type { Hono } from "hono";
import { TENANT_LIMIT_NAMES } from "../connection/tenant-limits.ts";
import type { ServerTenants } from "../server/server-tenants.ts";
import { pageOf } from "./page-of.ts";
import { readJson } from "./read-json.ts";

/** Plans, and which one a tenant has: the operator's alone. */
export function addPlanRoutes(app: Hono, tenants: ServerTenants): void {
  app.get("/api/v1/plans", (c) => {
    const { items, meta } = pageOf(c, tenants.plans.list());
    return c.json({ plans: items, meta, limitNames: TENANT_LIMIT_NAMES });
  });
  app.get("/api/v1/plans/:plan", (c) => c.json(tenants.plans.get(c.req.param("plan"))));
  app.put("/api/v1/plans/:plan", async (c) => c.json(await tenants.putPlan(c.req.param("plan"), await readJson(c))));
  app.delete("/api/v1/plans/:plan", async (c) => {
    await tenants.removePlan(c.req.param("plan"));
    return c.body(null, 204);
  });
  app.put("/api/v1/tenants/:tenant/plan", async (c) => {
    const { plan } = ((await readJson(c)) ?? {}) as { plan?: string | null };
    return c.json(await tenants.setPlan(c.req.param("tenant"), plan ?? undefined));
  });
}
