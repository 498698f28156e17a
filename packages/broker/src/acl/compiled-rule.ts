import { levelsOfRealTopics } from "@bowline/protocol/internal";
import { AddressRanges } from "./address-ranges.ts";
import { type ConnectionFacts, EVERY_PUBLISH, type Identity, publishBit } from "./access-control.ts";
import type { RuleInput } from "./rule.ts";
import { type BoundTopic, bindPattern, hasPlaceholder } from "./topic-pattern.ts";

/** A rule for one topic, bound to one client: what the decisions look at. */
export interface BoundRule extends BoundTopic {
  /** How it is named to clients and operators. */
  readonly label: string;
  readonly isAllow: boolean;
  /** The ways of publishing it is about, as `publishBit`. */
  readonly publishBits: number;
  /** The QoS of Subscriptions it is about, as `1 << qos`. */
  readonly subscribeBits: number;
  /** The levels of `topicFilter`. */
  readonly levels: readonly string[];
  /** Those of `levelsOfRealTopics`, for its relation to other filters. */
  readonly realLevels: readonly string[];
}

const EVERY_SUBSCRIBE = 0b111;

/** A rule made ready to be bound to many clients. */
export class CompiledRule {
  /** Its topics are the same for every client. */
  readonly isFixed: boolean;
  readonly #rule: RuleInput;
  readonly #label: string;
  readonly #addresses: AddressRanges | undefined;
  readonly #fixed: readonly BoundRule[] | undefined;

  constructor(rule: RuleInput, label: string) {
    this.#rule = rule;
    this.#label = label;
    this.#addresses = rule.addresses === undefined ? undefined : new AddressRanges(rule.addresses);
    this.isFixed = !rule.topics.some(hasPlaceholder);
    this.#fixed = this.isFixed ? this.#bindTopics({ clientIdentifier: "", owner: "", tenant: "" }, undefined) : undefined;
  }

  /**
   * Whether it is a rule of that client. Of one that is away the address is not known: then what an address allows is allowed, and
   * what it denies is not, until the client comes back.
   */
  concerns(who: Identity, connection: ConnectionFacts | undefined): boolean {
    const { client, user, permission } = this.#rule;
    if (client !== undefined && client !== who.clientIdentifier) return false;
    if (user !== undefined && user !== who.owner) return false;
    if (this.#addresses === undefined) return true;
    return connection === undefined ? permission === "allow" : this.#addresses.has(connection.remoteAddress);
  }

  /** One for each of its topics that means something for this client. */
  bind(who: Identity, connection: ConnectionFacts | undefined): readonly BoundRule[] {
    return this.#fixed ?? this.#bindTopics(who, connection);
  }

  #bindTopics(who: Identity, connection: ConnectionFacts | undefined): BoundRule[] {
    const { permission, topics } = this.#rule;
    const bound: BoundRule[] = [];
    for (const pattern of topics) {
      const topic = bindPattern(pattern, { ...who, attributes: connection?.attributes });
      if (topic === undefined) continue;
      const { topicFilter } = topic;
      const levels = topicFilter.split("/");
      bound.push({
        ...topic,
        label: this.#label,
        isAllow: permission === "allow",
        publishBits: publishBitsOf(this.#rule),
        subscribeBits: subscribeBitsOf(this.#rule),
        levels,
        // Most are the same, and a tenant may have very many rules.
        realLevels: topicFilter === "#" || topicFilter === "/#" ? levelsOfRealTopics(topicFilter) : levels,
      });
    }
    return bound;
  }
}

function publishBitsOf({ action, qos, retain }: RuleInput): number {
  if (action === "subscribe") return 0;
  if (qos === undefined && retain === undefined) return EVERY_PUBLISH;
  let bits = 0;
  for (const each of qos ?? ([0, 1, 2] as const)) {
    if (retain !== true) bits |= publishBit(each, false);
    if (retain !== false) bits |= publishBit(each, true);
  }
  return bits;
}

function subscribeBitsOf({ action, qos, retain }: RuleInput): number {
  // A rule about RETAIN is about publishing.
  if (action === "publish" || retain !== undefined) return 0;
  let bits = 0;
  for (const each of qos ?? []) bits |= 1 << each;
  return qos === undefined ? EVERY_SUBSCRIBE : bits;
}
