import { parseTarget } from "@bowline/client/internal";
import { type AttemptFacts, closestName, errorFactsOf, redactText, type Scheme } from "@bowline/protocol/internal";

/** P0: what a URL says, or what is wrong with it. */
export interface ReadTarget {
  readonly target?: { readonly scheme: Scheme; readonly host: string; readonly port: number; readonly path: string };
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Facts of a URL that cannot be used. */
  readonly fault?: AttemptFacts;
  readonly hints: readonly string[];
}

/** `pageUrl` is what a path alone is resolved against. */
export function readTarget(text: string, pageUrl?: string): ReadTarget {
  const nested = /^[a-z+]+:\/\/([a-z]+:\/\/.*)$/i.exec(text)?.[1];
  if (nested !== undefined) {
    const host = redactUrl(nested);
    return { fault: { target: { host } }, hints: [`Did you mean ${host}?`] };
  }
  try {
    const { target, username, password } = parseTarget(text, {
      protocolVersion: 5,
      tls: {},
      headers: {},
      query: {},
      pageUrl,
    });
    const { scheme, host, port, path } = target;
    return { target: { scheme, host, port, path }, username, password, hints: [] };
  } catch (error) {
    return { fault: faultOf(text, error), hints: hintsFor(text) };
  }
}

function faultOf(text: string, error: unknown): AttemptFacts {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  const isKnown = scheme !== undefined && /^(mqtts?|wss?|tcp|ssl|tls|unix)$/.test(scheme);
  if (scheme !== undefined && !isKnown) return { target: { scheme } };
  if (isKnown && text.includes("#")) return { target: { hasFragment: true } };
  const port = /:(\d+)(?:[/?].*)?$/.exec(text)?.[1];
  if (isKnown && Number(port ?? 1) > 65_535) return { target: { port: Number(port) } };
  const [{ message = "it cannot be parsed" } = {}] = errorFactsOf(error);
  return { errors: [{ code: "ERR_INVALID_URL", message }] };
}

function hintsFor(text: string): readonly string[] {
  const bare = text.replace(/^[a-z]{2,5}:?\/{1,2}/i, "");
  if (!text.includes("://")) return [`Did you mean mqtts://${redactUrl(bare)}, or mqtt://${redactUrl(bare)}?`];
  const [, typed = "", rest = ""] = /^([a-z][a-z0-9+.-]*)(:\/\/.*)$/is.exec(text) ?? [];
  const meant = meantScheme(typed.toLowerCase());
  if (meant !== undefined) return [`Did you mean ${redactUrl(meant + rest)}?`];
  const at = /\s/.exec(text)?.index;
  return at === undefined ? [] : [`There is a space at position ${at + 1}.`];
}

/** What pages are called by is meant as the WebSocket beside them. */
const alike: Readonly<Record<string, string>> = { http: "ws", https: "wss" };
const schemes = ["mqtt", "mqtts", "ws", "wss", "tcp", "ssl", "tls", "unix"];

/** Undefined for a scheme that is right, or like none. */
function meantScheme(typed: string): string | undefined {
  if (schemes.includes(typed)) return undefined;
  return alike[typed] ?? closestName(typed, schemes);
}

/** Without user info and secrets of the query, also where the scheme is missing. */
export function redactUrl(text: string): string {
  return text.includes("://") ? redactText(text) : redactText(`://${text}`).slice("://".length);
}
