import { BROKERS_OWN, EVERY_PUBLISH, type Identity, isBrokersOwn, nextVersion, type Rights } from "./access-control.ts";
import { publishing } from "./decide.ts";
import type { CurrentRules } from "./tenant-rules.ts";

/** Everything, except to publish where the broker itself speaks: the console's, and whom an authenticator names a superuser. */
export const superuserRights: Rights = {
  version: nextVersion(),
  isByRules: false,
  refusedPublishes: (topicName) => (isBrokersOwn(topicName) ? EVERY_PUBLISH : 0),
  whyNot: () => BROKERS_OWN,
  subscribing: () => ({ isAllowed: true, reason: "a superuser may do everything" }),
  isFree: () => true,
  mayReceive: () => true,
};

/**
 * The rights of a restored Session until its client comes back: what its last connection was granted is not known any more. Messages
 * are queued for it, since whatever is queued is held against its rights before it leaves; its will was allowed at CONNECT and
 * is stopped by a rule that denies it, and not for want of one that allows it.
 */
export function rightsOfAbsent(current: CurrentRules, who: Identity): Rights {
  return {
    version: nextVersion(),
    isByRules: false,
    refusedPublishes: () => EVERY_PUBLISH,
    stopsWill: (topicName, way) => publishing(current.rules.bind(who, undefined), topicName, way).rule?.isAllow === false,
    subscribing: () => ({ isAllowed: false, reason: "the client is not connected" }),
    isFree: () => true,
    mayReceive: () => true,
  };
}
