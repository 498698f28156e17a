import type { Context, Hono, MiddlewareHandler } from "hono";
import type { Deployment } from "../tenants/deployment.ts";
import { emqxRoutes, tenantRoutes } from "./tenant-app.ts";
import type { TenantEnv } from "./tenant-env.ts";

/**
 * The tenant that a request is about: the one it names in its path, or, without a name, that of whoever asks.
 *
 * @throws MqttError TENANT_UNKNOWN, also for one that whoever asks may not know of
 */
export type FindDeployment = (c: Context, name: string | undefined) => Deployment;

/** Puts the routes of a tenant below `/api/v1/tenants/NAME`, and below `/api/v1` and `/api/v5` for the tenant of whoever asks. */
export function mountTenants(app: Hono, find: FindDeployment): void {
  app.use(
    "/api/v1/tenants/:tenant/*",
    chosen((c) => find(c, c.req.param("tenant"))),
  );
  app.route("/api/v1/tenants/:tenant", tenantRoutes());
  app.use(
    "/api/v1/*",
    chosen((c) => (c.get("deployment") as Deployment | undefined) ?? find(c, undefined)),
  );
  app.route("/api/v1", tenantRoutes());
  app.use(
    "/api/v5/*",
    chosen((c) => find(c, undefined)),
  );
  app.route("/api/v5", emqxRoutes());
}

function chosen(choose: (c: Context<TenantEnv>) => Deployment): MiddlewareHandler<TenantEnv> {
  return (c, next) => {
    c.set("deployment", choose(c));
    return next();
  };
}
