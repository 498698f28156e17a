import type { ErrorCode } from "../errors/catalogue.ts";
import { addressClass, isLocalHost } from "./address-class.ts";
import { awsRefusals, isOldEndpoint } from "./aws-rules.ts";
import { signatureFault } from "./aws-signature.ts";
import { clockSkewOf } from "./certificate-rules.ts";
import type { AttemptFacts, PageProbeFacts } from "./facts.ts";
import { httpCode } from "./http-rules.ts";
import { isAwsIot, runsInPage } from "./target.ts";
import type { Finding, Rule } from "./verdict.ts";

/**
 * What a page that was made to diagnose can say of a WebSocket that did not open. A browser hides name, TCP, TLS and status alike, so
 * nearly all of it is "one of"; the lists are whole, so that the cause is in them.
 */

type Codes = readonly ErrorCode[];

/** Every cause of a handshake that a browser gave up, likeliest first. */
const tlsCauses: Codes = [
  ...(["B_SELF_SIGNED", "TLS_SAN", "TLS_EXPIRED", "WSS_TO_WS", "TLS_NOT_YET", "CLOCK_SKEW", "TLS_CN_ONLY", "TLS_SNI"] as const),
  ...(["MTLS_REQUIRED_13", "MTLS_REQUIRED_12", "TLS_VERSION", "TLS_CIPHER", "TLS_WEAK", "TLS_REVOKED", "TLS_CT"] as const),
];
const statusCauses: Codes = [
  ...(["WS_404", "WS_403", "B_ORIGIN", "WS_401", "WS_502", "WS_400", "WS_200", "WS_503", "WS_504", "WS_426"] as const),
  ...(["WS_NO_SUBPROTO_REPLY", "WS_WRONG_SUBPROTO", "WS_301", "WS_302", "WS_307", "WS_308", "WS_405", "WS_407"] as const),
  ...(["WS_429", "WS_STATUS", "WS_H2"] as const),
  // Blockers and the limit of sockets let requests through.
  ...(["B_EXTENSION", "B_LIMIT"] as const),
];
const nameCauses: Codes = ["DNS_NXDOMAIN", "DNS_TEMP", "DNS_NODATA"];
/** What some servers answer by an end in place of an alert: that is no failed handshake to Firefox. */
const endedHandshakes: Codes = ["TLS_SNI", "TLS_VERSION", "TLS_CIPHER", "MTLS_REQUIRED_12"];
const socketCauses: Codes = ["TCP_REFUSED", "TCP_CLOSE_AT_ACCEPT", "TCP_RESET_AT_ACCEPT", "WRONG_SERVICE", "TCP_UNREACH"];

const isUnopened = (facts: AttemptFacts): boolean => runsInPage(facts) && facts.ws !== undefined && facts.ws.everOpened !== true;

/** Firefox alone tells a failed handshake from the rest. */
const handshake: Rule = (facts) =>
  isUnopened(facts) && facts.page?.probe !== undefined && facts.ws?.closeCode === 1015
    ? {
        code: "TLS_FAILED",
        stage: "tls",
        evidence: "close code 1015",
        candidates: likelyTls(facts),
        hints: [`Open ${addressOf(facts)} in a tab: the browser says there what it hides from scripts.`],
      }
    : undefined;

/** A handshake fails on dates where this clock is wrong, and an old endpoint of AWS on its root. */
function likelyTls(facts: AttemptFacts): Codes {
  const first: Codes = [
    ...(isOldEndpoint(facts) ? (["AWS_ENDPOINT"] as const) : []),
    ...(clockSkewOf(facts) === undefined ? [] : (["CLOCK_SKEW"] as const)),
  ];
  return [...first, ...tlsCauses.filter((code) => !first.includes(code))];
}

const answered: Rule = (facts) => {
  const { probe } = facts.page ?? {};
  if (!isUnopened(facts) || probe?.fetch !== "resolved") return undefined;
  const fault = isAwsIot(facts) ? signatureFault(facts) : undefined;
  if (fault !== undefined) return { code: "AWS_SIGV4", evidence: `${evidenceOf(probe)}, no WebSocket opens, and ${fault}` };
  const isLate = facts.timedOut === true;
  const first: Codes = isLate ? ["SILENT", "WS_504", "WS_502"] : [];
  const likely = likelyAnswers(facts, probe);
  // Firefox takes any words for an answer of old HTTP.
  const rest: Codes = isFirefox(facts) ? [...statusCauses, "WRONG_SERVICE"] : statusCauses;
  const candidates = [...new Set([...first, ...likely, ...rest])];
  if (isLate)
    return { code: "SILENT", stage: "http", evidence: "a request is answered, the upgrade is not", candidates, hints: [heldBack] };
  return { code: "WS_UPGRADE_REFUSED", evidence: evidenceOf(probe), candidates, hints: hintsOf(facts, probe) };
};

