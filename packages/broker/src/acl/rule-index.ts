import type { BoundRule } from "./compiled-rule.ts";

/** What rules have in common up to a level. Places are those in their list. */
class Node {
  readonly levels = new Map<string, Node>();
  /** Of rules that end here. */
  readonly ends: number[] = [];
  /** Of rules that go on with `#`. */
  readonly multi: number[] = [];
}

/**
 * Finds the rules of a long list that match a topic, so that a tenant with thousands of rules costs no more for each new topic than one
 * with few. Its size is that of the rules, whatever their levels.
 */
export class RuleIndex {
  readonly #rules: readonly BoundRule[];
  readonly #root = new Node();
  /** Of rules that mean a text itself. */
  readonly #literals = new Map<string, number[]>();

  constructor(rules: readonly BoundRule[]) {
    this.#rules = rules;
    for (const [place, { isLiteral, topicFilter, levels }] of rules.entries()) {
      if (isLiteral) listAt(this.#literals, topicFilter).push(place);
      else this.#add(levels, place);
    }
  }

  /** In the order of the list: the rules that match the topic, and those that mean its text or that of the filter. */
  about(topicName: string, topicLevels: readonly string[], topicFilter: string | undefined): BoundRule[] {
    const places: number[] = [];
    addAll(places, this.#literals.get(topicName));
    if (topicFilter !== undefined && topicFilter !== topicName) addAll(places, this.#literals.get(topicFilter));
    this.#collect(topicLevels, topicName.startsWith("$"), places);
    return places.sort((a, b) => a - b).map((place) => this.#rules[place]!);
  }

  #add(levels: readonly string[], place: number): void {
    let node = this.#root;
    for (const level of levels) {
      if (level === "#") {
        node.multi.push(place);
        return;
      }
      let next = node.levels.get(level);
      if (next === undefined) node.levels.set(level, (next = new Node()));
      node = next;
    }
    node.ends.push(place);
  }

  /** Level by level and not by recursion: a topic may have more levels than the stack has room for. */
  #collect(topicLevels: readonly string[], isBrokers: boolean, places: number[]): void {
    let nodes = [this.#root];
    for (const [i, level] of topicLevels.entries()) {
      const next: Node[] = [];
      // [MQTT-4.7.2-1]
      const hasWildcards = i > 0 || !isBrokers;
      for (const node of nodes) {
        if (hasWildcards) addAll(places, node.multi);
        const same = node.levels.get(level);
        if (same !== undefined) next.push(same);
        const any = hasWildcards ? node.levels.get("+") : undefined;
        if (any !== undefined) next.push(any);
      }
      if (next.length === 0) return;
      nodes = next;
    }
    // `a/#` matches `a` too.
    for (const { ends, multi } of nodes) {
      addAll(places, ends);
      addAll(places, multi);
    }
  }
}

/** They may be more than a call has arguments. */
function addAll(places: number[], more: readonly number[] = []): void {
  for (const place of more) places.push(place);
}

function listAt(lists: Map<string, number[]>, key: string): number[] {
  let list = lists.get(key);
  if (list === undefined) lists.set(key, (list = []));
  return list;
}
