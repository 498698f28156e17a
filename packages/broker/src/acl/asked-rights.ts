import type { QoS } from "@bowline/protocol";
import {
  BROKERS_OWN,
  type ConnectionFacts,
  EVERY_PUBLISH,
  type Identity,
  isBrokersOwn,
  nextVersion,
  publishBit,
  type Rights,
  type SubscribeVerdict,
} from "./access-control.ts";
import { Turnstile } from "../auth/turnstile.ts";
import type { AnswerExpiry, Expiring } from "./answer-expiry.ts";
import { type AccessCase, type AskedSource, isAsked } from "./asked-source.ts";
import { BoundRules } from "./bound-rules.ts";
import type { BoundRule } from "./compiled-rule.ts";
import { inWords, isFree, publishing, receiving, subscribing } from "./decide.ts";
import { type GrantedFilter, SubscriptionGrants } from "./subscription-grants.ts";
import { bindSource, type CurrentRules, type TenantRules } from "./tenant-rules.ts";

type Reply = "allow" | "deny" | "ignore";
interface Answer {
  readonly reply: Reply;
  /** Monotonic ms. */
  readonly until: number;
  /** Nobody answered, which denies. */
  readonly isFailure: boolean;
}
/** Rules that are known, or somebody to ask, in their order. */
type Part = BoundRules | AskedSource;

/** Cases whose answer is remembered for one connection; when there are more, all are forgotten and asked again. */
const REMEMBERED_MAX = 4_096;
/** A SUBSCRIBE may name thousands of filters: whoever is asked about them is asked about other clients too. */
const ASKED_AT_ONCE = 8;
/** Whoever did not answer may do so soon, and a client that tries without pause must not ask without pause. */
const FAILURE_KEPT_MS = 1_000;

/** What the rights of connections that somebody outside decides about have in common. */
export interface AskedContext {
  /** Those of the tenant in the configuration, asked behind what the connection was granted. Others after a reload. */
  authorizersOf(tenant: string): readonly AskedSource[];
  readonly expiry: AnswerExpiry;
  /** Told of each question that got no answer. */
  askFailed(source: AskedSource, who: Identity, error: unknown): void;
}

/**
 * The rights of a client that somebody outside decides about (`AskedSource`). A case that was not asked yet is refused; whoever wants to
 * know calls `unknown` first and waits. What is delivered is not asked about: a Subscription was granted when it was made, for as long
 * as whoever granted it says (`renewGrants`), and only rules take topics out of it.
 */
export class AskedRights implements Rights, Expiring {
  readonly isByRules: boolean = false;
  readonly who: Identity;
  readonly connection: ConnectionFacts;
  readonly #current: CurrentRules;
  readonly #context: AskedContext;
  readonly #answers = new Map<string, Answer>();
  readonly #turnstile = new Turnstile(ASKED_AT_ONCE, Number.POSITIVE_INFINITY);
  readonly #asking = new Map<string, Promise<void>>();
  readonly #grants = new SubscriptionGrants();
  #isRenewing = false;
  #rules: TenantRules | undefined;
  #parts: readonly Part[] = [];
  /** All rules, without whom to ask. */
  #known: BoundRules = new BoundRules([], false);
  #version = 0;

  constructor(current: CurrentRules, who: Identity, connection: ConnectionFacts, context: AskedContext) {
    this.#current = current;
    this.who = who;
    this.connection = connection;
    this.#context = context;
  }

  get tenant(): string {
    return this.who.tenant;
  }

  get version(): number {
    this.#bind();
    return this.#version;
  }

  unknown(action: AccessCase["action"], topic: string, qos: QoS, retain: boolean): Promise<void> | undefined {
    const { remoteAddress, attributes = {} } = this.connection;
    const question: AccessCase = { who: this.who, remoteAddress, attributes, action, topic, qos, retain };
    const source = this.#unanswered(question);
    if (source === undefined) return undefined;
    const key = keyOf(source, question);
    let asking = this.#asking.get(key);
    if (asking === undefined) {
      asking = this.#ask(source, question, key);
      this.#asking.set(key, asking);
    }
    return asking;
  }