/** Which refusals what else was tried points at. */
function likelyAnswers(facts: AttemptFacts, probe: PageProbeFacts): Codes {
  const { opensWithoutSubprotocol, opensWithOlderSubprotocol, otherPath, status = 0, isRedirected, protocol } = probe;
  // The other attempts go without the query: where it is the query that is refused, they say nothing.
  if (probe.opensWithoutQuery === true) return isAwsIot(facts) ? awsRefusals(facts) : ["WS_401", "WS_403"];
  if (opensWithOlderSubprotocol === true) return ["WS_400", "WS_WRONG_SUBPROTO"];
  // Firefox takes an answer that names none.
  if (opensWithoutSubprotocol === true) {
    return isFirefox(facts) ? ["WS_WRONG_SUBPROTO", "WS_400"] : ["WS_NO_SUBPROTO_REPLY", "WS_WRONG_SUBPROTO", "WS_400"];
  }
  // A plain GET may be answered otherwise than an upgrade: a lead, and no proof.
  if (status >= 400 && status !== 426) return [httpCode(status)];
  if (isRedirected === true) return ["WS_301", "WS_302", "WS_307", "WS_308"];
  if (otherPath !== undefined) return ["WS_404"];
  if (isAwsIot(facts)) return awsRefusals(facts);
  return protocol === "h2" || protocol === "h3" ? ["WS_H2"] : [];
}

function evidenceOf(probe: PageProbeFacts): string {
  const { opensWithoutSubprotocol, opensWithOlderSubprotocol, otherPath, status, isRedirected } = probe;
  if (probe.opensWithoutQuery === true) return "it opens without the query, and not with it";
  if (opensWithOlderSubprotocol === true) return "it opens with the subprotocol mqttv3.1, and not with mqtt";
  if (opensWithoutSubprotocol === true) return "it opens without a subprotocol, and not with mqtt";
  if (otherPath !== undefined) return `a request is answered, and the path ${otherPath} takes a WebSocket`;
  if (isRedirected === true) return "a request is sent on to another address, which browsers do not follow with a WebSocket";
  return status === undefined ? "a request to the same address is answered" : `a request is answered with HTTP ${status}`;
}

function hintsOf({ target }: AttemptFacts, { otherPath }: PageProbeFacts): readonly string[] {
  const path = (target?.path ?? "/").replace(/\?.*/s, "");
  const check = `Check the path ${path} first, then the proxy and the list of origins.`;
  return otherPath === undefined || otherPath === path ? [check] : [`The path ${otherPath} takes a WebSocket.`, check];
}

/** Chromium by up to five seconds, Firefox by up to a minute; nobody is told. */
const heldBack =
  "Browsers hold a WebSocket back where others of the page or of that address failed before: stop what connects again and again, and try once more.";

const unanswered: Rule = (facts) => {
  const { probe } = facts.page ?? {};
  if (!isUnopened(facts) || probe === undefined) return undefined;
  const isSilent = facts.timedOut === true && probe.fetch !== "rejected";
  const evidence = isSilent ? "no answer in time" : endOf(facts, probe);
  // Where nobody could ask, the browser may have held the WebSocket back.
  const isKnown = isSilent && probe.fetch === "silent";
  const candidates = [...new Set([...(isSilent ? silenceCauses(facts) : []), ...(isKnown ? [] : refusalCauses(facts))])];
  // Where the page's own policy forbids to ask, nobody knows whether HTTP is answered.
  const code = probe.fetch === undefined && !isSilent ? "WS_NEVER_OPENED" : "WS_UNREACHABLE";
  return {
    code,
    evidence,
    candidates,
    hints: [...(facts.timedOut === true ? [heldBack] : []), `Here that is ${addressOf(facts)}.`, consoleHint],
  };
};

function endOf({ msToFail, ws, timedOut }: AttemptFacts, { fetch, fetchMs }: PageProbeFacts): string {
  const asked = fetch === "rejected" ? `, and a request fails after ${fetchMs} ms` : "";
  return timedOut === true ? `a request fails after ${fetchMs} ms` : `closed after ${msToFail} ms with ${ws?.closeCode}${asked}`;
}

