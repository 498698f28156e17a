import type { Finding, Report, StageLine } from "./report.ts";
import type { LogLine } from "./run-log.ts";

const marks: Readonly<Record<StageLine["status"], string>> = { ok: "✓", warn: "!", fail: "✗" };
const retries: Readonly<Record<Finding["retry"], string>> = {
  never: "Trying again does not help.",
  "new-input": "Trying again does not help before something is changed.",
  "new-credentials": "Trying again does not help without other credentials.",
  backoff: "Trying again may help, with growing delays.",
  "loop-guard": "Trying again may help a few times, with long delays.",
};

/** The form for people: a line for each layer, then one root cause and what to do, then what else was found. */
export function printReport(report: Report, isVerbose = false, log: readonly LogLine[] = []): string {
  const { stages, cause, findings, chain, limits, healthy } = report;
  const lines = stages.map(stageLine);
  if (isVerbose)
    lines.push(...chain.map((line, i) => `  certificate ${i + 1}: ${line}`), ...limitLines(limits), ...log.map(logLine));
  lines.push("");
  if (healthy) lines.push(`Healthy: ${report.url}`);
  if (cause !== null) lines.push(...causeLines(cause, healthy));
  // By its code, of which there is one each: where a secret was taken out the findings are copies.
  const others = findings.filter(({ id }) => id !== cause?.id);
  if (others.length > 0)
    lines.push("", "Also found:", ...others.map(({ id, severity, because }) => `  ${severity} ${id}: ${because}`));
  return `${lines.map(printable).join("\n")}\n`;
}

function stageLine({ stage, status, text, ms }: StageLine): string {
  return `${marks[status]} ${stage.padEnd(7)} ${ms === undefined ? "" : `${ms} ms  `}${text}`;
}

function limitLines(limits: Report["limits"]): readonly string[] {
  return Object.entries(limits).map(([name, value]) => `  ${name}: ${String(value)}`);
}

const arrows: Readonly<Record<LogLine["what"], string>> = { begins: "attempt", sends: "->", receives: "<-", ends: "ended:" };

function logLine({ atMs, attempt, what, text }: LogLine): string {
  return `  ${String(atMs).padStart(5)} ms  ${attempt} ${arrows[what]} ${text}`;
}

function causeLines(cause: Finding, healthy: boolean): readonly string[] {
  const { id, title, because, oneOf, fix, retry } = cause;
  const head = `${healthy ? "warning" : "fault"}[${id}] ${title}`;
  const doubt = oneOf.length === 0 ? [] : [`  One of: ${oneOf.join(", ")}`];
  const steps = fix.flatMap(({ text, command, config }) => [
    `  ${inFlags(text)}`,
    ...(command === undefined ? [] : [`    ${command}`]),
    ...(config === undefined ? [] : config.split("\n").map((line) => `    ${line}`)),
  ]);
  const why = oneOf.length === 0 ? `  ${because}` : `  ${because.split("; this may be one of")[0] ?? ""}`;
  return [head, why, ...doubt, ...steps, ...(healthy ? [] : [`  ${retries[retry]}`]), `  More: bowline explain ${id}`];
}

/** What a server says is shown, and must not steer the terminal. */
const printable = (text: string): string => text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, "?");

/** Advice names the options of the library; here they are flags. */
const inFlags = (advice: string): string => advice.replace(/`(ca|cert|key)`/g, "--$1 FILE");
