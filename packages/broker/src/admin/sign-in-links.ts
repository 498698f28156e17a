import { MqttError } from "@bowline/protocol";
import type { Hono } from "hono";
import type { Caller } from "./caller.ts";
import type { SignIns } from "./sign-ins.ts";

/** A link that signs one browser in as that caller, once, within 15 minutes. */
export function signInLink(signIns: SignIns, consoleOrigin: string, caller: Caller): string {
  return `${consoleOrigin}/api/v1/sign-in?token=${signIns.makeLink(caller).reveal()}`;
}

/** The operator, by a link. */
export const OPERATOR_BY_LINK: Caller = { role: "operator", by: "session", access: "full" };

/** Makes the link of a caller; undefined without a console. */
export type MakeLink = (caller: Caller) => string | undefined;

/** Lets whoever reaches the admin socket have a link of the operator. Over the network there is none: no browser makes others. */
export function addSignInLinks(app: Hono, makeLink: MakeLink): void {
  app.post("/api/v1/sign-in-links", (c) => c.json({ url: made(makeLink(OPERATOR_BY_LINK)) }, 201));
}

/** Lets the operator have links of a tenant's administrator; `mustExist` throws TENANT_UNKNOWN. */
export function addTenantSignInLinks(app: Hono, makeLink: MakeLink, mustExist: (tenant: string) => void): void {
  app.post("/api/v1/tenants/:tenant/sign-in-links", (c) => {
    const tenant = c.req.param("tenant");
    mustExist(tenant);
    return c.json({ url: made(makeLink({ role: "tenant", tenant, by: "session by link", access: "full" })) }, 201);
  });
}

function made(url: string | undefined): string {
  if (url === undefined) throw new MqttError("ADMIN_REFUSED", { detail: "this broker has no console" });
  return url;
}
