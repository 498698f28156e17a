import type { ConnectionFacts, Identity } from "./access-control.ts";
import { BoundRules } from "./bound-rules.ts";
import { type BoundRule, CompiledRule } from "./compiled-rule.ts";
import type { Rule } from "./rule.ts";
import type { RuleSource } from "./rule-source.ts";

/** What holds where no rule matches. */
export type NoMatch = "allow" | "deny";

/** A rule with its place among the others, as it is stored. */
export interface OrderedRule {
  readonly rule: Rule;
  readonly order: number;
}

/** Lists bound to clients that are remembered for the next client with the same rules; most clients of a tenant share one. */
const SHARED_MAX = 1_000;
/** What many share may take the memory that makes a topic quick to decide. */
const SHARED_INDEXED_ABOVE = 16;

/** Holds the rules of a tenant, which are replaced when they change. */
export interface CurrentRules {
  rules: TenantRules;
}

/** The rules of one tenant as they are now. Replaced, not changed, so that whoever bound them sees that they are old. */
export class TenantRules {
  readonly rules: readonly OrderedRule[];
  readonly noMatch: NoMatch;
  readonly #compiled: readonly CompiledRule[];
  /** The places of rules that are about nobody by name, and of those about one: a list of 10,000 devices is not read for each of them. */
  readonly #ofAll: number[] = [];
  readonly #ofClient = new Map<string, number[]>();
  readonly #ofUser = new Map<string, number[]>();
  readonly #shared = new Map<string, BoundRules>();

  /** @param rules In their order. */
  constructor(rules: readonly OrderedRule[], noMatch: NoMatch) {
    this.rules = rules;
    this.noMatch = noMatch;
    this.#compiled = rules.map(({ rule }) => new CompiledRule(rule, `rule ${rule.id}`));
    for (const [i, { rule }] of rules.entries()) this.#placesFor(rule).push(i);
  }

  /** The rules that concern one client, behind those that were granted to it. */
  bind(who: Identity, connection: ConnectionFacts | undefined, sources: readonly RuleSource[] = []): BoundRules {
    if (sources.length === 0) return this.#bindOwn(who, connection);
    const granted: BoundRule[] = [];
    for (const source of sources) {
      granted.push(...bindSource(source, who, connection));
      if (source.isClosed) return new BoundRules(granted, false);
    }
    const { rules, isOpen } = this.#bindOwn(who, connection);
    return new BoundRules([...granted, ...rules], isOpen);
  }

  #placesFor({ client, user }: Rule): number[] {
    if (client === undefined && user === undefined) return this.#ofAll;
    const [places, name] = client === undefined ? [this.#ofUser, user!] : [this.#ofClient, client];
    let found = places.get(name);
    if (found === undefined) places.set(name, (found = []));
    return found;
  }

  /** The rules that may concern a client, in their order. */
  #placesOf({ clientIdentifier, owner }: Identity): number[] {
    const named = [...(this.#ofClient.get(clientIdentifier) ?? []), ...(this.#ofUser.get(owner) ?? [])];
    return named.length === 0 ? this.#ofAll : [...this.#ofAll, ...named].sort((a, b) => a - b);
  }

  #bindOwn(who: Identity, connection: ConnectionFacts | undefined): BoundRules {
    const concerning: CompiledRule[] = [];
    let key = "";
    let isShared = true;
    for (const i of this.#placesOf(who)) {
      const rule = this.#compiled[i]!;
      if (!rule.concerns(who, connection)) continue;
      concerning.push(rule);
      key += `${i},`;
      if (!rule.isFixed) isShared = false;
    }
    if (!isShared) return this.#make(concerning, who, connection);
    let bound = this.#shared.get(key);
    if (bound === undefined) {
      bound = this.#make(concerning, who, connection, SHARED_INDEXED_ABOVE);
      if (this.#shared.size < SHARED_MAX) this.#shared.set(key, bound);
    }
    return bound;
  }

  #make(rules: readonly CompiledRule[], who: Identity, connection: ConnectionFacts | undefined, indexedAbove?: number): BoundRules {
    return new BoundRules(
      rules.flatMap((rule) => rule.bind(who, connection)),
      this.noMatch === "allow",
      indexedAbove,
    );
  }
}

/** The rules of a source that concern one client. */
export function bindSource({ name, rules }: RuleSource, who: Identity, connection: ConnectionFacts | undefined): BoundRule[] {
  return rules.flatMap((rule, i) => {
    const compiled = new CompiledRule(rule, `${name} ${rule.id ?? i + 1}`);
    return compiled.concerns(who, connection) ? compiled.bind(who, connection) : [];
  });
}
