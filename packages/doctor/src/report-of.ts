import { type AttemptFacts, redactText } from "@bowline/protocol/internal";
import type { Notes } from "./notes.ts";
import { redactUrl } from "./read-target.ts";
import type { Report, ReportFacts } from "./report.ts";
import { hexOf } from "./talk/random-id.ts";

/** What the probes wrote down, as a report. */
export function reportOf(notes: Notes, url: string, startedAt: number): Report {
  const { findings, stages, limits, chain, facts } = notes;
  return {
    v: 1,
    type: "doctor",
    url: redactUrl(url),
    healthy: !findings.list.some(({ severity }) => severity === "fail"),
    cause: findings.cause,
    findings: findings.list,
    stages,
    limits,
    chain,
    facts: withoutSecrets(facts),
    durationMs: Math.round(performance.now() - startedAt),
  };
}

/** Facts hold no password; a query may, and a user name is nobody's business. */
function withoutSecrets(facts: AttemptFacts): ReportFacts {
  const { target, connect, firstBytes, page, ...rest } = facts;
  const { userName, ...shown } = connect ?? {};
  const path = target?.path === undefined ? {} : { path: redactText(target.path) };
  const { consoleText, ...seen } = page ?? {};
  return {
    ...rest,
    // The browser writes whole addresses to its console.
    ...(page === undefined
      ? {}
      : { page: { ...seen, ...(consoleText === undefined ? {} : { consoleText: redactText(consoleText) }) } }),
    ...(firstBytes === undefined ? {} : { firstBytes: hexOf(firstBytes) }),
    ...(target === undefined ? {} : { target: { ...target, ...path } }),
    ...(connect === undefined ? {} : { connect: { ...shown, ...(userName === undefined ? {} : { userName: "[redacted]" }) } }),
  };
}
