import { lookup } from "node:dns/promises";
import { MqttError } from "@bowline/protocol";
import { addressClass } from "@bowline/protocol/internal";
import { parseTarget } from "@bowline/client/internal";
import type { Context, Hono } from "hono";
import { z } from "zod";
import { AttemptLimiter } from "../auth/attempt-limiter.ts";
import { failure, notThere } from "./admin-app.ts";
import type { AuditLog } from "./audit-log.ts";
import type { Caller } from "./caller.ts";
import { type ExaminedPlace, type ExamineRight, type ExamineTargets, rightToExamine } from "./examine-targets.ts";
import { readBody } from "./read-json.ts";

/** What of the doctor's options may come from outside. */
export interface ExamineRequest {
  url: string;
  /** Of the page, so that a rule about origins is met. */
  origin?: string | undefined;
  username?: string | undefined;
  password?: string | undefined;
  clientId?: string | undefined;
  protocolVersion?: 3 | 4 | 5 | undefined;
  topic?: string | undefined;
}

/** What the broker adds. */
export interface ExamineSurroundings {
  /** PEM of the broker's own authority, for its own listeners. */
  ca?: string | undefined;
  /** Where a name leads, where that was checked before. */
  resolver?: { lookup(host: string): Promise<readonly string[]>; resolveCname(host: string): Promise<string | undefined> };
  /** No proxy of the broker's process is asked. */
  environment: Readonly<Record<string, string>>;
}

/** The doctor of `@bowline/doctor`, which whoever starts a server brings along; answers its report. */
export type Examine = (url: string, options: Omit<ExamineRequest, "url"> & ExamineSurroundings) => Promise<object>;

/** What examining from here needs. */
export interface ExamineContext {
  /** Without it there is nothing to examine with. */
  readonly examine: Examine | undefined;
  readonly targets: ExamineTargets;
  readonly caCertificate: () => string | undefined;
  readonly audit: AuditLog;
}

const TEXT_MAX = 65_535;
const text = (max: number): z.ZodOptional<z.ZodString> => z.string().max(max).optional();

export const examineRequest: z.ZodType<ExamineRequest> = z.strictObject({
  url: z.string().min(1).max(2_048),
  origin: text(300),
  username: text(TEXT_MAX),
  password: text(TEXT_MAX),
  clientId: text(TEXT_MAX),
  protocolVersion: z.union([z.literal(3), z.literal(4), z.literal(5)]).optional(),
  topic: text(TEXT_MAX),
});

/** A person presses a button; whoever asks faster has something else in mind. Each takes 5 s at most. */
const LIMIT = { burst: 5, refillMs: 6_000, maximumKeys: 1 };
const AT_ONCE = 2;

/**
 * Examines a connection from this machine, for a page that sees less. Only operators get here, with a key or a session that may change
 * things; only places that `rightToExamine` allows are dialled, each is written down, and nothing is said of others but that they are
 * not allowed. One for all ways to the API, so that they share its limits.
 */
export class Examiner {
  readonly #context: ExamineContext;
  readonly #limiter: AttemptLimiter = new AttemptLimiter(LIMIT, () => performance.now());
  #running = 0;

  constructor(context: ExamineContext) {
    this.#context = context;
  }

  async answer(c: Context): Promise<Response> {
    const { examine, targets } = this.#context;
    if (examine === undefined) return notThere(c);
    const { url, ...options } = await readBody(c, examineRequest);
    const place = placeOf(url);
    const right = rightToExamine(place, targets);
    if (right === undefined) throw notAllowed(place);
    if (this.#running >= AT_ONCE || !this.#limiter.take("all")) return tooMany(c);
    this.#running++;
    try {
      const surroundings = await this.#surroundings(place, right);
      record(c, this.#context.audit, place);
      return c.json(await examine(url, { ...options, ...surroundings }));
    } finally {
      this.#running--;
    }
  }

  async #surroundings(place: ExaminedPlace, right: ExamineRight): Promise<ExamineSurroundings> {
    const resolver = right === "pattern" ? await publicResolver(place) : undefined;
    const ca = right === "own" ? this.#context.caCertificate() : undefined;
    return { environment: {}, ...(ca === undefined ? {} : { ca }), ...(resolver === undefined ? {} : { resolver }) };
  }
}

export function addExamineRoute(app: Hono, examiner: Examiner): void {
  app.post("/api/v1/doctor", (c) => examiner.answer(c));
}

/** @throws MqttError OPTION_INVALID */
function placeOf(url: string): ExaminedPlace & { readonly scheme: string } {
  const nothing = { protocolVersion: 5, tls: {}, headers: {}, query: {}, pageUrl: undefined } as const;
  let parsed: ReturnType<typeof parseTarget>;
  try {
    parsed = parseTarget(url, nothing);
  } catch {
    throw new MqttError("OPTION_INVALID", { detail: "url: it cannot be parsed" });
  }
  const { target, username, password } = parsed;
  if (target.scheme === "unix") throw new MqttError("OPTION_INVALID", { detail: "url: must not be a unix socket" });
  if (username !== undefined || password !== undefined)
    throw new MqttError("OPTION_INVALID", { detail: "url: give username and password in fields of their own" });
  return { scheme: target.scheme, host: target.host.toLowerCase(), port: target.port };
}

function notAllowed({ host, port }: ExaminedPlace): MqttError {
  return new MqttError("ADMIN_REFUSED", {
    detail: `this broker examines its own listeners and what admin.doctorTargets names, which ${host}:${port} is not`,
    remedy: `Add "${host}:${port}" to admin.doctorTargets, or run bowline doctor on a machine of yours.`,
  });
}

/**
 * A pattern names names and no networks: whoever can make a name below it must not lead the broker to its neighbours. The answer is asked
 * for once, so that it cannot be another one when it is dialled.
 *
 * @throws MqttError ADMIN_REFUSED
 */
async function publicResolver({ host }: ExaminedPlace): Promise<ExamineSurroundings["resolver"]> {
  const answer = lookup(host, { all: true }).then((found) => found.map(({ address }) => address));
  const addresses = await answer.catch((): string[] => []);
  if (addresses.some((address) => addressClass(address) !== "public")) {
    throw new MqttError("ADMIN_REFUSED", {
      detail: `${host} leads to an address that is not public`,
      remedy: "Name the host itself in admin.doctorTargets.",
    });
  }
  return { lookup: () => answer, resolveCname: () => Promise.resolve(undefined) };
}

/** Beside the entry of the request, which does not say where it led. */
function record(c: Context, audit: AuditLog, { scheme, host, port }: ExaminedPlace & { readonly scheme: string }): void {
  const caller = c.get("caller") as Caller | undefined;
  const env = c.env as { incoming?: { socket: { remoteAddress?: string } } } | undefined;
  audit.record({
    at: new Date().toISOString(),
    by: caller?.by ?? "nobody",
    role: caller?.role,
    tenant: "default",
    method: "DIAL",
    path: `${scheme}://${host}:${port}`,
    status: 200,
    from: env?.incoming?.socket.remoteAddress ?? "",
  });
}

function tooMany(c: Context): Response {
  c.header("retry-after", "6");
  return failure(c, new MqttError("ADMIN_REFUSED", { detail: "examinations take their turns; try again in some seconds" }), 429);
}
