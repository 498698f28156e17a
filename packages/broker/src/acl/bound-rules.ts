import type { BoundRule } from "./compiled-rule.ts";

/** The rules of one client in their order, and what holds where none of them matches. */
export class BoundRules {
  readonly rules: readonly BoundRule[];
  /** Some rule means the text of a filter (`eq `), so that answers depend on the filter too. */
  readonly hasLiteral: boolean;
  /** What no rule matches is allowed. */
  readonly isOpen: boolean;
  /** Rules that can match a topic which begins with that level; made at the first question. */
  #byFirstLevel: Map<string, BoundRule[]> | undefined;
  /** Those that begin with a wildcard: for every other level. */
  #others: BoundRule[] = [];

  constructor(rules: readonly BoundRule[], isOpen: boolean) {
    this.rules = rules;
    this.hasLiteral = rules.some(({ isLiteral }) => isLiteral);
    this.isOpen = isOpen;
  }

  /** The rules that may match a topic with that first level, in order. */
  beginningWith(firstLevel: string): readonly BoundRule[] {
    return (this.#byFirstLevel ??= this.#group()).get(firstLevel) ?? this.#others;
  }

  #group(): Map<string, BoundRule[]> {
    const groups = new Map<string, BoundRule[]>();
    for (const rule of this.rules) {
      const [first = ""] = rule.levels;
      if (first === "+" || first === "#") {
        this.#others.push(rule);
        for (const group of groups.values()) group.push(rule);
      } else {
        const group = groups.get(first);
        if (group !== undefined) group.push(rule);
        else groups.set(first, [...this.#others, rule]);
      }
    }
    return groups;
  }
}
