import type { BoundRule } from "./compiled-rule.ts";
import { RuleIndex } from "./rule-index.ts";

/** Shorter lists are read through: an index would take more memory, for each client with a list of its own, than time is saved. */
const INDEXED_ABOVE = 256;

/** The rules of one client in their order, and what holds where none of them matches. */
export class BoundRules {
  readonly rules: readonly BoundRule[];
  /** Some rule means the text of a filter (`eq `), so that answers depend on the filter too. */
  readonly hasLiteral: boolean;
  /** What no rule matches is allowed. */
  readonly isOpen: boolean;
  readonly #indexedAbove: number;
  /** Made at the first question to a long list. */
  #index: RuleIndex | undefined;

  constructor(rules: readonly BoundRule[], isOpen: boolean, indexedAbove: number = INDEXED_ABOVE) {
    this.rules = rules;
    this.hasLiteral = rules.some(({ isLiteral }) => isLiteral);
    this.isOpen = isOpen;
    this.#indexedAbove = indexedAbove;
  }

  /** In order: those that may match a topic, or mean the text of the filter by which it would come, and perhaps others. */
  about(topicName: string, topicLevels: readonly string[], topicFilter?: string): readonly BoundRule[] {
    if (this.rules.length <= this.#indexedAbove) return this.rules;
    return (this.#index ??= new RuleIndex(this.rules)).about(topicName, topicLevels, topicFilter);
  }
}
