import { Hono } from "hono";
import { addBanRoutes } from "./ban-routes.ts";
import { addConnectionRoutes } from "./connection-routes.ts";
import { addRuleRoutes } from "./rule-routes.ts";
import type { TenantApp, TenantEnv } from "./tenant-env.ts";
import { addTraceRoutes } from "./trace-routes.ts";
import { addUserRoutes } from "./user-routes.ts";

/** Everything that the administrator of a tenant may ask, and the operator of each tenant, below the path that names it. */
export function tenantRoutes(): TenantApp {
  const app = new Hono<TenantEnv>();
  addConnectionRoutes(app);
  addUserRoutes(app);
  addRuleRoutes(app);
  addBanRoutes(app);
  addTraceRoutes(app);
  return app;
}
