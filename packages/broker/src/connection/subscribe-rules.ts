import type { ProtocolVersion, SubscribePacket, SubscriptionRequest, UnsubscribePacket } from "@bowline/protocol";
import { MqttError } from "@bowline/protocol";
import { parseShare, ReasonCode, validateTopicFilter } from "@bowline/protocol/internal";
import type { Denial, SubscribeVerdict } from "../acl/access-control.ts";
import type { Router } from "../router/router.ts";
import type { Session, Subscription } from "../sessions/session.ts";
import type { Storage, StoredSubscription } from "../storage/storage.ts";
import type { Tenant } from "../tenants/tenant.ts";
import type { BrokerLimits } from "./broker-limits.ts";
import { isTooDeep } from "./connect-rules.ts";
import { quotaReached, tooDeep } from "./limit-denials.ts";

export interface GrantedSubscriptions {
  /** One for each Topic Filter that it came to, in order: the granted QoS, or why not. */
  reasonCodes: number[];
  /** Which rule or limit refused, of each filter that the client may not have. */
  refusals: FilterRefusal[];
  added: { subscription: Subscription; isNew: boolean }[];
  /** Topic Filters over a limit. */
  overLimit: number;
  /** Topic Filters with more levels or bytes than they may have. */
  tooDeep: number;
  /** The SUBACK waits for this commit number. */
  commit: number;
}

/** Why one Topic Filter was not granted. */
export interface FilterRefusal {
  /** Its place in the SUBSCRIBE. */
  place: number;
  why: string;
  /** Undefined where the client has no right to it. */
  limit: Denial | undefined;
}

/** Each may be held against thousands of rules: beyond so many the rest of a SUBSCRIBE is for another turn of the event loop. */
const FILTERS_A_TURN = 500;

/**
 * Adds what a SUBSCRIBE asks for and may have, section 3.8.4.
 *
 * @param granted What an earlier call answered, which did not come to the end: it goes on from there.
 */
export function grantSubscriptions(
  packet: SubscribePacket,
  session: Session,
  version: ProtocolVersion,
  { router, limits }: Tenant,
  storage: Storage,
  granted: GrantedSubscriptions = { reasonCodes: [], refusals: [], added: [], overLimit: 0, tooDeep: 0, commit: 0 },
): GrantedSubscriptions {
  const done = granted.reasonCodes.length;
  if (version === 5 && done === 0) checkCapabilities(packet, limits);
  const subscriptionIdentifier = packet.properties?.subscriptionIdentifiers?.[0] ?? 0;
  const end = Math.min(packet.subscriptions.length, done + FILTERS_A_TURN);
  for (let i = done; i < end; i++) {
    const request = packet.subscriptions[i]!;
    const fault = i < limits.deviations.maximumTopicFilters ? faultOf(request, limits) : ReasonCode.QuotaExceeded;
    const verdict = fault === 0 ? rightTo(request, session) : undefined;
    if (verdict?.isAllowed !== true) {
      if (
        fault === ReasonCode.TopicFilterInvalid &&
        isTooDeep(parseShare(request.topicFilter)?.topicFilter ?? request.topicFilter, limits)
      ) {
        granted.tooDeep++;
        granted.refusals.push(limitRefusal(i, tooDeep(limits, "FILTER_INVALID")));
      }
      granted.reasonCodes.push(fault === 0 ? ReasonCode.NotAuthorized : fault);
      if (verdict !== undefined) granted.refusals.push({ place: i, why: `NOT_AUTHORIZED: ${verdict.reason}`, limit: undefined });
      continue;
    }
    // One that is there is replaced, [MQTT-3.8.4-3].
    const overLimit = session.subscriptions.has(request.topicFilter) ? undefined : reachedLimit(session, router, limits);
    if (overLimit !== undefined) {
      granted.reasonCodes.push(ReasonCode.QuotaExceeded);
      granted.refusals.push(limitRefusal(i, quotaReached(overLimit)));
      granted.overLimit++;
      continue;
    }
    // [MQTT-3.8.4-7]: never more than was asked for, nor than may be published with.
    const qos = request.qos < limits.maximumQoS ? request.qos : limits.maximumQoS;
    const asked = { ...request, qos, subscriptionIdentifier };
    const kept = keep(asked, session, storage);
    if (kept < 0) {
      granted.reasonCodes.push(ReasonCode.QuotaExceeded);
      continue;
    }
    granted.commit = Math.max(granted.commit, kept);
    const subscription: Subscription = { kind: "single", session, ...asked, rightsSeen: 0 };
    granted.added.push({ subscription, isNew: router.subscribe(subscription) });
    granted.reasonCodes.push(qos);
  }
  return granted;
}

function limitRefusal(place: number, limit: Denial): FilterRefusal {
  return { place, why: `${limit.code}: ${limit.reason}`, limit };
}

