import type { PageFacts } from "@bowline/protocol/internal";
import type { Target } from "../transport/transport.ts";

/** A failure must not be told much later for the sake of its explanation. */
const LIMIT_MS = 2000;
/** An answer stands for later attempts, so that a server in trouble is not asked twice as often. */
const VALID_MS = 60_000;

type Answer = PageFacts["fetch"];
const answers = new Map<string, { readonly at: number; readonly answer: Promise<Answer> }>();

/**
 * Asks with a fetch whether the server of a WebSocket that did not open answers HTTP at all: a page learns no more than that, and it
 * is enough to part the way to the server (name, port, certificate) from what it thinks of WebSockets. Nothing is known when the
 * answer takes too long, or when the page's own policy forbids to ask.
 */
export function probe(target: Target): Promise<Answer> {
  // A path is asked for without its query, which may hold a token.
  const url = target.url.replace(/^ws/, "http").replace(/\?.*$/s, "");
  const known = answers.get(url);
  const now = performance.now();
  if (known !== undefined && now - known.at < VALID_MS) return known.answer;
  const answer = ask(url);
  answers.set(url, { at: now, answer });
  return answer;
}

async function ask(url: string): Promise<Answer> {
  const signal = AbortSignal.timeout(LIMIT_MS);
  const policy = new AbortController();
  globalThis.document?.addEventListener("securitypolicyviolation", () => policy.abort(), { signal });
  try {
    await fetch(url, { mode: "no-cors", credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer", signal });
    return "resolved";
  } catch {
    // The event for a violation comes as a task of its own.
    await new Promise((resolve) => {
      setTimeout(resolve, 0);
    });
    return signal.aborted || policy.signal.aborted ? undefined : "rejected";
  }
}
