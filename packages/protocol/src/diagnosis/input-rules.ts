import { findError } from "./node-error.ts";
import { runsInPage } from "./target.ts";
import type { Rule } from "./verdict.ts";

const urlAsHost: Rule = ({ target }) =>
  target?.host !== undefined && /:\/\/|\/|^[^:]+:\d+$/.test(target.host) && target.scheme !== "unix"
    ? { code: "URL_AS_HOST", evidence: `host is "${target.host}"` }
    : undefined;

const fragment: Rule = ({ target }) =>
  target?.hasFragment === true ? { code: "URL_INVALID", evidence: "a URL of a broker has no # part" } : undefined;

const badPort: Rule = ({ target }) =>
  target?.port !== undefined &&
  target.scheme !== "unix" &&
  !(Number.isInteger(target.port) && target.port > 0 && target.port < 65536)
    ? { code: "URL_INVALID", evidence: `port ${target.port} is not between 1 and 65535` }
    : undefined;

const schemeInPage: Rule = (facts) => {
  const scheme = facts.target?.scheme;
  if (!runsInPage(facts) || scheme === undefined || scheme === "ws" || scheme === "wss") return undefined;
  return {
    code: "SCHEME_BROWSER",
    evidence: `${scheme}:// in a page`,
    hints: ["Brokers offer wss:// on 443, 8084 or 8884, often with the path /mqtt."],
  };
};

const unknownScheme: Rule = ({ target }) =>
  target?.scheme !== undefined && !["mqtt", "mqtts", "ws", "wss", "unix"].includes(target.scheme)
    ? { code: "SCHEME_UNKNOWN", evidence: `${target.scheme}://` }
    : undefined;

const mixedContent: Rule = (facts) => {
  const isBlocked = facts.page?.protocol === "https:" && facts.target?.scheme === "ws" && !isTrustworthy(facts.target.host ?? "");
  if (isBlocked) return { code: "B_MIXED", evidence: "ws:// from a page loaded over https" };
  const refused = findError(facts.errors, /insecure WebSocket connection may not be initiated|Mixed Content/i);
  return refused === undefined ? undefined : { code: "B_MIXED", evidence: "the browser refused ws:// from an https page" };
};

/** Browsers take loopback for safe, whatever the scheme. */
function isTrustworthy(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost") || host === "[::1]" || host === "::1" || host.startsWith("127.");
}

const thrownBeforeDialling: Rule = (facts) => {
  const error = findError(facts.errors, /ERR_INVALID_URL|ERR_SOCKET_BAD_PORT|Invalid URL|ERR_INVALID_ARG_VALUE|SyntaxError/);
  if (error !== undefined) return { code: "URL_INVALID", evidence: error.message ?? error.code ?? "the URL was rejected" };
  const syntax = facts.errors?.find((candidate) => candidate.name === "SyntaxError" && facts.milestone === "started");
  return syntax === undefined ? undefined : { code: "URL_INVALID", evidence: syntax.message ?? "the URL was rejected" };
};

/** Those of a page whose client has parsed the URL. */
export const pageInputRules: readonly Rule[] = [mixedContent, thrownBeforeDialling];

/** Mistakes that need no network to be seen, and errors thrown before any was used. */
export const inputRules: readonly Rule[] = [
  urlAsHost,
  fragment,
  badPort,
  schemeInPage,
  unknownScheme,
  mixedContent,
  thrownBeforeDialling,
];
