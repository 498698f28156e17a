import { findCitations } from "./citations.ts";

/** One heading of spec/decisions.md. */
export interface Decision {
  /** `D-3`: what we do otherwise or do not test; `O-5`: what the specification leaves open. */
  readonly number: string;
  readonly title: string;
  /** The statements that stand there as `![...]`: what the decision excuses. */
  readonly refused: readonly string[];
}

/** Reads the decisions by their headings (`## D-3: ...`). */
export function readDecisions(text: string): Decision[] {
  const sections = text.split(/^## (?=[DO]-\d+: )/m).slice(1);
  return sections.map((section) => {
    const [, number = "", title = ""] = /^([DO]-\d+): (.*)/.exec(section) ?? [];
    const refused = findCitations(section)
      .filter((found) => found.isRefusal)
      .map((found) => found.key);
    return { number, title, refused: number.startsWith("D") ? refused : [] };
  });
}

/** Numbers are for ever: each once, in order, without a gap. */
export function findNumberFaults(decisions: readonly Decision[]): string[] {
  return ["D", "O"].flatMap((letter) =>
    decisions
      .filter((decision) => decision.number.startsWith(`${letter}-`))
      .flatMap((decision, index) =>
        decision.number === `${letter}-${index + 1}`
          ? []
          : [`spec/decisions.md: ${decision.number} stands where ${letter}-${index + 1} belongs`],
      ),
  );
}
