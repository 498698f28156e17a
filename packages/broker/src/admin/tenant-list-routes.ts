import { setTimeout as wait } from "node:timers/promises";
import type { Context, Hono } from "hono";
import type { ServerTenants } from "../server/server-tenants.ts";
import type { TenantOverview } from "../tenants/tenant-overview.ts";
import type { TenantInput } from "../tenants/tenant-settings.ts";
import { pageOf, searchOf } from "./page-of.ts";
import { readJson } from "./read-json.ts";

/** How long a request waits until the data of a deleted tenant is gone. */
const REMOVAL_WITHIN_MS = 2_000;

/** Tenants as a whole: the operator's alone. */
export function addTenantListRoutes(app: Hono, tenants: ServerTenants, overviews: () => readonly TenantOverview[]): void {
  app.get("/api/v1/overviews", (c) => {
    const has = searchOf(c);
    const { items, meta } = pageOf(
      c,
      overviews().filter(({ name, hosts }) => has(name, ...hosts)),
    );
    return c.json({ tenants: items, meta });
  });
  app.get("/api/v1/tenants", (c) => {
    const { items, meta } = pageOf(c, tenants.list());
    return c.json({ tenants: items, meta });
  });
  // What it holds is checked by whoever makes the tenant.
  app.post("/api/v1/tenants", async (c) => c.json(await tenants.create((await readJson(c)) as TenantInput), 201));
  app.get("/api/v1/tenants/:tenant", (c) => c.json(tenants.show(nameIn(c))));
  app.post("/api/v1/tenants/:tenant/pause", async (c) => c.json(await tenants.setPaused(nameIn(c), true)));
  app.post("/api/v1/tenants/:tenant/resume", async (c) => c.json(await tenants.setPaused(nameIn(c), false)));
  app.delete("/api/v1/tenants/:tenant", async (c) => {
    await tenants.remove(nameIn(c));
    const isGone = await Promise.race([
      tenants.removed(nameIn(c)).then(() => true),
      wait(REMOVAL_WITHIN_MS, false, { ref: false }),
    ]);
    return c.body(null, isGone ? 204 : 202);
  });
}

function nameIn(c: Context): string {
  return c.req.param("tenant") ?? "";
}
