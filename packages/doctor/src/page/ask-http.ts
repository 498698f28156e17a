/** What a page learns of a server by a request: whether it answers, and more where the server lets pages read it. */
export interface HttpAnswer {
  /** Undefined where the page's own policy forbids to ask: that says nothing of the server. */
  readonly outcome: "resolved" | "rejected" | "silent" | undefined;
  readonly ms: number;
  readonly status?: number;
  /** It leads elsewhere: where to, and by which status, is not told. */
  readonly isRedirected?: boolean;
  /** By the server's clock, of the page's own server alone. */
  readonly dateMs?: number;
}

/** "no-cors" learns whether there is an answer, "cors" reads it where it may be read and else fails; "own" is the page's own server. */
export type Asking = "no-cors" | "cors" | "own";

const requests: Readonly<Record<Asking, RequestInit>> = {
  "no-cors": { mode: "no-cors" },
  cors: { mode: "cors", redirect: "manual" },
  own: { mode: "same-origin", redirect: "manual", method: "HEAD" },
};

/** Asks an address, without credentials. */
export async function askHttp(url: string, asking: Asking, ms: number): Promise<HttpAnswer> {
  const startedAt = performance.now();
  const told = (outcome: HttpAnswer["outcome"]): HttpAnswer => ({ outcome, ms: performance.now() - startedAt });
  const limit = AbortSignal.timeout(ms);
  const watched = new AbortController();
  let isForbidden = false;
  const page = globalThis.document as Document | undefined;
  page?.addEventListener("securitypolicyviolation", ({ blockedURI }) => (isForbidden ||= /^(http|self)/.test(blockedURI)), {
    signal: watched.signal,
  });
  const request: RequestInit = { credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer", signal: limit };
  try {
    const answer = await fetch(url, { ...request, ...requests[asking] });
    return asking === "no-cors" ? told("resolved") : { ...told("resolved"), ...readable(answer, asking) };
  } catch {
    const answer = told(limit.aborted ? "silent" : "rejected");
    // The event for a violation comes as a task of its own.
    await new Promise((resolve) => setTimeout(resolve, 0));
    return isForbidden ? { ...answer, outcome: undefined } : answer;
  } finally {
    watched.abort();
  }
}

function readable({ type, status, headers }: Response, asking: Asking): Pick<HttpAnswer, "status" | "isRedirected" | "dateMs"> {
  const dateMs = asking === "own" ? timeOf(headers) : undefined;
  const date = dateMs === undefined ? {} : { dateMs };
  return type === "opaqueredirect" ? { isRedirected: true } : { status, ...date };
}

/** A cache on the way keeps the date of its own request, and says how long ago that was; a worker of the page may keep any. */
function timeOf(headers: Headers): number | undefined {
  if ((globalThis as unknown as Partial<Window>).navigator?.serviceWorker?.controller) return undefined;
  const ms = Date.parse(headers.get("date") ?? "") + Number(headers.get("age") ?? 0) * 1000;
  return Number.isFinite(ms) ? ms : undefined;
}
