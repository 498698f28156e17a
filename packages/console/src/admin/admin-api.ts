import type { PageMeta } from "../page/page-meta.ts";
import { pathOfTenant } from "./tenant-scope.ts";

/** Counters of the broker since its start; the first three are as of now. */
export interface BrokerTotals {
  connections: number;
  sessions: number;
  retainedMessages: number;
  connectionsAccepted: number;
  connectionsRefused: number;
  messagesReceived: number;
  messagesSent: number;
  messagesDropped: number;
  bytesReceived: number;
  bytesSent: number;
}

/** Answer of `GET /api/v1/status`. */
export interface BrokerStatus {
  version: string;
  /** Wall time in ms. */
  startedAt: number;
  listeners: readonly string[];
  storage: { state: "ok" } | { state: "read-only"; cause: string; since: number };
  totals: BrokerTotals;
  memoryBytes: number;
  processId: number;
}

/** One client that is connected, of `GET /api/v1/connections`. */
export interface ConnectionRow {
  id: number;
  clientIdentifier: string;
  /** Empty for anonymous clients. */
  owner: string;
  transport: string;
  remoteAddress: string;
  /** The Protocol Level of CONNECT: 3, 4 or 5. */
  protocolVersion: number;
  /** Wall time in ms. */
  connectedAt: number;
  subscriptions: number;
  inFlight: number;
  queued: number;
  queuedBytes: number;
  /** Bytes in the client's transport that the system has not taken. */
  bufferedBytes: number;
  /** Messages to the client that it did not get, whatever for. */
  dropped: number;
  drops: DropCounts;
  /** Messages of the client over its rate that were refused. */
  publishesRefused: number;
}

/** Messages that a client did not get, by reason. */
export type DropCounts = Readonly<Record<"slowClient" | "queueFull" | "tooLarge" | "expired" | "revoked" | "blocked", number>>;

/** Answer of `GET /api/v1/connections`. */
export interface ConnectionList {
  connections: readonly ConnectionRow[];
  /** Connections that match the search, and all there are. */
  found: number;
  total: number;
}

/** A Subscription of a connection's Session. */
export interface SubscriptionRow {
  topicFilter: string;
  qos: number;
  noLocal: boolean;
  retainAsPublished: boolean;
  retainHandling: number;
}

/** Answer of `GET /api/v1/connections/ID`. */
export interface ConnectionDetail extends ConnectionRow {
  remotePort: number;
  localPort: number;
  tls?: { protocol: string; cipher: string; serverName?: string; hasCertificate: boolean };
  session: { isPersistent: boolean; expiryInterval: number; queuedBytes: number; unreleased: number; hasWill: boolean };
  subscriptionList: readonly SubscriptionRow[];
}

/** A Session whose client is away, of `GET /api/v1/sessions`. */
export interface AwayRow {
  clientIdentifier: string;
  owner: string;
  /** Wall time in ms. */
  disconnectedAt: number;
  /** Seconds. */
  expiryInterval: number;
  subscriptions: number;
  queued: number;
  dropped: number;
}

/** Answer of `GET /api/v1/sessions`. */
export interface AwayList {
  sessions: readonly AwayRow[];
  meta: PageMeta;
}

/** What was used in an hour (`2026-11-21T10`) or a month (`2026-11`), UTC. */
export interface Usage {
  period: string;
  sessionMinutes: number;
  messagesReceived: number;
  messagesSent: number;
  bytesReceived: number;
  bytesSent: number;
}

/** Answer of `GET /api/v1/usage`, the latest first. */
export interface UsageReport {
  hours: readonly Usage[];
  months: readonly Usage[];
}

/** A tenant at a glance, of `GET /api/v1/overview`. */
export interface TenantOverview {
  name: string;
  state: "active" | "paused" | "deleting";
  hosts: readonly string[];
  plan?: string;
  /** Wall time in ms. */
  createdAt?: number;
  urls: readonly string[];
  connections: number;
  sessions: number;
  retainedMessages: number;
  storage: "ok" | "read-only";
  month?: Usage;
}

