import { MqttError } from "@bowline/protocol";
import type { Storage, StoredRule } from "../storage/storage.ts";
import { parseRule, type Rule, type RuleInput, RULES_MAX } from "./rule.ts";
import { type CurrentRules, type NoMatch, type OrderedRule, TenantRules } from "./tenant-rules.ts";

/** Row beside the rules of a tenant; no rule can have that name. */
const SETTINGS = "$settings";

/** What is kept of a tenant beside its rules. */
interface Settings {
  noMatch: NoMatch;
  /** Rules that were put in once by a start; what an operator took away does not come back. */
  seeded: readonly string[];
}

const NEW: Settings = { noMatch: "deny", seeded: [] };

/**
 * The rules of all tenants: in memory for deciding, in the storage for keeping. Each change is in force when the call returns and kept
 * when its promise resolves; a change of several rules is one transaction.
 */
export class RuleDirectory {
  readonly #storage: Storage;
  readonly #tenants = new Map<string, CurrentRules>();
  readonly #settings = new Map<string, Settings>();
  readonly #listeners: ((tenant: string) => void)[] = [];

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** Calls the listener at each change, as soon as it is in force. */
  onChange(listener: (tenant: string) => void): void {
    this.#listeners.push(listener);
  }

  /**
   * Takes the rows that the storage handed over while it was loading, in their order.
   *
   * @throws MqttError STORE_DAMAGED for one that this version does not understand: a rule left out could be one that denies
   */
  begin(rows: readonly StoredRule[]): void {
    const rules = new Map<string, OrderedRule[]>();
    for (const { tenant, id, order, rule } of rows) {
      if (id === SETTINGS) this.#settings.set(tenant, settingsOf(rule));
      // What else stands beside the rules is not ours: bans, keys, the tenant itself.
      else if (!id.startsWith("$")) {
        const list = rules.get(tenant) ?? [];
        list.push({ order, rule: storedRule(id, rule) });
        rules.set(tenant, list);
      }
    }
    for (const tenant of new Set(rows.map((row) => row.tenant))) this.#put(tenant, rules.get(tenant) ?? []);
  }

  /** Where the rules of a tenant are as they are now: what rights are bound to. */
  currentOf(tenant: string): CurrentRules {
    let current = this.#tenants.get(tenant);
    if (current === undefined) this.#tenants.set(tenant, (current = { rules: new TenantRules([], NEW.noMatch) }));
    return current;
  }

  /** The rules of a tenant in their order. */
  list(tenant: string): Rule[] {
    return this.#of(tenant).rules.map(({ rule }) => rule);
  }

  noMatch(tenant: string): NoMatch {
    return this.#of(tenant).noMatch;
  }

  /**
   * Adds a rule, at the end or before the one at `place` (0 is the first).
   *
   * @throws MqttError OPTION_INVALID, RULE_EXISTS, STORE_READ_ONLY and the like
   */
  async add(tenant: string, input: RuleInput, place: number = Number.POSITIVE_INFINITY): Promise<Rule> {
    const [rule] = await this.addAll(tenant, [input], place);
    return rule!;
  }

  /** Adds several rules in their order, all or none. */
  async addAll(tenant: string, inputs: readonly RuleInput[], place: number = Number.POSITIVE_INFINITY): Promise<Rule[]> {
    const old = this.#of(tenant).rules;
    const added = named(inputs.map(parseRule), old);
    const at = Math.min(Math.max(0, Math.trunc(place)), old.length);
    await this.#change(tenant, numbered([...old.slice(0, at), ...added.map(unplaced), ...old.slice(at)]));
    return added;
  }

  /** Puts other rules in place of all, in one step. */
  async replaceAll(tenant: string, inputs: readonly RuleInput[]): Promise<Rule[]> {
    const added = named(inputs.map(parseRule), []);
    await this.#change(tenant, numbered(added.map(unplaced)));
    return added;
  }

