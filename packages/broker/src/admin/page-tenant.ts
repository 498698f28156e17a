import type { IncomingMessage } from "node:http";
import { parse } from "hono/utils/cookie";
import type { PageTenant } from "../listeners/http-front.ts";
import { COOKIE, isOriginOf } from "./guard-origin.ts";
import type { SignIns } from "./sign-ins.ts";

/**
 * The tenant that a page of the console asks for with `?tenant=NAME` when it opens its WebSocket, which stands at the console's own host
 * name whatever tenant is looked at. Only a browser that is signed in for that tenant, or for all, gets there, and only its own pages.
 * Undefined: it names none.
 */
export function pageTenant(request: IncomingMessage, signIns: SignIns, exists: (tenant: string) => boolean): PageTenant {
  const tenant = new URLSearchParams(/\?(.*)$/s.exec(request.url ?? "")?.[1]).get("tenant");
  if (tenant === null) return undefined;
  const { cookie = "", origin, host } = request.headers;
  const caller = signIns.find(parse(cookie, COOKIE)[COOKIE] ?? "")?.caller;
  const mayGo = caller !== undefined && (caller.role === "operator" || caller.tenant === tenant);
  return mayGo && isOriginOf(origin, host) && exists(tenant) ? { tenant } : "refused";
}