/** Answer of `GET /api/v1/overviews`. */
export interface OverviewList {
  tenants: readonly TenantOverview[];
  meta: PageMeta;
}

/** A client that was not let in, was sent away, or may not do what it asked for, of `GET /api/v1/refusals`. */
export interface Refusal {
  /** Wall time in ms. */
  at: number;
  times: number;
  clientIdentifier: string;
  /** As whom it came, where that is known. */
  user?: string;
  remoteAddress: string;
  transport: string;
  wasConnected: boolean;
  /** What it may not do on its open connection, and with which Topic Name or Topic Filter. */
  action?: "publish" | "subscribe" | "receive";
  topic?: string;
  code: string;
  reasonCode?: number;
  reason: string;
  remedy: string;
}

/** A key to the admin API, of `GET /api/v1/keys`. */
export interface KeyRow {
  /** The AppID. */
  id: string;
  tenant?: string;
  access: "full" | "read";
  name: string;
  /** Wall times in ms. */
  createdAt: number;
  expiresAt?: number;
}

/** A key with its AppSecret, which is told once. */
export interface IssuedKey extends KeyRow {
  secret: string;
}

/** A plan, of `GET /api/v1/plans`. */
export interface Plan {
  name: string;
  limits: Readonly<Record<string, number | string>>;
  maximumUsers?: number;
  maximumRules?: number;
  maximumRulesPerUser?: number;
}

/** Answer of `GET /api/v1/plans`. */
export interface PlanList {
  plans: readonly Plan[];
  meta: PageMeta;
  /** What a plan may limit, besides its own maxima. */
  limitNames: readonly string[];
}

/** A user of the store, of `GET /api/v1/users`. */
export interface UserRow {
  username: string;
  /** Wall time in ms. */
  createdAt: number;
  disabled: boolean;
}

/** An access rule; a condition that is left out holds for everybody. */
export interface Rule {
  id: string;
  permission: "allow" | "deny";
  action: "publish" | "subscribe" | "both";
  topics: readonly string[];
  client?: string;
  user?: string;
  addresses?: readonly string[];
  qos?: readonly number[];
  retain?: boolean;
}

/** Answer of `GET /api/v1/rules`. */
export interface RuleList {
  noMatch: "allow" | "deny";
  rules: readonly Rule[];
  meta: PageMeta;
}

/** Answer of `POST /api/v1/rules/test`. */
export interface AccessAnswer {
  isAllowed: boolean;
  reason: string;
}

/** Somebody who may not come in, of `GET /api/v1/bans`. */
export interface Ban {
  kind: "user" | "client" | "address";
  value: string;
  /** Wall time in ms. */
  until?: number;
  reason?: string;
}

/** A limit that was reached, or several that are counted together. */
export interface ReachedLimit {
  limits: readonly string[];
  /** Since the start of the broker. */
  times: number;
}

/** Answer of `GET /api/v1/limits`. */
export interface LimitsAnswer {
  limits: Readonly<Record<string, number | string | boolean | object>>;
  reached: readonly ReachedLimit[];
  counters: Readonly<Record<string, number>>;
  /** Of the tenant; null for the limits of the configuration. */
  plan: string | null;
}

/** One event of `/api/v1/metrics/stream`. */
export interface RateSample {
  /** Wall time in ms. */
  at: number;
  connections: number;
  /** Growth per second of the counters of the same names. */
  rates: { messagesReceived: number; messagesSent: number; messagesDropped: number; bytesReceived: number; bytesSent: number };
}

/** An answer of the admin API that is no success. `status` 0: there was no answer. */
export class RequestFailure extends Error {
  readonly status: number;

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }

  /** The broker does not, or no longer, know this browser. */
  get isSignedOut(): boolean {
    return this.status === 401;
  }
}

/** For whom this browser is signed in; nobody: `role` is null. */
export type Session =
  | { role: null }
  | { role: "operator"; access: "full" | "read"; csrf: string }
  | { role: "tenant"; tenant: string; access: "full" | "read"; csrf: string };

