import { parseShare } from "@bowline/protocol/internal";
import type { Rights } from "../acl/access-control.ts";
import type { Session, Subscription } from "../sessions/session.ts";

/**
 * Whether a message of that topic may be delivered by a Subscription. One that no deny rule touches is found to be so once, and costs
 * nothing for each topic until the rights of its Session change.
 */
export function mayDeliver(subscription: Subscription, topicName: string): boolean {
  const { rights } = subscription.session;
  const { version } = rights;
  if (subscription.rightsSeen === version) return true;
  const { qos } = subscription;
  const matched = matchedFilter(subscription);
  if (subscription.rightsSeen !== -version) subscription.rightsSeen = rights.isFree(matched, qos) ? version : -version;
  return subscription.rightsSeen === version || rights.mayReceive(topicName, qos, matched);
}

/**
 * Gives a Session other rights. Answers whether routes that were worked out may be wrong now; they are not where its Subscriptions
 * were free of any deny rule and are so again, as mostly when a client comes back.
 */
export function grantRights(session: Session, rights: Rights): boolean {
  const { version: before } = session.rights;
  session.grant(rights);
  const { version } = rights;
  let isChanged = false;
  for (const subscription of session.subscriptions.values()) {
    // Nobody has asked about it yet.
    if (subscription.rightsSeen === 0) continue;
    if (subscription.rightsSeen === before && rights.isFree(matchedFilter(subscription), subscription.qos))
      subscription.rightsSeen = version;
    else isChanged = true;
  }
  return isChanged;
}

function matchedFilter({ topicFilter }: Subscription): string {
  return parseShare(topicFilter)?.topicFilter ?? topicFilter;
}
