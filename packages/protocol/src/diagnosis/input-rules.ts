import { isAddress } from "./address-class.ts";
import type { AttemptFacts } from "./facts.ts";
import { findError } from "./node-error.ts";
import { runsInPage } from "./target.ts";
import type { Finding, Rule } from "./verdict.ts";

// The ports of the fetch standard's block list which someone might give to a broker.
const unsafePorts: ReadonlySet<number> = new Set([
  1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110, 111, 113, 115,
  117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587,
  601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669,
  6679, 6697, 10080,
]);

/** What each well-known port speaks almost everywhere. */
const usualSchemes: Readonly<Record<number, readonly string[]>> = {
  1883: ["mqtt"],
  8883: ["mqtts"],
  80: ["ws"],
  443: ["wss", "mqtts"],
  8083: ["ws"],
  8084: ["wss"],
  8884: ["wss", "mqtts"],
};

const urlAsHost: Rule = ({ target }) =>
  target?.host !== undefined && /:\/\/|\/|^[^:]+:\d+$/.test(target.host) && target.scheme !== "unix"
    ? { code: "URL_AS_HOST", evidence: `host is "${target.host}"` }
    : undefined;

const fragment: Rule = ({ target }) =>
  target?.hasFragment === true ? { code: "URL_INVALID", evidence: "a URL of a broker has no # part" } : undefined;

const badPort: Rule = ({ target }) =>
  target?.port !== undefined && !(Number.isInteger(target.port) && target.port > 0 && target.port < 65536)
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

const blockedPort: Rule = (facts) =>
  runsInPage(facts) && unsafePorts.has(facts.target?.port ?? 0)
    ? { code: "UNSAFE_PORT", evidence: `port ${facts.target?.port}` }
    : undefined;

const thrownBeforeDialling: Rule = (facts) => {
  const error = findError(facts.errors, /ERR_INVALID_URL|ERR_SOCKET_BAD_PORT|Invalid URL|ERR_INVALID_ARG_VALUE|SyntaxError/);
  if (error !== undefined) return { code: "URL_INVALID", evidence: error.message ?? error.code ?? "the URL was rejected" };
  const syntax = facts.errors?.find((candidate) => candidate.name === "SyntaxError" && facts.milestone === "started");
  return syntax === undefined ? undefined : { code: "URL_INVALID", evidence: syntax.message ?? "the URL was rejected" };
};

/** Mistakes that need no network to be seen, and errors thrown before any was used. */
export const inputRules: readonly Rule[] = [
  urlAsHost,
  fragment,
  badPort,
  schemeInPage,
  unknownScheme,
  mixedContent,
  blockedPort,
  thrownBeforeDialling,
];

/** What looks odd before dialling, though it may work: a client warns of these once. */
export function staticWarnings(facts: AttemptFacts): readonly Finding[] {
  const { scheme, host, port } = facts.target ?? {};
  const warnings: Finding[] = [];
  const usual = port === undefined ? undefined : usualSchemes[port];
  if (usual !== undefined && scheme !== undefined && !usual.includes(scheme)) {
    warnings.push({ code: "PORT_SCHEME_ODD", evidence: `port ${port} usually speaks ${usual.join(" or ")}, not ${scheme}` });
  }
  const isSecure = scheme === "mqtts" || scheme === "wss";
  if (isSecure && host !== undefined && isAddress(host) && typeof facts.tls?.serverName !== "string") {
    warnings.push({ code: "TLS_SNI", evidence: `no server name is sent to the address ${host}` });
  }
  if (facts.tls?.certificate?.alternativeNames?.length === 0) {
    warnings.push({ code: "TLS_CN_ONLY", evidence: facts.tls.certificate.subject ?? "certificate without alternative names" });
  }
  return warnings;
}
