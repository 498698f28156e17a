import { MqttError } from "@bowline/protocol";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { failure, notThere } from "./admin-app.ts";
import type { AdminGate } from "./admin-gate.ts";
import type { Caller } from "./caller.ts";
import type { OperatorAccess } from "./operator-access.ts";
import { readJson } from "./read-json.ts";

// The prefix makes browsers insist on Secure, on Path=/ and on no Domain, so no other host or plain HTTP page can set it.
const COOKIE = "__Host-bowline";
const COOKIE_OPTIONS = { secure: true, httpOnly: true, sameSite: "Strict", path: "/" } as const;
/** Pages of other origins cannot send a header of their own without asking first, and we answer no such question. */
const CSRF_HEADER = "x-bowline-csrf";

/** Lets whoever reaches the admin socket have a link which signs one browser in; `makeLink` has none without a console. */
export function addSignInLinks(app: Hono, makeLink: () => string | undefined): void {
  app.post("/api/v1/sign-in-links", (c) => {
    const url = makeLink();
    return url === undefined ? refused(c, 403, "this broker has no console") : c.json({ url }, 201);
  });
}

/** Works once, within 15 minutes. */
export function signInLink(access: OperatorAccess, consoleOrigin: string): string {
  return `${consoleOrigin}/api/v1/sign-in?token=${access.makeLinkToken().reveal()}`;
}

/**
 * Puts the question "who asks?" before the admin API on the console's origin: the operator key as a bearer token for programs,
 * a session cookie for browsers. Browsers are signed in by the single-use link that `bowline up` prints, or with the key.
 */
export function guardOrigin(access: OperatorAccess, api: Hono, gate: AdminGate): Hono {
  const app = new Hono();
  app.use("/api/*", noStore);
  app.get("/api/v1/sign-in", (c) => {
    const cookie = access.signIn(c.req.query("token") ?? "");
    if (!cookie) return c.text("This sign-in link was used already or is too old. Run: bowline console\n", 403);
    setCookie(c, COOKIE, cookie.reveal(), COOKIE_OPTIONS);
    return c.redirect("/", 303);
  });
  app.post("/api/v1/session", async (c) => {
    if (!isOwnPage(c)) return refused(c, 403, "the request does not come from the console's own page");
    const value = await readJson(c).catch(() => undefined);
    const key = (value as { key?: unknown } | null | undefined)?.key;
    const cookie = typeof key === "string" ? access.signIn(key) : undefined;
    if (!cookie) return refused(c, 401, "the key is wrong");
    setCookie(c, COOKIE, cookie.reveal(), COOKIE_OPTIONS);
    return c.body(null, 204);
  });
  // Answered to everybody, so that a page can ask whether it is signed in without a failed request in the browser's console.
  app.get("/api/v1/session", (c) => c.json({ role: isSignedIn(access, c) ? "operator" : null }));
  app.use("/api/*", onlyKnown(access, gate));
  app.delete("/api/v1/session", (c) => {
    access.signOut(getCookie(c, COOKIE) ?? "");
    deleteCookie(c, COOKIE, COOKIE_OPTIONS);
    return c.body(null, 204);
  });
  app.route("/", api);
  // In the words of the API, whatever is beside it at this address.
  app.all("/api/*", notThere);
  return app;
}

function isSignedIn(access: OperatorAccess, c: Context): boolean {
  const bearer = bearerOf(c);
  return bearer === undefined ? access.isSession(getCookie(c, COOKIE) ?? "") : access.isOperatorKey(bearer);
}

function bearerOf(c: Context): string | undefined {
  return /^Bearer (\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1];
}

function onlyKnown(access: OperatorAccess, gate: AdminGate): MiddlewareHandler {
  return async (c, next) => {
    const byKey = gate.byKey(c);
    if (byKey !== undefined) return "role" in byKey ? gate.pass(c, byKey, next) : byKey;
    const bearer = bearerOf(c);
    if (bearer !== undefined) {
      return access.isOperatorKey(bearer)
        ? gate.pass(c, operator("operator key"), next)
        : gate.refuseStranger(c, "the operator key is wrong");
    }
    // A page that is not signed in asks in good faith: it is no guess.
    if (!access.isSession(getCookie(c, COOKIE) ?? "")) return refused(c, 401, "not signed in");
    const isRead = c.req.method === "GET" || c.req.method === "HEAD";
    if (!isRead && !isOwnPage(c)) return refused(c, 403, "the request does not come from the console's own page");
    return gate.pass(c, operator("session"), next);
  };
}

function operator(by: string): Caller {
  return { role: "operator", by, access: "full" };
}

function isOwnPage(c: Context): boolean {
  if (c.req.header(CSRF_HEADER) === undefined) return false;
  const origin = c.req.header("origin");
  return origin === undefined || origin === `https://${c.req.header("host")}`;
}

// After the answer, which may be one of other routes, whole with its headers.
const noStore: MiddlewareHandler = async (c, next) => {
  await next();
  c.header("cache-control", "no-store");
  c.header("referrer-policy", "no-referrer");
  c.header("x-content-type-options", "nosniff");
};

function refused(c: Context, status: 401 | 403, detail: string): Response {
  return failure(c, new MqttError("ADMIN_REFUSED", { detail }), status);
}