  /**
   * Puts another rule in the place of one.
   *
   * @throws MqttError RULE_UNKNOWN, OPTION_INVALID and the like
   */
  async put(tenant: string, id: string, input: RuleInput): Promise<Rule> {
    const at = this.#placeOf(tenant, id);
    const rule: Rule = { ...parseRule({ ...input, id }), id };
    const { rules } = this.#of(tenant);
    await this.#change(tenant, spliced(rules, at, 1, { rule, order: rules[at]!.order }));
    return rule;
  }

  /** @throws MqttError RULE_UNKNOWN, STORE_READ_ONLY and the like */
  async remove(tenant: string, id: string): Promise<void> {
    await this.#change(tenant, spliced(this.#of(tenant).rules, this.#placeOf(tenant, id), 1));
  }

  /** Moves a rule so that it stands at `place` (0 is the first). */
  async move(tenant: string, id: string, place: number): Promise<void> {
    const at = this.#placeOf(tenant, id);
    const { rules } = this.#of(tenant);
    const to = Math.min(Math.max(0, Math.trunc(place)), rules.length - 1);
    if (to === at) return;
    await this.#change(tenant, numbered(spliced(spliced(rules, at, 1), to, 0, unplaced(rules[at]!.rule))));
  }

  /** Says what holds where no rule matches; `allow` is for those who come from a broker that does so. */
  async setNoMatch(tenant: string, noMatch: NoMatch): Promise<void> {
    if (noMatch === this.noMatch(tenant)) return;
    this.#keepSettings(tenant, { ...(this.#settings.get(tenant) ?? NEW), noMatch });
    await this.#inForce(tenant, this.#of(tenant).rules);
  }

