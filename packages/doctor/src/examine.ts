import { redactText } from "@bowline/protocol/internal";
import { Examination } from "./examination.ts";
import type { DoctorOptions } from "./options.ts";
import type { Report } from "./report.ts";

/**
 * Finds out why a connection to a broker fails, or that it does not. Within 5 s, unless it is to hold the connection. Never rejects for
 * what it finds; sends nothing secret to a server whose certificate does not verify, unless told to.
 */
export async function examine(url: string, options: DoctorOptions = {}): Promise<Report> {
  const startedAt = performance.now();
  const examination = new Examination(options);
  await examination.run(url);
  const { findings, stages, limits, chain, facts } = examination.notes;
  const { cause } = findings;
  return {
    v: 1,
    type: "doctor",
    url: redactText(url),
    healthy: !findings.list.some(({ severity }) => severity === "fail"),
    cause,
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
