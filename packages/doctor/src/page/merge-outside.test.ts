import { type ErrorCode, errorInfo } from "@bowline/protocol";
import { expect, test } from "vitest";
import type { Finding, Report, ReportFacts } from "../report.ts";
import { mergeOutside } from "./merge-outside.ts";

/* What a page and another machine saw of the same address, joined. */

function finding(id: ErrorCode, oneOf: readonly ErrorCode[] = [], severity: Finding["severity"] = "fail"): Finding {
  const { stage, retry, title } = errorInfo(id);
  return {
    id,
    severity,
    stage,
    title,
    evidence: { observed: `seen ${id}` },
    because: `seen ${id}`,
    oneOf,
    fix: [],
    docs: "",
    retry,
  };
}

function report(findings: readonly Finding[], facts: ReportFacts = {}): Report {
  const cause = findings[0] ?? null;
  const healthy = findings.every(({ severity }) => severity !== "fail");
  return {
    v: 1,
    type: "doctor",
    url: "wss://h/",
    healthy,
    cause,
    findings,
    stages: [],
    limits: {},
    chain: [],
    facts,
    durationMs: 1,
  };
}

const opened: ReportFacts = { ws: { everOpened: true } };
const unreachable = finding("WS_UNREACHABLE", [
  "TCP_REFUSED",
  "DNS_NXDOMAIN",
  "B_SELF_SIGNED",
  "TLS_EXPIRED",
  "WS_TO_TCP",
  "B_EXTENSION",
]);
const refused = finding("WS_UPGRADE_REFUSED", ["WS_404", "WS_403", "B_ORIGIN"]);

test("a fault that would look so in a page is the cause, with what both saw", () => {
  const merged = mergeOutside(report([unreachable]), report([finding("TLS_EXPIRED")]));
  expect(merged.cause).toMatchObject({
    id: "TLS_EXPIRED",
    oneOf: [],
    because: "seen WS_UNREACHABLE; from outside: seen TLS_EXPIRED",
  });
  expect(merged.findings).toEqual([merged.cause]);
  expect(merged.outside?.cause?.id).toBe("TLS_EXPIRED");
});

test("what would look otherwise is not taken: the two saw different things", () => {
  expect(mergeOutside(report([refused]), report([finding("TCP_REFUSED")])).cause).toEqual(refused);
  expect(mergeOutside(report([finding("TLS_FAILED", ["TLS_SAN"])]), report([finding("TCP_REFUSED")])).cause?.id).toBe("TLS_FAILED");
});

test("an untrusted authority there does not hide what the upgrade was answered here", () => {
  const outside = report([finding("TLS_UNKNOWN_CA"), finding("WS_404")]);
  expect(mergeOutside(report([refused]), outside).cause?.id).toBe("WS_404");
  expect(mergeOutside(report([refused]), report([finding("B_ORIGIN")])).cause?.id).toBe("B_ORIGIN");
});

test("where it works from outside, what is left lies between this browser and the server, certificates first", () => {
  const { cause } = mergeOutside(report([unreachable]), report([], opened));
  expect(cause).toMatchObject({ id: "WS_UNREACHABLE", oneOf: ["B_SELF_SIGNED", "TCP_REFUSED", "DNS_NXDOMAIN", "B_EXTENSION"] });
  expect(cause?.because).toContain("from outside the WebSocket opens");
  const withoutRights = report([finding("NOT_AUTHORIZED")], opened);
  expect(mergeOutside(report([unreachable]), withoutRights).cause?.oneOf[0]).toBe("B_SELF_SIGNED");
});

test("a certificate that Node only warns of is what a browser refuses", () => {
  const outside = report([finding("TLS_CN_ONLY", [], "warn")], opened);
  expect(mergeOutside(report([finding("TLS_FAILED", ["TLS_CN_ONLY", "TLS_SAN"])]), outside).cause).toMatchObject({
    id: "TLS_CN_ONLY",
    severity: "fail",
  });
});

test("what the page is certain of stands, and so does what it saw of MQTT", () => {
  const certain = report([finding("B_CSP")]);
  expect(mergeOutside(certain, report([finding("TCP_REFUSED")])).cause?.id).toBe("B_CSP");
  const doubtful = report([finding("NOT_AUTHORIZED", ["NOT_AUTHORIZED", "BAD_CREDENTIALS"])], opened);
  expect(mergeOutside(doubtful, report([finding("TLS_EXPIRED")])).cause?.id).toBe("NOT_AUTHORIZED");
  expect(mergeOutside(report([]), report([])).cause).toBeNull();
});
