import type { Context, Hono } from "hono";
import type { Caller } from "./caller.ts";
import type { Deployment } from "../tenants/deployment.ts";

/** What the routes about one tenant are given with each request: that tenant, and nothing that leads to another. */
export interface TenantEnv {
  Variables: { deployment: Deployment; caller: Caller };
  Bindings: { caller?: Caller };
}

export type TenantContext = Context<TenantEnv>;
export type TenantApp = Hono<TenantEnv>;
