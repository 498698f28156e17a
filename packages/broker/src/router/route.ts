import type { QoS } from "@bowline/protocol";
import { type CachedRoute, parseShare, type RouteCache, sameBytes, viewOf } from "@bowline/protocol/internal";
import type { Rights } from "../acl/access-control.ts";
import type { Session, Subscription } from "../sessions/session.ts";
import { mayDeliver } from "./may-deliver.ts";
import type { SharedSubscriber, Subscriber } from "./subscriber.ts";
import { type Withheld, withheldFrom } from "./withheld-ledger.ts";

/** One Session that gets the messages of a topic: all its matching Subscriptions in one ([MQTT-3.3.4-2]). */
export class Target {
  readonly session: Session;
  /** The highest of its Subscriptions. */
  readonly qos: QoS;
  readonly retainAsPublished: boolean;
  /** Of every Subscription that matches, section 3.3.4. */
  readonly subscriptionIdentifiers: readonly number[];
  /** How it gets its own messages, when a Subscription asks for No Local: undefined for not at all. Else like all others. */
  own: Target | undefined = this;
  /** The targets of a route that has no other: one list for all of them. */
  readonly alone: readonly Target[] = [this];

  constructor(session: Session, qos: QoS, retainAsPublished: boolean, subscriptionIdentifiers: readonly number[]) {
    this.session = session;
    this.qos = qos;
    this.retainAsPublished = retainAsPublished;
    this.subscriptionIdentifiers = subscriptionIdentifiers;
  }
}

/**
 * Who gets the messages of one topic: worked out once and remembered until a (un)subscription or a right changes (`generation`).
 *
 * With very many topics each message finds another one, and what a message costs is the memory it has to wait for: so what every
 * message needs stands first, and targets are shared between routes wherever they are the same.
 */
export class Route implements CachedRoute {
  readonly generation: number;
  /** Whose right to publish was asked last, and in which ways it is refused (`publishBit`, or `TOO_DEEP`): mostly one client publishes a topic. */
  askedBy: Rights | undefined = undefined;
  refused = 0;
  readonly targets: readonly Target[];
  readonly groups: readonly SharedSubscriber[];
  record = -1;
  readonly topicName: string;
  /** Levels above the limit: nothing may be published to it. */
  readonly isTooDeep: boolean;
  /** Those who would have its messages and may not; a publisher of it then goes the way of one that is refused, which counts them. */
  readonly withheld: Withheld | undefined;
  private encoded: Uint8Array | undefined = undefined;

  constructor(
    topicName: string,
    generation: number,
    isTooDeep: boolean,
    targets: readonly Target[],
    groups: readonly SharedSubscriber[],
    withheld: Withheld | undefined,
  ) {
    this.topicName = topicName;
    this.generation = generation;
    this.isTooDeep = isTooDeep;
    this.targets = targets;
    this.groups = groups;
    this.withheld = withheld;
  }

  /** Topic Names are well-formed, so that these are the bytes it came with. Made for those that are kept. */
  get topic(): Uint8Array {
    return (this.encoded ??= Buffer.from(this.topicName));
  }
}

/** Joins what the subscription tree found into one target for each Session. */
export function makeRoute(topicName: string, generation: number, maximumLevels: number, found: readonly Subscriber[]): Route {
  const bySession = new Map<Session, Subscription[]>();
  const groups: SharedSubscriber[] = [];
  const denied: Subscription[] = [];
  for (const subscriber of found) {
    if (subscriber.kind === "shared") {
      groups.push(subscriber);
      continue;
    }
    if (!mayDeliver(subscriber, topicName)) {
      denied.push(subscriber);
      continue;
    }
    const list = bySession.get(subscriber.session);
    if (list !== undefined) list.push(subscriber);
    else bySession.set(subscriber.session, [subscriber]);
  }
  const targets: Target[] = [];
  for (const [session, subscriptions] of bySession) targets.push(joinSubscriptions(session, subscriptions));
  const isTooDeep = countLevels(topicName) > maximumLevels;
  const withheld = withheldFrom(topicName, denied);
  return new Route(topicName, generation, isTooDeep, shared(targets), groups.length === 0 ? NO_GROUPS : groups, withheld);
}

/** The ways in which Sessions get messages, by QoS and Retain As Published. */
const plainTargets = new WeakMap<Session, (Target | undefined)[]>();
const NO_GROUPS: readonly SharedSubscriber[] = [];
const NO_TARGETS: readonly Target[] = [];
const NO_IDENTIFIERS: readonly number[] = [];

function shared(targets: readonly Target[]): readonly Target[] {
  if (targets.length === 0) return NO_TARGETS;
  return targets.length === 1 ? targets[0]!.alone : targets;
}

function joinSubscriptions(session: Session, subscriptions: readonly Subscription[]): Target {
  const target = mergeTarget(session, subscriptions);
  const others = subscriptions.filter((subscription) => !subscription.noLocal);
  if (others.length === subscriptions.length) return target;
  const { qos, retainAsPublished, subscriptionIdentifiers } = target;
  const local = new Target(session, qos, retainAsPublished, subscriptionIdentifiers);
  local.own = others.length === 0 ? undefined : mergeTarget(session, others);
  return local;
}

/** Without Subscription Identifiers all topics that a Session gets in the same way share one. */
function mergeTarget(session: Session, subscriptions: readonly Subscription[]): Target {
  let qos: QoS = 0;
  let retainAsPublished = false;
  const subscriptionIdentifiers: number[] = [];
  for (const subscription of subscriptions) {
    if (subscription.qos > qos) qos = subscription.qos;
    if (subscription.retainAsPublished) retainAsPublished = true;
    if (subscription.subscriptionIdentifier !== 0) subscriptionIdentifiers.push(subscription.subscriptionIdentifier);
  }
  if (subscriptionIdentifiers.length > 0) return new Target(session, qos, retainAsPublished, subscriptionIdentifiers);
  let known = plainTargets.get(session);
  if (known === undefined) plainTargets.set(session, (known = []));
  return (known[qos * 2 + (retainAsPublished ? 1 : 0)] ??= new Target(session, qos, retainAsPublished, NO_IDENTIFIERS));
}

function countLevels(topicName: string): number {
  let levels = 1;
  for (let at = topicName.indexOf("/"); at >= 0; at = topicName.indexOf("/", at + 1)) levels++;
  return levels;
}

/** Whether the route is that of the topic bytes [start, end) in `source`. Those of very long topics are not in the cache. */
export function isRouteOf(route: Route, cache: RouteCache<Route>, source: Uint8Array, start: number, end: number): boolean {
  if (route.record >= 0) return cache.isAt(route.record, source, start, end);
  const { buffer, byteOffset, length } = route.topic;
  return sameBytes(viewOf(source), start, end, new DataView(buffer, byteOffset, length), 0, length);
}

/** Nobody's turn is taken: only one that `test` is true for would be picked. */
export function someMember({ group }: SharedSubscriber, test: (member: Subscription) => boolean): boolean {
  let isFound = false;
  group.pick((member) => {
    isFound ||= test(member);
    return false;
  });
  return isFound;
}

/** Whether the filter is `a/#` and matches only because the topic is `a`: it has one level more, and that is `#`. */
export function isParentOf(topicName: string, topicFilter: string): boolean {
  const filter = parseShare(topicFilter)?.topicFilter ?? topicFilter;
  return filter.endsWith("/#") && filter.split("/").length === topicName.split("/").length + 1;
}
