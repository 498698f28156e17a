import type { ErrorCode } from "@bowline/protocol";
import type { Finding, Report } from "../report.ts";

/**
 * Joins what a page saw of an address with what another machine saw of it: facts from outside narrow what a page cannot tell apart. What
 * the page is certain of stands, since the two may have seen different things.
 */
export function mergeOutside(page: Report, outside: Report): Report {
  const { cause } = page;
  if (cause === null || cause.severity !== "fail" || cause.oneOf.length === 0 || page.facts.ws?.everOpened === true) {
    return { ...page, outside };
  }
  const told = outside.findings.find((finding) => mayBreak(finding) && explains(finding, cause, outside));
  const better = told === undefined ? narrowed(cause, outside) : sharpened(cause, told);
  return { ...page, outside, cause: better, findings: page.findings.map((finding) => (finding === cause ? better : finding)) };
}

/** Browsers refuse certificates that Node only warns of. */
const mayBreak = ({ severity, id }: Finding): boolean => severity === "fail" || id === "TLS_CN_ONLY" || id === "TLS_WEAK";

const upgradeStages: ReadonlySet<string> = new Set(["http", "ws"]);
// What another machine saw after the WebSocket had opened is about something else.
const laterStages: ReadonlySet<string> = new Set(["session", "authz", "input"]);

/** Whether what was seen from outside would look so in the page. */
function explains(told: Finding, seen: Finding, outside: Report): boolean {
  if (outside.facts.ws?.everOpened === true && !isOfUpgrade(told) && told.stage !== "tls" && told.stage !== "dns") return false;
  if (seen.oneOf.includes(told.id)) return true;
  if (laterStages.has(told.stage)) return false;
  switch (seen.id) {
    case "WS_UPGRADE_REFUSED":
      return isOfUpgrade(told);
    case "TLS_FAILED":
      return told.stage === "tls" || told.stage === "dns" || told.id === "WSS_TO_WS";
    default:
      return true;
  }
}

/** Of the answer to the upgrade; other ids of that stage say that it was never answered. */
function isOfUpgrade({ id, stage }: Finding): boolean {
  return (upgradeStages.has(stage) || id === "B_ORIGIN") && !["WS_TO_TLS", "WSS_TO_WS", "WS_TO_TCP"].includes(id);
}

function sharpened(seen: Finding, told: Finding): Finding {
  const observed = `${seen.evidence.observed}; from outside: ${told.evidence.observed}`;
  return {
    ...told,
    severity: "fail",
    evidence: { ...told.evidence, observed },
    because: `${seen.evidence.observed}; from outside: ${told.because}`,
  };
}

/** Causes that another machine does not share with this browser. */
const causesHere: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  ...(["B_EXTENSION", "B_LNA", "B_LIMIT", "B_SELF_SIGNED", "CLOCK_SKEW", "PROXY_ENV", "TLS_MITM"] as const),
  ...(["DNS_NXDOMAIN", "DNS_TEMP", "DNS_NODATA", "TCP_TIMEOUT", "TCP_REFUSED", "TCP_UNREACH"] as const),
]);

/** From outside the WebSocket opens: what is left lies between this browser and the server. */
function narrowed(seen: Finding, outside: Report): Finding {
  if (outside.facts.ws?.everOpened !== true) return seen;
  const here = seen.oneOf.filter((code) => causesHere.has(code));
  // A machine that was given the authority trusts what a browser does not: nothing differs as often.
  const oneOf = here.includes("B_SELF_SIGNED")
    ? (["B_SELF_SIGNED", ...here.filter((code) => code !== "B_SELF_SIGNED")] as const)
    : here;
  const because = `${seen.evidence.observed}; from outside the WebSocket opens, so the cause lies between this browser and the server`;
  return { ...seen, because, oneOf: oneOf.length === 0 ? seen.oneOf : oneOf };
}
