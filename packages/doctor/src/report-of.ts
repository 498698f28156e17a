import { redactText } from "@bowline/protocol/internal";
import type { Notes } from "./notes.ts";
import { redactUrl } from "./read-target.ts";
import type { Report } from "./report.ts";

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
function withoutSecrets(facts: Report["facts"]): Report["facts"] {
  const { target, connect, ...rest } = facts;
  const { userName, ...shown } = connect ?? {};
  const path = target?.path === undefined ? {} : { path: redactText(target.path) };
  return {
    ...rest,
    ...(target === undefined ? {} : { target: { ...target, ...path } }),
    ...(connect === undefined ? {} : { connect: { ...shown, ...(userName === undefined ? {} : { userName: "[redacted]" }) } }),
  };
}
