import { type AttemptFacts, redactText } from "@bowline/protocol/internal";
import { hideSecrets } from "./hide-secrets.ts";
import type { Notes } from "./notes.ts";
import { providerOf } from "./profiles.ts";
import { redactUrl } from "./read-target.ts";
import type { Report, ReportFacts } from "./report.ts";
import { hexOf } from "./talk/random-id.ts";

/** What the probes wrote down, as a report in which none of those texts stands. */
export function reportOf(notes: Notes, url: string, startedAt: number, secrets: readonly string[]): Report {
  const { findings, stages, limits, chain, facts } = notes;
  const provider = providerOf(facts.target?.host ?? "");
  const report: Report = {
    v: 1,
    type: "doctor",
    url: redactUrl(url),
    ...(provider === undefined ? {} : { provider }),
    healthy: !findings.list.some(({ severity }) => severity === "fail"),
    cause: findings.cause,
    findings: findings.list,
    stages,
    limits,
    chain,
    // Before bytes become digits, in which no text is found.
    facts: asJson(hideSecrets(withoutSecrets(facts), secrets)),
    durationMs: Math.round(performance.now() - startedAt),
  };
  return hideSecrets(report, secrets);
}

function asJson({ firstBytes, ...facts }: AttemptFacts): ReportFacts {
  return firstBytes === undefined ? facts : { ...facts, firstBytes: hexOf(firstBytes) };
}

/** Facts hold no password; a query may, and a user name is nobody's business. */
function withoutSecrets(facts: AttemptFacts): AttemptFacts {
  const { target, connect, page, ...rest } = facts;
  const { userName, ...shown } = connect ?? {};
  const path = target?.path === undefined ? {} : { path: redactText(target.path) };
  const { consoleText, ...seen } = page ?? {};
  // The browser writes whole addresses to its console.
  const text = consoleText === undefined ? {} : { consoleText: redactText(consoleText) };
  return {
    ...rest,
    ...(page === undefined ? {} : { page: { ...seen, ...text } }),
    ...(target === undefined ? {} : { target: { ...target, ...path } }),
    ...(connect === undefined ? {} : { connect: { ...shown, ...(userName === undefined ? {} : { userName: "[redacted]" }) } }),
  };
}
