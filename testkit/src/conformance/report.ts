import type { CaseResult } from "./case-run.ts";
import { chapterOf } from "./case.ts";
import { type Divergence, type Verdict, verdictOf } from "./divergences.ts";

/** Of a failure: the last ones tell. */
const SHOWN_PACKETS = 20;

const COLUMNS = ["passed", "failed", "diverges", "not applicable"] as const;

const chapterNames: Readonly<Record<string, string>> = {
  "1.5": "Data representation",
  "2.1": "Fixed Header",
  "2.2": "Variable Header",
  "2.3": "Variable Header",
  "3.1": "CONNECT",
  "3.2": "CONNACK",
  "3.3": "PUBLISH",
  "3.4": "PUBACK",
  "3.5": "PUBREC",
  "3.6": "PUBREL",
  "3.7": "PUBCOMP",
  "3.8": "SUBSCRIBE",
  "3.9": "SUBACK",
  "3.10": "UNSUBSCRIBE",
  "3.11": "UNSUBACK",
  "3.12": "PINGREQ",
  "3.13": "PINGRESP",
  "3.14": "DISCONNECT",
  "3.15": "AUTH",
  "4.1": "Session State",
  "4.2": "Network Connections",
  "4.3": "Quality of Service",
  "4.4": "Message delivery retry",
  "4.5": "Message receipt",
  "4.6": "Message ordering",
  "4.7": "Topic Names and Topic Filters",
  "4.8": "Subscriptions (5.0), errors (3.1.1)",
  "4.9": "Flow control",
  "4.10": "Request and response",
  "4.11": "Server redirection",
  "4.12": "Enhanced authentication",
  "4.13": "Handling errors",
};

/** Lines of a table with a row for each chapter, then each failure with what was expected, what was seen, and its packets. */
export function reportLines(results: readonly CaseResult[], known: readonly Divergence[] = []): string[] {
  const judged = results.map((result) => ({ result, verdict: verdictOf(result, known) }));
  const bad = judged.filter(({ verdict }) => isBad(verdict));
  return [...tableLines(judged), ...bad.flatMap(({ result, verdict }) => failureLines(result, verdict))];
}

/** How many count against the implementation: failures, and listed divergences that no longer happen. */
export function failureCount(results: readonly CaseResult[], known: readonly Divergence[] = []): number {
  return results.filter((result) => isBad(verdictOf(result, known))).length;
}

function isBad(verdict: Verdict): boolean {
  return verdict === "failed" || verdict === "unexpected pass";
}

function tableLines(judged: readonly { result: CaseResult; verdict: Verdict }[]): string[] {
  const chapters = [...new Set(judged.map(({ result }) => chapterOf(result)))].sort(byNumbers);
  const rows = chapters.map((chapter) => {
    const verdicts = judged.filter(({ result }) => chapterOf(result) === chapter).map(({ verdict }) => verdict);
    return row(`${chapter.padEnd(5)} ${chapterNames[chapter] ?? ""}`, verdicts);
  });
  const all = row(
    "all",
    judged.map(({ verdict }) => verdict),
  );
  const head = `${"chapter".padEnd(44)}${COLUMNS.map((name) => name.padStart(16)).join("")}`;
  return [head, ...rows, all];
}

function row(name: string, verdicts: readonly Verdict[]): string {
  const counts = COLUMNS.map(
    (column) => verdicts.filter((verdict) => verdict === column || (column === "failed" && verdict === "unexpected pass")).length,
  );
  return `${name.padEnd(44)}${counts.map((count) => String(count).padStart(16)).join("")}`;
}

export function failureLines(result: CaseResult, verdict: Verdict): string[] {
  const head = ["", `${verdict}: ${result.id}`, `  ${result.title}`];
  if (verdict === "unexpected pass") return [...head, "  is listed as a divergence and no longer is one"];
  const reason = (result.reason ?? "").split("\n").map((line) => `  ${line}`);
  return [...head, ...reason, ...(result.transcript ?? []).slice(-SHOWN_PACKETS).map((line) => `    ${line}`)];
}

function byNumbers(a: string, b: string): number {
  const [majorA = 0, minorA = 0] = a.split(".").map(Number);
  const [majorB = 0, minorB = 0] = b.split(".").map(Number);
  return majorA - majorB || minorA - minorB;
}