const silenceCauses = (facts: AttemptFacts): Codes =>
  isAskedFor(facts) ? ["B_LNA", "TCP_TIMEOUT", "SILENT"] : ["TCP_TIMEOUT", "SILENT", "B_LNA"];

/** A browser that asks its user waits as long as the user does, and one whose user said no refuses names that lead to such addresses. */
const isAskedFor = ({ page }: AttemptFacts): boolean =>
  page?.localNetworkAccess === "prompt" || page?.localNetworkAccess === "denied";

function refusalCauses(facts: AttemptFacts): Codes {
  const { scheme, host = "" } = facts.target ?? {};
  const { ownOrigin, isOwnHost, answersPlainHttp } = facts.page?.probe ?? {};
  const isHere = /^(.+\.)?localhost$/.test(host) || addressClass(host) === "loopback";
  const hasName = addressClass(host) === "name" && !isHere;
  // Under the name that leads to the page's own server the name is right.
  const isFound = isOwnHost === true && ownOrigin === "resolved";
  const reach: Codes = [...(hasName && !isFound ? nameCauses : []), ...socketCauses];
  // Some servers of WebSockets close every plain request: then a fetch says nothing of the upgrade.
  const rest: Codes = ["WS_UPGRADE_REFUSED", "WS_H2", "B_EXTENSION", "B_LIMIT"];
  const isCutOff = !isHere && (ownOrigin === "rejected" || ownOrigin === "silent");
  const first: Codes = [
    ...(isCutOff ? (["B_OFFLINE"] as const) : []),
    ...(isAskedFor(facts) && isLocalHost(host) ? (["B_LNA"] as const) : []),
  ];
  const last: Codes = isAskedFor(facts) && !isLocalHost(host) ? [...rest, "B_LNA"] : rest;
  if (scheme !== "wss") return [...first, ...inTime(facts, reach, ["WS_TO_TLS", "WS_TO_TCP"], last)];
  // What answers plain HTTP can be reached.
  // Firefox has told by its close code whether the handshake failed, where it came so far.
  const isSecured = isFirefox(facts) && facts.timedOut !== true;
  if (answersPlainHttp === true && !isFirefox(facts)) return [...first, ...likelyTls(facts), "WS_TO_TCP", ...last];
  return [
    ...first,
    ...inTime(facts, reach, isSecured ? ["WS_TO_TCP", ...endedHandshakes] : [...likelyTls(facts), "WS_TO_TCP"], last),
  ];
}

/** A refusal comes at once, an answer of a higher layer after some round trips. */
function inTime(facts: AttemptFacts, reach: Codes, layers: Codes, rest: Codes): Codes {
  const ms = Math.min(facts.msToFail ?? Infinity, facts.page?.probe?.fetchMs ?? Infinity);
  const [first, second] = ms < 50 ? [reach, layers] : [layers, reach];
  return [...first, ...second, ...rest];
}

/** Firefox closes with 1015 where a handshake failed, so that 1006 says that none did. */
const isFirefox = ({ page }: AttemptFacts): boolean => page?.isFirefox === true;

function addressOf({ target }: AttemptFacts): string {
  const { scheme, host = "host", port } = target ?? {};
  return `${scheme === "ws" ? "http" : "https"}://${host}${port === undefined ? "" : `:${port}`}`;
}

const consoleHint = "The browser's console names the reason: give that line to the doctor.";

/** An error event after it had opened: the browser gave it up, for frames it does not understand, or lost it. */
const givenUp: Rule = ({ ws, connack, firstBytes, milestone, page }): Finding | undefined => {
  const isUnanswered = connack === undefined && (firstBytes?.length ?? 0) === 0 && milestone !== "accepted";
  if (ws?.everOpened !== true || ws.wasGivenUp !== true || ws.gotTextFrame === true || !isUnanswered) return undefined;
  const evidence = `the browser gave up the WebSocket, ${ws.closeCode}`;
  return page?.isChromium === true
    ? { code: "WS_PERMESSAGE", evidence }
    : { code: "WS_PERMESSAGE", evidence, candidates: ["WS_PERMESSAGE", "CONNACK_NONE"] };
};

/** What only a page's own probes tell. */
export const pageProbeFindings: readonly Rule[] = [handshake, answered, unanswered, givenUp];
