import { timingSafeEqual } from "node:crypto";
import { MqttError } from "@bowline/protocol";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import type { Secret } from "../log/secret.ts";
import { failure, notThere } from "./admin-app.ts";
import type { AdminGate } from "./admin-gate.ts";
import type { Caller } from "./caller.ts";
import type { OperatorAccess } from "./operator-access.ts";
import { readJson } from "./read-json.ts";
import type { SignIn, SignIns } from "./sign-ins.ts";

// The prefix makes browsers insist on Secure, on Path=/ and on no Domain, so no other host or plain HTTP page can set it.
export const COOKIE = "__Host-bowline";
const COOKIE_OPTIONS = { secure: true, httpOnly: true, sameSite: "Strict", path: "/" } as const;
/** Pages of other origins cannot send a header of their own without asking first, and we answer no such question. */
const CSRF_HEADER = "x-bowline-csrf";

/** What stands between the network and the admin API. */
export interface OriginGuard {
  readonly access: OperatorAccess;
  readonly signIns: SignIns;
  readonly gate: AdminGate;
}

/**
 * Puts the question "who asks?" before the admin API on the console's origin: the operator key as a bearer token or an API key for
 * programs, a cookie for browsers. Browsers are signed in by a single-use link, or with one of those keys, and then are what the
 * link or the key is for: the operator, or the administrator of one tenant.
 */
export function guardOrigin(guard: OriginGuard, api: Hono): Hono {
  const { signIns } = guard;
  const app = new Hono();
  app.use("/api/*", noStore);
  app.get("/api/v1/sign-in", (c) => {
    const cookie = signIns.useLink(c.req.query("token") ?? "");
    // The link in the terminal is clicked again: whoever it signed in is where it leads.
    if (!cookie && signInOf(signIns, c) !== undefined) return c.redirect("/", 303);
    if (!cookie) return c.text("This sign-in link was used already or is too old. Run: bowline console\n", 403);
    letIn(guard, c, cookie, 303);
    return c.redirect("/", 303);
  });
  app.post("/api/v1/session", async (c) => {
    if (c.req.header(CSRF_HEADER) === undefined || !isOwnOrigin(c)) return foreign(c);
    const value = await readJson(c).catch(() => undefined);
    const key = (value as { key?: unknown } | null | undefined)?.key;
    const cookie = typeof key === "string" ? signInWith(guard, key) : undefined;
    if (!cookie) return guard.gate.refuseStranger(c, "the key is wrong or has ended");
    letIn(guard, c, cookie, 204);
    return c.body(null, 204);
  });
  // Answered to everybody, so that a page can ask whether it is signed in without a failed request in the browser's console.
  app.get("/api/v1/session", (c) => c.json(describe(signInOf(signIns, c))));
  app.delete("/api/v1/session", (c) => {
    const signIn = signInOf(signIns, c);
    if (signIn === undefined) return refused(c, 401, "not signed in");
    if (!isOwnPage(c, signIn)) return foreign(c);
    signIns.end(getCookie(c, COOKIE) ?? "");
    deleteCookie(c, COOKIE, COOKIE_OPTIONS);
    guard.gate.recordBrowser(c, signIn.caller, 204);
    return c.body(null, 204);
  });
  app.use("/api/*", onlyKnown(guard));
  app.route("/", api);
  // In the words of the API, whatever is beside it at this address.
  app.all("/api/*", notThere);
  return app;
}

/** The cookie of whoever holds the operator key, or the AppID and AppSecret of an API key; that one lasts no longer than the key. */
function signInWith({ access, signIns, gate }: OriginGuard, key: string): Secret | undefined {
  if (access.isOperatorKey(key)) return signIns.begin(operator("session"));
  const [id = "", secret = ""] = key.split(/:(.*)/s, 2);
  const caller = gate.callerOf(id, secret);
  return caller === undefined ? undefined : signIns.begin({ ...caller, by: `session of ${id}` }, gate.backing(id, secret));
}

function letIn({ signIns, gate }: OriginGuard, c: Context, cookie: Secret, status: number): void {
  setCookie(c, COOKIE, cookie.reveal(), COOKIE_OPTIONS);
  const signIn = signIns.find(cookie.reveal());
  if (signIn !== undefined) gate.recordBrowser(c, signIn.caller, status);
}

function signInOf(signIns: SignIns, c: Context): SignIn | undefined {
  return signIns.find(getCookie(c, COOKIE) ?? "");
}

/** What a page needs to know of whoever opened it. */
function describe(signIn: SignIn | undefined): object {
  if (signIn === undefined) return { role: null };
  const { caller, csrf } = signIn;
  return { role: caller.role, access: caller.access, ...(caller.role === "tenant" ? { tenant: caller.tenant } : {}), csrf };
}

function onlyKnown({ access, signIns, gate }: OriginGuard): MiddlewareHandler {
  return async (c, next) => {
    const byKey = gate.byKey(c);
    if (byKey !== undefined) return "role" in byKey ? gate.pass(c, byKey, next) : byKey;
    const bearer = /^Bearer (\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1];
    if (bearer !== undefined) {
      return access.isOperatorKey(bearer)
        ? gate.pass(c, operator("operator key"), next)
        : gate.refuseStranger(c, "the operator key is wrong");
    }
    const signIn = signInOf(signIns, c);
    // A page that is not signed in asks in good faith: it is no guess.
    if (signIn === undefined) return refused(c, 401, "not signed in");
    const isRead = c.req.method === "GET" || c.req.method === "HEAD";
    if (!isRead && !isOwnPage(c, signIn)) return foreign(c);
    return gate.pass(c, signIn.caller, next);
  };
}

function operator(by: string): Caller {
  return { role: "operator", by, access: "full" };
}

/** It says what only a page that may read our answers can know. */
function isOwnPage(c: Context, { csrf }: SignIn): boolean {
  const [ours, theirs] = [Buffer.from(csrf), Buffer.from(c.req.header(CSRF_HEADER) ?? "")];
  return ours.length === theirs.length && timingSafeEqual(ours, theirs) && isOwnOrigin(c);
}

function isOwnOrigin(c: Context): boolean {
  return isOriginOf(c.req.header("origin"), c.req.header("host"));
}

/** Whoever sends none is no page. */
export function isOriginOf(origin: string | undefined, host: string | undefined): boolean {
  return origin === undefined || origin === `https://${host}`;
}

// After the answer, which may be one of other routes, whole with its headers.
const noStore: MiddlewareHandler = async (c, next) => {
  await next();
  c.header("cache-control", "no-store");
  c.header("referrer-policy", "no-referrer");
  c.header("x-content-type-options", "nosniff");
};

function foreign(c: Context): Response {
  return refused(c, 403, "the request does not come from the console's own page");
}

function refused(c: Context, status: 401 | 403, detail: string): Response {
  return failure(c, new MqttError("ADMIN_REFUSED", { detail }), status);
}
