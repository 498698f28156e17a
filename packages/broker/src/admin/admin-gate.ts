import { MqttError } from "@bowline/protocol";
import type { Context, Hono, MiddlewareHandler } from "hono";
import { AttemptLimiter } from "../auth/attempt-limiter.ts";
import { failure } from "./admin-app.ts";
import type { ApiKeys } from "./api-keys.ts";
import type { AuditLog } from "./audit-log.ts";
import type { Caller } from "./caller.ts";

/** Requests of one caller: a script that walks over all clients stays below it, one that loops does not harm the others. */
const CALLER_LIMIT = { burst: 200, refillMs: 20, maximumKeys: 10_000 };
/** Wrong keys of one address. A secret cannot be guessed; what is bounded is the work and the length of the audit log. */
const FAILURE_LIMIT = { burst: 20, refillMs: 3_000, maximumKeys: 10_000 };

/** What comes with a request beside its text. */
interface Bindings {
  /** Of the socket, where there is one. */
  incoming?: { socket: { remoteAddress?: string } };
}

/** What knows callers by their keys, bounds them, and writes down what they ask for. */
export class AdminGate {
  readonly audit: AuditLog;
  readonly #keys: ApiKeys;
  /** Has the routes of an administrator's own tenant and no others. */
  readonly #tenantApi: Hono;
  readonly #callers: AttemptLimiter;
  readonly #failures: AttemptLimiter;

  constructor(keys: ApiKeys, audit: AuditLog, tenantApi: Hono, now: () => number = () => performance.now()) {
    this.#keys = keys;
    this.audit = audit;
    this.#tenantApi = tenantApi;
    this.#callers = new AttemptLimiter(CALLER_LIMIT, now);
    this.#failures = new AttemptLimiter(FAILURE_LIMIT, now);
  }

  /** The caller of an AppID and AppSecret (Basic); undefined for a request that brings none, or a refusal. */
  byKey(c: Context): Caller | Response | undefined {
    const credentials = basicCredentials(c.req.header("authorization"));
    if (credentials === undefined) return undefined;
    const caller = this.callerOf(credentials.id, credentials.secret);
    return caller ?? this.refuseStranger(c, "the key is wrong or has ended");
  }

  /** Whose key that is; undefined when it is none. */
  callerOf(id: string, secret: string): Caller | undefined {
    const key = this.#keys.verify(id, secret);
    if (key === undefined) return undefined;
    const { id: by, access, tenant } = key;
    return tenant === undefined ? { role: "operator", by, access } : { role: "tenant", by, access, tenant };
  }

  /** Whether a key goes on, for what was given out for it. */
  backing(id: string, secret: string): () => boolean {
    return this.#keys.backing(id, secret);
  }

  /** Answers 401, or 429 to an address of which too many came. */
  refuseStranger(c: Context, detail: string): Response {
    if (!this.#failures.take(addressOf(c))) return tooMany(c);
    this.#record(c, undefined, 401);
    return failure(c, new MqttError("ADMIN_REFUSED", { detail }), 401);
  }

  /** Lets the caller ask, in the routes that are for it. */
  async pass(c: Context, caller: Caller, operatorsRoutes: () => Promise<void>): Promise<Response | void> {
    if (caller.by !== "socket" && !this.#callers.take(nameOf(caller))) return tooMany(c);
    const isRead = c.req.method === "GET" || c.req.method === "HEAD";
    if (!isRead && caller.access === "read") {
      this.#record(c, caller, 403);
      return failure(c, new MqttError("ADMIN_REFUSED", { detail: "the key may only read" }), 403);
    }
    c.set("caller", caller);
    if (caller.role === "operator") {
      await operatorsRoutes();
      if (!isRead) this.#record(c, caller, c.res.status);
      return undefined;
    }
    const answer = await this.#tenantApi.fetch(c.req.raw, { ...(c.env as object), caller });
    if (!isRead) this.#record(c, caller, answer.status);
    return answer;
  }

  /** Writes down that a browser was signed in or out. */
  recordBrowser(c: Context, caller: Caller, status: number): void {
    this.#record(c, caller, status);
  }

  #record(c: Context, caller: Caller | undefined, status: number): void {
    const named = /^\/api\/v\d+\/tenants\/([^/]+)/.exec(c.req.path)?.[1];
    this.audit.record({
      at: new Date().toISOString(),
      by: caller?.by ?? "nobody",
      role: caller?.role,
      tenant: caller?.role === "tenant" ? caller.tenant : (named ?? "default"),
      method: c.req.method,
      path: c.req.path,
      status,
      from: addressOf(c),
    });
  }
}

/** Whoever reaches the admin socket: everything it changes is written down too. */
export function passAs(gate: AdminGate, caller: Caller): MiddlewareHandler {
  return (c, next) => gate.pass(c, caller, next);
}

/** Each browser has a rate of its own, so that no tenant's uses up another's. */
function nameOf({ role, by, signIn = "" }: Caller): string {
  return `${role} ${by} ${signIn}`;
}

function basicCredentials(header: string | undefined): { id: string; secret: string } | undefined {
  const encoded = /^Basic ([A-Za-z0-9+/=]{1,400})$/i.exec(header ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const [id = "", secret = ""] = Buffer.from(encoded, "base64").toString("utf8").split(/:(.*)/s, 2);
  return { id, secret };
}

function addressOf(c: Context): string {
  return (c.env as Bindings | undefined)?.incoming?.socket.remoteAddress ?? "";
}

function tooMany(c: Context): Response {
  c.header("retry-after", "1");
  return failure(c, new MqttError("ADMIN_REFUSED", { detail: "too many requests; try again in a second" }), 429);
}
