/** What a page learns of a server by a request: whether it answers, and its status where the server lets pages read it. */
export interface HttpAnswer {
  /** Undefined where the page's own policy forbids to ask: that says nothing of the server. */
  readonly outcome: "resolved" | "rejected" | "silent" | undefined;
  readonly ms: number;
  readonly status?: number;
}

/** Asks an address, without credentials; "cors" reads the status, where it may be read, and else fails. */
export async function askHttp(url: string, mode: "no-cors" | "cors", ms: number): Promise<HttpAnswer> {
  const startedAt = performance.now();
  const told = (outcome: HttpAnswer["outcome"]): HttpAnswer => ({ outcome, ms: performance.now() - startedAt });
  const limit = AbortSignal.timeout(ms);
  const watched = new AbortController();
  let isForbidden = false;
  const page = globalThis.document as Document | undefined;
  page?.addEventListener("securitypolicyviolation", ({ blockedURI }) => (isForbidden ||= blockedURI.startsWith("http")), {
    signal: watched.signal,
  });
  const request = { mode, credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer", signal: limit } as const;
  try {
    const { status } = await fetch(url, request);
    return mode === "cors" ? { ...told("resolved"), status } : told("resolved");
  } catch {
    const answer = told(limit.aborted ? "silent" : "rejected");
    // The event for a violation comes as a task of its own.
    await new Promise((resolve) => setTimeout(resolve, 0));
    return isForbidden ? { ...answer, outcome: undefined } : answer;
  } finally {
    watched.abort();
  }
}
