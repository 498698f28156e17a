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
import type { BoundRules } from "./bound-rules.ts";
import { inWords, isFree, publishing, receiving, refusedPublishes, subscribing } from "./decide.ts";
import type { RuleSource } from "./rule-source.ts";
import type { CurrentRules, TenantRules } from "./tenant-rules.ts";

/** Topics whose answer is remembered for one client; when there are more, all are forgotten. Some 100 bytes each. */
const REMEMBERED_MAX = 4_096;
/** Longer topics are worked out each time, so that what is remembered has a bound. */
const REMEMBERED_LENGTH_MAX = 256;

/**
 * The rights of one client by the rules of its tenant and those that were granted to its connection. The rules are bound to the client
 * at the first question after they have changed; a topic that was asked about before costs one lookup.
 */
export class RuleRights implements Rights {
  readonly isByRules: boolean;
  readonly who: Identity;
  readonly connection: ConnectionFacts;
  readonly #current: CurrentRules;
  readonly #sources: readonly RuleSource[];
  #rules: TenantRules | undefined;
  #bound: BoundRules | undefined;
  #version = 0;
  #publishing: Map<string, number> | undefined;
  /** Per topic, and for each QoS: whether it is known (bits 0 to 2), and the answer (bits 3 to 5). */
  #receiving: Map<string, number> | undefined;

  /** @param current Looked at with each question, since the rules in it may be others by then. */
  constructor(current: CurrentRules, who: Identity, connection: ConnectionFacts, sources: readonly RuleSource[]) {
    this.#current = current;
    this.who = who;
    this.connection = connection;
    this.#sources = sources;
    this.isByRules = sources.length === 0 && connection.attributes === undefined;
  }

  get version(): number {
    this.#bind();
    return this.#version;
  }

  refusedPublishes(topicName: string): number {
    const bound = this.#bind();
    const known = this.#publishing?.get(topicName);
    if (known !== undefined) return known;
    const refused = isBrokersOwn(topicName) ? EVERY_PUBLISH : refusedPublishes(bound, topicName);
    this.#publishing = remember(this.#publishing, topicName, refused);
    return refused;
  }

  whyNot(topicName: string, qos: QoS, retain: boolean): string {
    return isBrokersOwn(topicName) ? BROKERS_OWN : inWords(publishing(this.#bind(), topicName, publishBit(qos, retain)));
  }

  subscribing(topicFilter: string, qos: QoS): SubscribeVerdict {
    return subscribing(this.#bind(), topicFilter, qos);
  }

  isFree(topicFilter: string, qos: QoS): boolean {
    return isFree(this.#bind(), topicFilter, qos);
  }

  mayReceive(topicName: string, qos: QoS, topicFilter?: string): boolean {
    const bound = this.#bind();
    if (bound.hasLiteral) return receiving(bound, topicName, qos, topicFilter).isAllowed;
    const known = this.#receiving?.get(topicName) ?? 0;
    if ((known & (1 << qos)) !== 0) return (known & (8 << qos)) !== 0;
    const { isAllowed } = receiving(bound, topicName, qos);
    this.#receiving = remember(this.#receiving, topicName, known | (1 << qos) | (isAllowed ? 8 << qos : 0));
    return isAllowed;
  }

  whyWithheld(topicName: string, qos: QoS, topicFilter?: string): string {
    return inWords(receiving(this.#bind(), topicName, qos, topicFilter));
  }

  #bind(): BoundRules {
    const { rules } = this.#current;
    if (this.#bound !== undefined && rules === this.#rules) return this.#bound;
    this.#rules = rules;
    this.#bound = rules.bind(this.who, this.connection, this.#sources);
    this.#version = nextVersion();
    this.#publishing = undefined;
    this.#receiving = undefined;
    return this.#bound;
  }
}

function remember(answers: Map<string, number> | undefined, topicName: string, answer: number): Map<string, number> | undefined {
  if (topicName.length > REMEMBERED_LENGTH_MAX) return answers;
  const kept = answers === undefined || answers.size >= REMEMBERED_MAX ? new Map<string, number>() : answers;
  return kept.set(topicName, answer);
}
