import type { BoundRule } from "./compiled-rule.ts";

/** Shorter lists are read through: grouped they would take more memory, for each client with a list of its own, than time is saved. */
const GROUPED_ABOVE = 256;

/** The rules of one client in their order, and what holds where none of them matches. */
export class BoundRules {
  readonly rules: readonly BoundRule[];
  /** Some rule means the text of a filter (`eq `), so that answers depend on the filter too. */
  readonly hasLiteral: boolean;
  /** What no rule matches is allowed. */
  readonly isOpen: boolean;
  readonly #groupedAbove: number;
  /** Rules that can match a topic which begins with that level; made at the first question of a long list. */
  #byFirstLevel: Map<string, BoundRule[]> | undefined;
  /** Those that begin with a wildcard: for every other level. */
  #others: BoundRule[] = [];

  constructor(rules: readonly BoundRule[], isOpen: boolean, groupedAbove: number = GROUPED_ABOVE) {
    this.rules = rules;
    this.hasLiteral = rules.some(({ isLiteral }) => isLiteral);
    this.isOpen = isOpen;
    this.#groupedAbove = groupedAbove;
  }

  /** The rules that may match a topic with that first level, in order. */
  beginningWith(firstLevel: string): readonly BoundRule[] {
    if (this.rules.length <= this.#groupedAbove) return this.rules;
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