/** The broker must know that the page asks, and not a link in another one: a word that only our own page can have read. */
let csrf = "none yet";
const SESSION = "session";
const leaving = new AbortController();
/** A broker that is asked every second and is silent for longer is not answering. */
const TIME_LIMIT_MS = 8_000;

export function getStatus(): Promise<BrokerStatus> {
  return request<BrokerStatus>("GET", "status");
}

export function getOverview(tenant: string): Promise<TenantOverview> {
  return request<TenantOverview>("GET", pathOfTenant(tenant, "overview"));
}

/** For whom the broker knows this browser. Asking costs nobody a refused request. */
export async function getSession(): Promise<Session> {
  const session = await request<Session>("GET", SESSION);
  if (session.role !== null) ({ csrf } = session);
  return session;
}

/** What stands at a path behind `/api/v1/`, or at a whole one. */
export function getResource<T>(path: string, signal: AbortSignal): Promise<T> {
  return request<T>("GET", path, { signal: AbortSignal.any([signal, AbortSignal.timeout(TIME_LIMIT_MS)]) });
}

/** A change at a path behind `/api/v1/`; answers what the broker does. */
export function send<T = void>(
  method: "POST" | "PUT" | "PATCH" | "DELETE",
  path: string,
  body?: unknown,
  timeLimitMs: number = TIME_LIMIT_MS,
): Promise<T> {
  if (body === undefined) return request<T>(method, path);
  const headers = { "content-type": "application/json" };
  return request<T>(method, path, { body: JSON.stringify(body), headers, signal: AbortSignal.timeout(timeLimitMs) });
}

/** A token for an MQTT connection of this page to that tenant. */
export function makeToken(tenant: string, signal: AbortSignal): Promise<{ password: string; expiresAt: number }> {
  return request("POST", pathOfTenant(tenant, "token"), { signal });
}

export function signInWithKey(key: string): Promise<void> {
  return send("POST", SESSION, { key });
}

/** The page is to be loaded anew after it: what else it asks gets no answer from now on, since it would be a refusal. */
export function signOut(): Promise<void> {
  leaving.abort();
  return request("DELETE", SESSION);
}

/** The bytes of an answer that goes on until the broker ends it. */
export async function streamResource(path: string, signal: AbortSignal): Promise<ReadableStream<BufferSource>> {
  const response = await ask(path, { method: "GET", signal });
  if (!response.ok || response.body === null) throw await failureOf(response);
  return response.body;
}

async function request<T>(method: string, path: string, init: RequestInit = {}): Promise<T> {
  const signal = init.signal ?? AbortSignal.timeout(TIME_LIMIT_MS);
  let response = await ask(path, { ...init, method, signal });
  // Signed in anew in another tab, this one has a word that holds no more.
  if (response.status === 403 && method !== "GET" && (await hasAnotherWord()))
    response = await ask(path, { ...init, method, signal });
  if (!response.ok) throw await failureOf(response);
  const text = await response.text();
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

async function hasAnotherWord(): Promise<boolean> {
  const before = csrf;
  await getSession().catch(() => undefined);
  return csrf !== before;
}

function ask(path: string, init: RequestInit & { signal: AbortSignal }): Promise<Response> {
  const headers = { "x-bowline-csrf": csrf, ...(init.headers as Record<string, string> | undefined) };
  const signal = path === SESSION ? init.signal : AbortSignal.any([init.signal, leaving.signal]);
  return fetch(path.startsWith("/") ? path : `/api/v1/${path}`, { ...init, headers, signal }).catch((cause: unknown) => {
    if (signal.aborted && leaving.signal.aborted) return new Promise<never>(() => undefined);
    throw new RequestFailure(0, "the broker does not answer", { cause });
  });
}

async function failureOf(response: Response): Promise<RequestFailure> {
  const text = await response.text();
  return new RequestFailure(response.status, messageIn(text) ?? `the broker answered ${response.status}`);
}

function messageIn(text: string): string | undefined {
  try {
    const { message, remedy } = (JSON.parse(text) as { error?: { message?: string; remedy?: string } }).error ?? {};
    return message === undefined || remedy === undefined ? message : `${message}. ${remedy}`;
  } catch {
    return undefined;
  }
}