  refusedPublishes(topicName: string): number {
    if (isBrokersOwn(topicName)) return EVERY_PUBLISH;
    let refused = 0;
    for (const qos of [0, 1, 2] as const)
      for (const retain of [false, true]) if (!this.#mayPublish(topicName, qos, retain)) refused |= publishBit(qos, retain);
    return refused;
  }

  whyNot(topicName: string, qos: QoS, retain: boolean): string {
    return isBrokersOwn(topicName) ? BROKERS_OWN : this.#publishing(topicName, qos, retain).reason();
  }

  stopsWill(topicName: string, way: number): boolean {
    for (const part of this.#bind()) {
      if (isAskedPart(part)) {
        const reply = this.#answers.get(keyOf(part, { action: "publish", topic: topicName, ...wayOf(way) }))?.reply;
        // It allowed it at CONNECT.
        if (reply !== "ignore") return reply === "deny";
      } else {
        const { isAllowed, rule } = publishing(part, topicName, way);
        if (rule !== undefined) return !isAllowed;
      }
    }
    return !this.#known.isOpen;
  }

  subscribing(topicFilter: string, qos: QoS): SubscribeVerdict {
    const { verdict } = this.#verdict(topicFilter, qos);
    const isTimed = verdict.isAllowed && this.#grantMs() !== undefined;
    // Withdrawn, and asked for anew: it stands again, for new routes too.
    if (isTimed && this.#grants.grant({ topicFilter, qos }, this.#grantedUntil())) this.#version = nextVersion();
    return verdict;
  }

  isFree(topicFilter: string, qos: QoS): boolean {
    this.#bind();
    return !this.#grants.isWithdrawn(topicFilter, qos) && isFree(new BoundRules(this.#known.rules, true), topicFilter, qos);
  }

  mayReceive(topicName: string, qos: QoS, topicFilter?: string): boolean {
    this.#bind();
    if (topicFilter !== undefined && this.#grants.isWithdrawn(topicFilter, qos)) return false;
    const { isAllowed, rule } = receiving(this.#known, topicName, qos, topicFilter);
    if (rule !== undefined) return isAllowed;
    return topicFilter !== undefined || (isAllowed && !this.#grants.hasWithdrawn);
  }

  whyWithheld(topicName: string, qos: QoS, topicFilter?: string): string {
    const { isAllowed, rule } = receiving(this.#known, topicName, qos, topicFilter);
    return rule === undefined || isAllowed
      ? `${topicFilter ?? "the Subscription"} was granted once, and is not any more`
      : inWords({ isAllowed, rule });
  }

  /**
   * Asks again about those of the Subscriptions that were granted too long ago. What nobody answers stays as it was: a grant is ended by a
   * word, not by a silence. Resolves with whether other messages may be delivered now than before; undefined where nothing is due.
   */
  renewGrants(filters: () => Iterable<GrantedFilter>): Promise<boolean> | undefined {
    const { now } = this.#context.expiry;
    if (this.#isRenewing || !this.#grants.isDue(now()) || this.#grantMs() === undefined) return undefined;
    const due = this.#grants.takeDue(filters(), now());
    if (due.length === 0) return undefined;
    this.#isRenewing = true;
    return this.#renew(due).finally(() => (this.#isRenewing = false));
  }

  async #renew(due: readonly GrantedFilter[]): Promise<boolean> {
    const { now } = this.#context.expiry;
    let isChanged = false;
    for (const filter of due) {
      const { topicFilter, qos } = filter;
      await this.unknown("subscribe", topicFilter, qos, false);
      const { verdict, isKnown } = this.#verdict(topicFilter, qos);
      if (!isKnown) this.#grants.postpone(filter, now());
      else if (verdict.isAllowed) isChanged = this.#grants.grant(filter, this.#grantedUntil()) || isChanged;
      else isChanged = this.#grants.withdraw(filter, this.#grantedUntil()) || isChanged;
    }
    if (isChanged) this.#version = nextVersion();
    return isChanged;
  }

  /** The shortest time of those who are asked; undefined for none. */
  #grantMs(): number | undefined {
    const times = this.#bind().flatMap((part) => (isAskedPart(part) ? (part.grantMs ?? []) : []));
    return times.length === 0 ? undefined : Math.min(...times);
  }

  #grantedUntil(): number {
    return this.#context.expiry.now() + (this.#grantMs() ?? Number.POSITIVE_INFINITY);
  }

  /** What those say who were asked; `isKnown` where everybody answered on whom it depends. */
  #verdict(topicFilter: string, qos: QoS): { verdict: SubscribeVerdict; isKnown: boolean } {
    const rules: BoundRule[] = [];
    let isKnown = true;
    for (const part of this.#bind()) {
      if (!isAskedPart(part)) {
        rules.push(...part.rules);
        continue;
      }
      // Nobody asks behind rules that grant it.
      if (subscribing(new BoundRules(rules, false), topicFilter, qos).isAllowed) continue;
      const answer = this.#answerTo(keyOf(part, { action: "subscribe", topic: topicFilter, qos, retain: false }));
      if (answer === undefined || answer.isFailure) isKnown = false;
      if (answer?.reply !== "ignore") rules.push(answerAsRule(labelOf(part, answer), topicFilter, qos, answer?.reply === "allow"));
    }
    return { verdict: subscribing(new BoundRules(rules, this.#known.isOpen), topicFilter, qos), isKnown };
  }

  #mayPublish(topicName: string, qos: QoS, retain: boolean): boolean {
    return this.#publishing(topicName, qos, retain).isAllowed;
  }

  #publishing(topicName: string, qos: QoS, retain: boolean): { isAllowed: boolean; reason: () => string } {
    const bit = publishBit(qos, retain);
    for (const part of this.#bind()) {
      if (isAskedPart(part)) {
        const answer = this.#answerTo(keyOf(part, { action: "publish", topic: topicName, qos, retain }));
        if (answer?.reply !== "ignore")
          return { isAllowed: answer?.reply === "allow", reason: () => `${labelOf(part, answer)} denies ${topicName}` };
      } else {
        const decision = publishing(part, topicName, bit);
        if (decision.rule !== undefined) return { isAllowed: decision.isAllowed, reason: () => inWords(decision) };
      }
    }
    const { isOpen } = this.#known;
    return { isAllowed: isOpen, reason: () => inWords({ isAllowed: isOpen, rule: undefined }) };
  }

  /** Whom the answer depends on and who was not asked. */
  #unanswered(question: AccessCase): AskedSource | undefined {
    const { action, topic, qos, retain } = question;
    for (const part of this.#bind()) {
      if (isAskedPart(part)) {
        const reply = this.#replyTo(keyOf(part, question));
        if (reply === undefined) return part;
        if (reply !== "ignore") return undefined;
      } else if (
        action === "publish" ? publishing(part, topic, publishBit(qos, retain)).rule : subscribing(part, topic, qos).isAllowed
      ) {
        return undefined;
      }
    }
    return undefined;
  }

  #replyTo(key: string): Reply | undefined {
    return this.#answerTo(key)?.reply;
  }

  /** Undefined for what nobody was asked about, or too long ago. */
  #answerTo(key: string): Answer | undefined {
    const answer = this.#answers.get(key);
    return answer === undefined || answer.until <= this.#context.expiry.now() ? undefined : answer;
  }

  async #ask(source: AskedSource, question: AccessCase, key: string): Promise<void> {
    await this.#turnstile.enter();
    const parts = this.#bind();
    const answer = await this.#answerOf(source, question);
    this.#turnstile.leave();
    this.#asking.delete(key);
    // Rules that changed meanwhile, or `askAgain`, made all answers void: this one too.
    if (parts === this.#bind()) this.#remember(key, answer);
    // Who comes behind may have to be asked as well.
    await this.unknown(question.action, question.topic, question.qos, question.retain);
  }

  async #answerOf(source: AskedSource, question: AccessCase): Promise<Answer> {
    const { now } = this.#context.expiry;
    try {
      const reply = await source.ask(question);
      return { reply, until: now() + (source.keepMs ?? Number.POSITIVE_INFINITY), isFailure: false };
    } catch (error) {
      this.#context.askFailed(source, this.who, error);
      return { reply: "deny", until: now() + FAILURE_KEPT_MS, isFailure: true };
    }
  }

