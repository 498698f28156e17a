import type { QoS } from "@bowline/protocol";
import { sameBytes, viewOf } from "@bowline/protocol/internal";
import type { Rights } from "../acl/access-control.ts";
import type { Session, Subscription } from "../sessions/session.ts";
import { mayDeliver } from "./may-deliver.ts";
import type { SharedSubscriber, Subscriber } from "./subscriber.ts";

/** One Session that gets the messages of a topic: all its matching Subscriptions in one ([MQTT-3.3.4-2]). */
export interface Target {
  readonly session: Session;
  /** The highest of its Subscriptions. */
  readonly qos: QoS;
  readonly retainAsPublished: boolean;
  /** Of every Subscription that matches, section 3.3.4. */
  readonly subscriptionIdentifiers: readonly number[];
  /** How it gets its own messages, when a Subscription asks for No Local: undefined for not at all. */
  readonly own: Target | undefined;
}

/**
 * Who gets the messages of one topic: worked out once and remembered until a (un)subscription or a right changes (`generation`).
 */
export interface Route {
  readonly topic: Uint8Array;
  readonly view: DataView;
  readonly topicName: string;
  readonly generation: number;
  /** Levels above the limit: nothing may be published to it. */
  readonly isTooDeep: boolean;
  readonly targets: readonly Target[];
  readonly groups: readonly SharedSubscriber[];
  /** Whose right to publish was asked last, and in which ways it is refused (`publishBit`, or `TOO_DEEP`): mostly one client publishes a topic. */
  askedBy: Rights | undefined;
  refused: number;
}

/** Joins what the subscription tree found into one target for each Session. */
export function makeRoute(
  topic: Uint8Array,
  topicName: string,
  generation: number,
  maximumLevels: number,
  found: readonly Subscriber[],
): Route {
  const bySession = new Map<Session, Subscription[]>();
  const groups: SharedSubscriber[] = [];
  for (const subscriber of found) {
    if (subscriber.kind === "shared") {
      groups.push(subscriber);
      continue;
    }
    if (!mayDeliver(subscriber, topicName)) continue;
    const list = bySession.get(subscriber.session);
    if (list !== undefined) list.push(subscriber);
    else bySession.set(subscriber.session, [subscriber]);
  }
  const targets: Target[] = [];
  for (const [session, subscriptions] of bySession) targets.push(joinSubscriptions(session, subscriptions));
  // A view of its own: viewOf remembers one array at a time, and this one lives long.
  const view = new DataView(topic.buffer, topic.byteOffset, topic.byteLength);
  const isTooDeep = countLevels(topicName) > maximumLevels;
  return { topic, view, topicName, generation, isTooDeep, targets, groups, askedBy: undefined, refused: 0 };
}

function joinSubscriptions(session: Session, subscriptions: readonly Subscription[]): Target {
  const others = subscriptions.filter((subscription) => !subscription.noLocal);
  const own =
    others.length === subscriptions.length ? "same" : others.length === 0 ? undefined : mergeTarget(session, others, undefined);
  const target = mergeTarget(session, subscriptions, own === "same" ? undefined : own);
  // A target that treats its own messages like all others refers to itself.
  return own === "same" ? Object.assign(target, { own: target }) : target;
}

function mergeTarget(session: Session, subscriptions: readonly Subscription[], own: Target | undefined): Target {
  let qos: QoS = 0;
  let retainAsPublished = false;
  const subscriptionIdentifiers: number[] = [];
  for (const subscription of subscriptions) {
    if (subscription.qos > qos) qos = subscription.qos;
    if (subscription.retainAsPublished) retainAsPublished = true;
    if (subscription.subscriptionIdentifier !== 0) subscriptionIdentifiers.push(subscription.subscriptionIdentifier);
  }
  return { session, qos, retainAsPublished, subscriptionIdentifiers, own };
}

function countLevels(topicName: string): number {
  let levels = 1;
  for (let at = topicName.indexOf("/"); at >= 0; at = topicName.indexOf("/", at + 1)) levels++;
  return levels;
}

/** Whether the route is that of the topic bytes [start, end) in `source`. */
export function isRouteOf(route: Route, source: Uint8Array, start: number, end: number): boolean {
  return sameBytes(viewOf(source), start, end, route.view, 0, route.topic.length);
}