/** Answers the commit number after which it is kept, or -1. Clients often ask again for what they have; that costs no row. */
function keep(asked: StoredSubscription, session: Session, storage: Storage): number {
  if (!session.isPersistent) return 0;
  const known = session.subscriptions.get(asked.topicFilter);
  if (known !== undefined && isSame(known, asked)) return session.keptBy;
  const kept = orRefused(() => storage.putSubscription(session.id, asked));
  session.keptBy = Math.max(session.keptBy, kept);
  return kept;
}

function isSame(one: StoredSubscription, other: StoredSubscription): boolean {
  return (
    one.qos === other.qos &&
    one.noLocal === other.noLocal &&
    one.retainAsPublished === other.retainAsPublished &&
    one.retainHandling === other.retainHandling &&
    one.subscriptionIdentifier === other.subscriptionIdentifier
  );
}

/** The limit that does not allow one more Subscription, in words. */
function reachedLimit({ subscriptions }: Session, router: Router, limits: BrokerLimits): string | undefined {
  const { maximumSubscriptions, maximumTenantSubscriptions } = limits;
  if (subscriptions.size >= maximumSubscriptions) return `no more than ${maximumSubscriptions} (maximumSubscriptions)`;
  if (maximumTenantSubscriptions === 0 || router.subscriptionCount < maximumTenantSubscriptions) return undefined;
  return `no more than ${maximumTenantSubscriptions} of the tenant (maximumTenantSubscriptions)`;
}

/** A 5.0 client that asks for what its CONNACK said is not there breaks the protocol (sections 3.2.2.3.11 to 3.2.2.3.13). */
function checkCapabilities(packet: SubscribePacket, limits: BrokerLimits): void {
  if (!limits.subscriptionIdentifierAvailable && packet.properties?.subscriptionIdentifiers !== undefined) {
    throw new MqttError("SUBID_UNSUPPORTED", { reasonCode: ReasonCode.SubscriptionIdentifiersNotSupported, source: "peer" });
  }
  for (const { topicFilter } of packet.subscriptions) {
    const missing = missingCapability(topicFilter, limits);
    if (missing === 0) continue;
    const code = missing === ReasonCode.SharedSubscriptionsNotSupported ? "SHARED_UNSUPPORTED" : "WILDCARD_UNSUPPORTED";
    throw new MqttError(code, { reasonCode: missing, source: "peer" });
  }
}

function missingCapability(topicFilter: string, limits: BrokerLimits): number {
  if (!limits.sharedSubscriptionAvailable && topicFilter.startsWith("$share/")) return ReasonCode.SharedSubscriptionsNotSupported;
  if (!limits.wildcardSubscriptionAvailable && /[+#]/.test(topicFilter)) return ReasonCode.WildcardSubscriptionsNotSupported;
  return 0;
}

/** Resolves when it is known what of a SUBSCRIBE may be granted; undefined when it is. */
export function unknownRights(packet: SubscribePacket, { rights }: Session): Promise<unknown> | undefined {
  if (rights.unknown === undefined) return undefined;
  const pending: Promise<void>[] = [];
  for (const { topicFilter, qos } of packet.subscriptions) {
    const asked = rights.unknown("subscribe", parseShare(topicFilter)?.topicFilter ?? topicFilter, qos, false);
    if (asked !== undefined) pending.push(asked);
  }
  return pending.length === 0 ? undefined : Promise.all(pending);
}

function faultOf({ topicFilter }: SubscriptionRequest, limits: BrokerLimits): number {
  const fault = validateTopicFilter(topicFilter, limits.maximumTopicLevels);
  if (fault === undefined && Buffer.byteLength(topicFilter) > limits.maximumTopicBytes) return ReasonCode.TopicFilterInvalid;
  return fault?.reasonCode ?? missingCapability(topicFilter, limits);
}

function rightTo({ topicFilter, qos }: SubscriptionRequest, { rights }: Session): SubscribeVerdict {
  return rights.subscribing(parseShare(topicFilter)?.topicFilter ?? topicFilter, qos);
}

/** Removes what an UNSUBSCRIBE names, section 3.10.4. What storage cannot forget now stays subscribed: 0x80. */
export function removeSubscriptions(
  packet: UnsubscribePacket,
  session: Session,
  router: Router,
  storage: Storage,
): { reasonCodes: number[]; commit: number } {
  const reasonCodes: number[] = [];
  let commit = 0;
  for (const topicFilter of packet.topicFilters) {
    if (!session.subscriptions.has(topicFilter)) {
      reasonCodes.push(ReasonCode.NoSubscriptionExisted);
      continue;
    }
    const forgotten = orRefused(() => (session.isPersistent ? storage.deleteSubscription(session.id, topicFilter) : 0));
    if (forgotten >= 0) router.unsubscribe(session, topicFilter);
    reasonCodes.push(forgotten < 0 ? ReasonCode.UnspecifiedError : ReasonCode.Success);
    commit = Math.max(commit, forgotten);
  }
  return { reasonCodes, commit };
}

/** Commit number, or -1 when storage takes nothing now. */
function orRefused(write: () => number): number {
  try {
    return write();
  } catch (error) {
    if (MqttError.is(error) && error.code === "STORE_READ_ONLY") return -1;
    throw error;
  }
}