  #remember(key: string, answer: Answer): void {
    if (this.#answers.size >= REMEMBERED_MAX) this.#answers.clear();
    this.#answers.set(key, answer);
    // What was denied is asked about again when somebody tries.
    if (answer.reply !== "deny") this.#context.expiry.watch(this, answer.until);
  }

  forgetEnded(now: number): { hasForgotten: boolean; endsNext: number } {
    let [hasForgotten, endsNext] = [false, Number.POSITIVE_INFINITY];
    for (const [key, { until }] of this.#answers) {
      if (until > now) endsNext = Math.min(endsNext, until);
      else hasForgotten = this.#answers.delete(key);
    }
    return { hasForgotten, endsNext };
  }

  #bind(): readonly Part[] {
    const { rules } = this.#current;
    if (rules === this.#rules) return this.#parts;
    this.#rules = rules;
    const parts: Part[] = [];
    let isClosed = false;
    for (const source of [...(this.connection.sources ?? []), ...this.#context.authorizersOf(this.who.tenant)]) {
      parts.push(isAsked(source) ? source : new BoundRules(bindSource(source, this.who, this.connection), false));
      isClosed = !isAsked(source) && source.isClosed;
      if (isClosed) break;
    }
    const own = rules.bind(this.who, this.connection);
    if (!isClosed) parts.push(new BoundRules(own.rules, false));
    this.#parts = parts;
    const known = parts.flatMap((part) => (isAskedPart(part) ? [] : part.rules));
    this.#known = new BoundRules(known, own.isOpen && !isClosed);
    this.#version = nextVersion();
    this.#answers.clear();
    return parts;
  }
}

function isAskedPart(part: Part): part is AskedSource {
  return "ask" in part;
}

function keyOf(
  { name }: AskedSource,
  { action, topic, qos, retain }: Pick<AccessCase, "action" | "topic" | "qos" | "retain">,
): string {
  return `${name}\0${action}\0${qos}${retain ? "r" : ""}\0${topic}`;
}

/** What `publishBit` was made of. */
function wayOf(way: number): { qos: QoS; retain: boolean } {
  const place = Math.log2(way);
  return { qos: (place >> 1) as QoS, retain: (place & 1) === 1 };
}

/** What denies: somebody's word, or that there was none. */
function labelOf({ name }: AskedSource, answer: Answer | undefined): string {
  return answer?.isFailure === true ? `${name} did not answer, which` : name;
}

function answerAsRule(label: string, topicFilter: string, qos: QoS, isAllow: boolean): BoundRule {
  const levels = topicFilter.split("/");
  return {
    label,
    isAllow,
    isLiteral: true,
    topicFilter,
    levels,
    realLevels: levels,
    publishBits: 0,
    subscribeBits: 1 << qos,
  };
}
