import type { ErrorCode } from "../errors/catalogue.ts";
import { isLocalHost } from "./address-class.ts";
import type { AttemptFacts } from "./facts.ts";
import { runsInPage } from "./target.ts";
import type { Finding, Rule } from "./verdict.ts";

// Firefox allows 200 WebSockets, Chromium 255.
const socketsMax = 200;

const policyViolated: Rule = ({ page }) =>
  page?.cspViolation === undefined
    ? undefined
    : { code: "B_CSP", evidence: `${page.cspViolation.directive} forbids ${page.cspViolation.blockedUri}` };

const localNetwork: Rule = (facts) => {
  if (facts.page?.localNetworkAccess !== "denied" || hasOpened(facts)) return undefined;
  return isLocalHost(facts.target?.host ?? "")
    ? { code: "B_LNA", evidence: "the permission for local network access is denied" }
    : undefined;
};

// This machine itself is reached without a network.
const offline: Rule = (facts) =>
  facts.page?.isOnline === false && !hasOpened(facts) && !/^(localhost$|127\.|\[?::1)/.test(facts.target?.host ?? "")
    ? { code: "B_OFFLINE", evidence: "navigator.onLine is false" }
    : undefined;

const tooManySockets: Rule = (facts) =>
  (facts.page?.openSockets ?? 0) >= socketsMax && !hasOpened(facts)
    ? { code: "B_LIMIT", evidence: `${facts.page?.openSockets ?? 0} sockets are open` }
    : undefined;

const hasOpened = (facts: AttemptFacts): boolean => facts.ws?.everOpened === true;

const handshakeRefused: Rule = (facts) =>
  facts.ws?.closeCode === 1015
    ? {
        code: "TLS_FAILED",
        stage: "ws",
        evidence: "close code 1015",
        candidates: ["B_SELF_SIGNED", "TLS_EXPIRED", "TLS_SAN", "WSS_TO_WS"],
      }
    : undefined;

/**
 * Close code 1006 without an open: all of DNS, TCP, TLS and HTTP in one. A fetch of the same host and port parts them where it was
 * made: an opaque answer means that all but the upgrade is fine. The opposite is weaker, since some WebSocket listeners close plain GETs.
 */
const neverOpened: Rule = (facts) => {
  if (!runsInPage(facts) || hasOpened(facts)) return undefined;
  if (facts.page?.fetch === "resolved") return upgradeRefused(facts);
  const code: ErrorCode = facts.page?.fetch === "rejected" ? "WS_UNREACHABLE" : "WS_NEVER_OPENED";
  const ms = facts.msToFail;
  const evidence =
    facts.timedOut === true ? "no answer in time" : `closed${ms === undefined ? "" : ` after ${Math.round(ms)} ms`} with 1006`;
  return { code, stage: "ws", evidence, candidates: unreachableCauses(facts), hints: hintsFor(facts) };
};

function upgradeRefused(facts: AttemptFacts): Finding {
  return {
    code: "WS_UPGRADE_REFUSED",
    evidence: "a fetch of the same address is answered",
    candidates: ["WS_404", "WS_403", "WS_401", "WS_502", "B_ORIGIN", "WS_NO_SUBPROTO_REPLY"],
    hints: [`Check the path ${(facts.target?.path ?? "/").replace(/\?.*/s, "")} first, then the proxy and the list of origins.`],
  };
}

/** Time parts what the browser does not: a refusal is at once, a handshake takes some round trips, a filter takes seconds. */
function unreachableCauses(facts: AttemptFacts): readonly ErrorCode[] {
  const ms = facts.msToFail ?? 0;
  if (facts.timedOut === true || ms > 10_000) return ["TCP_TIMEOUT", "SILENT", "B_LNA"];
  const isSecure = facts.target?.scheme === "wss";
  const handshake: readonly ErrorCode[] = isSecure
    ? ["B_SELF_SIGNED", "TLS_SAN", "TLS_EXPIRED", "WSS_TO_WS"]
    : ["WS_TO_TLS", "WS_TO_TCP"];
  const upgrade: readonly ErrorCode[] = facts.page?.fetch === "rejected" ? [] : ["WS_404", "WS_403", "WS_502"];
  const reach: readonly ErrorCode[] = ["TCP_REFUSED", "DNS_NXDOMAIN"];
  return ms < 50 ? [...reach, ...handshake, ...upgrade] : [...handshake, ...upgrade, ...reach];
}

function hintsFor(facts: AttemptFacts): readonly string[] {
  const { scheme, host = "host", port } = facts.target ?? {};
  const address = `${scheme === "ws" ? "http" : "https"}://${host}${port === undefined ? "" : `:${port}`}`;
  const trust = scheme === "ws" ? [] : [`Open ${address} in a tab: a warning there means that the certificate is not trusted.`];
  return [...trust, "The browser's console names the reason; scripts are not told."];
}

/** What explains a WebSocket that did not open, without a word of the other side. */
export const pageStaticRules: readonly Rule[] = [policyViolated, offline];

/** The same, from facts that only a program made to diagnose gathers. */
export const pageProbeRules: readonly Rule[] = [localNetwork, tooManySockets];

/** What is left to say of a WebSocket that never opened. */
export const pageRules: readonly Rule[] = [handshakeRefused, neverOpened];
