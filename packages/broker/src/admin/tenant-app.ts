import { Hono } from "hono";
import { addBanRoutes } from "./ban-routes.ts";
import { addConnectionRoutes } from "./connection-routes.ts";
import { addEmqxRoutes } from "./emqx-routes.ts";
import { pageOf } from "./page-of.ts";
import { addRuleRoutes } from "./rule-routes.ts";
import { addSessionRoutes } from "./session-routes.ts";
import type { TenantApp, TenantEnv } from "./tenant-env.ts";
import { addTraceRoutes } from "./trace-routes.ts";
import { addUserRoutes } from "./user-routes.ts";

/** Everything that the administrator of a tenant may ask, and the operator of each tenant, below the path that names it. */
export function tenantRoutes(): TenantApp {
  const app = new Hono<TenantEnv>();
  addConnectionRoutes(app);
  addSessionRoutes(app);
  addUserRoutes(app);
  addRuleRoutes(app);
  addBanRoutes(app);
  addTraceRoutes(app);
  app.get("/overview", (c) => c.json(c.get("deployment").overview()));
  app.get("/refusals", (c) => {
    const { items, meta } = pageOf(c, c.get("deployment").refusals());
    return c.json({ refusals: items, meta });
  });
  app.get("/usage", (c) => c.json(c.get("deployment").usage()));
  app.get("/audit", (c) => {
    const { items, meta } = pageOf(c, c.get("deployment").audit());
    return c.json({ entries: items, meta });
  });
  return app;
}

/** What EMQX's API has of it, in its shapes. */
export function emqxRoutes(): TenantApp {
  const app = new Hono<TenantEnv>();
  addEmqxRoutes(app);
  return app;
}
