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
  dropped: number;
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

/** The broker must know that the page asks, and not a link in another one; it checks this on all that is no read. */
const OWN_PAGE = { "x-bowline-csrf": "1" };
/** A broker that is asked every second and is silent for longer is not answering. */
const TIME_LIMIT_MS = 8_000;

export function getStatus(): Promise<BrokerStatus> {
  return request<BrokerStatus>("GET", "status");
}

export async function getConnections(): Promise<readonly ConnectionRow[]> {
  return (await request<{ connections: readonly ConnectionRow[] }>("GET", "connections")).connections;
}

/** A user name and password for one MQTT connection of this page. */
export function makeToken(signal: AbortSignal): Promise<{ username: string; password: string }> {
  return request("POST", "token", { signal });
}

export function signInWithKey(key: string): Promise<void> {
  return request("POST", "session", { body: JSON.stringify({ key }), headers: { "content-type": "application/json" } });
}

export function signOut(): Promise<void> {
  return request("DELETE", "session");
}

async function request<T>(method: string, path: string, init: RequestInit = {}): Promise<T> {
  const headers = { ...OWN_PAGE, ...(init.headers as Record<string, string> | undefined) };
  const signal = init.signal ?? AbortSignal.timeout(TIME_LIMIT_MS);
  const response = await fetch(`/api/v1/${path}`, { ...init, method, headers, signal }).catch((cause: unknown) => {
    throw new RequestFailure(0, "the broker does not answer", { cause });
  });
  const text = await response.text();
  if (!response.ok) throw new RequestFailure(response.status, messageIn(text) ?? `the broker answered ${response.status}`);
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

function messageIn(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { error?: { message?: string } }).error?.message;
  } catch {
    return undefined;
  }
}