  /** The tenant goes: forgets so many of its rules, and in the end what is kept beside them; answers how many rows. */
  drop(tenant: string, maximum: number): number {
    const { rules } = this.#of(tenant);
    const gone = rules.slice(0, maximum);
    for (const { rule } of gone) this.#storage.deleteRule(tenant, rule.id);
    this.#put(tenant, rules.slice(maximum));
    if (gone.length > 0) return gone.length;
    this.#tenants.delete(tenant);
    if (!this.#settings.delete(tenant)) return 0;
    this.#storage.deleteRule(tenant, SETTINGS);
    return 1;
  }

  /** Whoever is asked case by case (`AskedSource`) is asked again: what was answered is forgotten. */
  askAgain(tenant: string): void {
    this.#put(tenant, this.#of(tenant).rules);
    for (const listener of this.#listeners) listener(tenant);
  }

  /**
   * Puts in rules once in the life of a tenant, under a name that says why: a first user, what a configuration brings along. What an
   * operator takes away later does not come back. Answers whether it did so now.
   */
  async seed(tenant: string, reason: string, inputs: readonly RuleInput[]): Promise<boolean> {
    const settings = this.#settings.get(tenant) ?? NEW;
    if (settings.seeded.includes(reason)) return false;
    const taken = new Set(this.list(tenant).map(({ id }) => id));
    this.#keepSettings(tenant, { ...settings, seeded: [...settings.seeded, reason] });
    await this.addAll(
      tenant,
      inputs.map((input) => (input.id !== undefined && taken.has(input.id) ? { ...input, id: undefined } : input)),
    );
    return true;
  }

  /** Nobody has put in, taken away or seeded a rule of that tenant yet. */
  isUntouched(tenant: string): boolean {
    return !this.#settings.has(tenant) && this.#of(tenant).rules.length === 0;
  }

  #of(tenant: string): TenantRules {
    return this.currentOf(tenant).rules;
  }

  #put(tenant: string, rules: readonly OrderedRule[]): void {
    this.currentOf(tenant).rules = new TenantRules(rules, (this.#settings.get(tenant) ?? NEW).noMatch);
  }

  /** Writes what differs. Storage that takes nothing throws at the first row, before anything has changed. */
  async #change(tenant: string, rules: readonly OrderedRule[]): Promise<void> {
    if (rules.length > RULES_MAX) throw new MqttError("OPTION_INVALID", { detail: `there can be no more than ${RULES_MAX} rules` });
    const old = new Map(this.#of(tenant).rules.map((each) => [each.rule.id, each]));
    if (!this.#settings.has(tenant)) this.#keepSettings(tenant, NEW);
    for (const { rule, order } of rules) {
      const { id, ...rest } = rule;
      const before = old.get(id);
      old.delete(id);
      if (before?.rule !== rule || before.order !== order) this.#storage.putRule({ tenant, id, order, rule: JSON.stringify(rest) });
    }
    for (const id of old.keys()) this.#storage.deleteRule(tenant, id);
    await this.#inForce(tenant, rules);
  }

  #keepSettings(tenant: string, settings: Settings): void {
    this.#storage.putRule({ tenant, id: SETTINGS, order: -1, rule: JSON.stringify(settings) });
    this.#settings.set(tenant, settings);
  }

  async #inForce(tenant: string, rules: readonly OrderedRule[]): Promise<void> {
    this.#put(tenant, rules);
    for (const listener of this.#listeners) listener(tenant);
    await this.#storage.flush();
  }

  #placeOf(tenant: string, id: string): number {
    const at = this.#of(tenant).rules.findIndex(({ rule }) => rule.id === id);
    if (at < 0) throw new MqttError("RULE_UNKNOWN", { detail: `"${id}"` });
    return at;
  }
}

function spliced(rules: readonly OrderedRule[], at: number, count: number, ...others: OrderedRule[]): OrderedRule[] {
  return [...rules.slice(0, at), ...others, ...rules.slice(at + count)];
}

/** Has no place of its own yet. */
function unplaced(rule: Rule): OrderedRule {
  return { rule, order: Number.NaN };
}

/** Gives each new one a number between its neighbours, and all of them new numbers where there is none left. */
function numbered(rules: readonly OrderedRule[]): OrderedRule[] {
  const placed: OrderedRule[] = [];
  for (const [i, { rule, order }] of rules.entries()) {
    if (!Number.isNaN(order)) placed.push(rules[i]!);
    else {
      const before = placed.at(-1)?.order ?? 0;
      const next = rules.slice(i).find((each) => !Number.isNaN(each.order))?.order;
      const between = next === undefined ? before + 1 : (before + next) / 2;
      if (between <= before || (next !== undefined && between >= next))
        return rules.map((each, at) => ({ ...each, order: at + 1 }));
      placed.push({ rule, order: between });
    }
  }
  return placed;
}

function named(inputs: readonly RuleInput[], old: readonly OrderedRule[]): Rule[] {
  const taken = new Set(old.map(({ rule }) => rule.id));
  let number = 0;
  for (const id of taken) number = Math.max(number, Number(/^rule-(\d{1,15})$/.exec(id)?.[1] ?? 0));
  return inputs.map((input) => {
    const id = input.id ?? `rule-${++number}`;
    if (taken.has(id)) throw new MqttError("RULE_EXISTS", { detail: `"${id}"` });
    taken.add(id);
    return { ...input, id };
  });
}

function storedRule(id: string, text: string): Rule {
  try {
    return { ...parseRule(JSON.parse(text)), id };
  } catch (cause) {
    throw new MqttError("STORE_DAMAGED", { detail: `the access rule "${id}" cannot be read`, cause });
  }
}

function settingsOf(text: string): Settings {
  try {
    const { noMatch, seeded } = JSON.parse(text) as Partial<Settings>;
    return { noMatch: noMatch === "allow" ? "allow" : "deny", seeded: Array.isArray(seeded) ? seeded.map(String) : [] };
  } catch (cause) {
    throw new MqttError("STORE_DAMAGED", { detail: "the settings of the access rules cannot be read", cause });
  }
}
