import { parseShare } from "@bowline/protocol/internal";
import type { Subscription } from "../sessions/session.ts";

/**
 * Whether a message of that topic may be delivered by a Subscription. One that no deny rule touches is found to be so once, and costs
 * nothing for each topic until the rights of its Session change.
 */
export function mayDeliver(subscription: Subscription, topicName: string): boolean {
  const { rights } = subscription.session;
  const { version } = rights;
  if (subscription.rightsSeen === version) return true;
  const { topicFilter, qos } = subscription;
  const matched = parseShare(topicFilter)?.topicFilter ?? topicFilter;
  if (subscription.rightsSeen !== -version) subscription.rightsSeen = rights.isFree(matched, qos) ? version : -version;
  return subscription.rightsSeen === version || rights.mayReceive(topicName, qos, matched);
}
