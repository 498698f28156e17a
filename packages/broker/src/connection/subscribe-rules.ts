import type { SubscribePacket, SubscriptionRequest, UnsubscribePacket } from "@bowline/protocol";
import { MqttError } from "@bowline/protocol";
import { parseShare, ReasonCode, validateTopicFilter } from "@bowline/protocol/internal";
import type { AccessControl } from "../acl/access-control.ts";
import type { Router } from "../router/router.ts";
import type { Session, Subscription } from "../sessions/session.ts";
import type { Storage } from "../storage/storage.ts";

export interface GrantedSubscriptions {
  /** One for each Topic Filter, in order: the granted QoS, or why not. */
  reasonCodes: number[];
  added: { subscription: Subscription; isNew: boolean }[];
  /** The SUBACK waits for this commit number. */
  commit: number;
}

/** Adds what a SUBSCRIBE asks for and may have, section 3.8.4. */
export function grantSubscriptions(
  packet: SubscribePacket,
  session: Session,
  router: Router,
  access: AccessControl,
  storage: Storage,
  maximumTopicLevels: number,
): GrantedSubscriptions {
  const granted: GrantedSubscriptions = { reasonCodes: [], added: [], commit: 0 };
  const subscriptionIdentifier = packet.properties?.subscriptionIdentifiers?.[0] ?? 0;
  for (const request of packet.subscriptions) {
    const refusal = refusalOf(request, session, access, maximumTopicLevels);
    if (refusal !== 0) {
      granted.reasonCodes.push(refusal);
      continue;
    }
    const kept = orRefused(() =>
      session.isPersistent ? storage.putSubscription(session.id, { ...request, subscriptionIdentifier }) : 0,
    );
    if (kept < 0) {
      granted.reasonCodes.push(ReasonCode.QuotaExceeded);
      continue;
    }
    granted.commit = Math.max(granted.commit, kept);
    const subscription: Subscription = { kind: "single", session, subscriptionIdentifier, ...request };
    granted.added.push({ subscription, isNew: router.subscribe(subscription) });
    granted.reasonCodes.push(request.qos);
  }
  return granted;
}

function refusalOf(request: SubscriptionRequest, session: Session, access: AccessControl, maximumTopicLevels: number): number {
  const { topicFilter } = request;
  const fault = validateTopicFilter(topicFilter, maximumTopicLevels);
  if (fault !== undefined) return fault.reasonCode;
  return access.maySubscribe(session, parseShare(topicFilter)?.topicFilter ?? topicFilter) ? 0 : ReasonCode.NotAuthorized;
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
