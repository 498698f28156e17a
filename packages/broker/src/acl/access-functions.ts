import {
  type AccessControl,
  type Identity,
  EVERY_PUBLISH,
  isBrokersOwn,
  nextVersion,
  type Rights,
  type SubscribeVerdict,
} from "./access-control.ts";

/**
 * The rights of a program that embeds the broker, as three functions. Each is asked when a topic or a filter is new to a client, never
 * once a message; `Broker.accessChanged` makes it ask again. One that throws denies.
 */
export interface AccessFunctions {
  mayPublish(who: Identity, topicName: string): boolean;
  /** `topicFilter` without `$share/ShareName/`. */
  maySubscribe(who: Identity, topicFilter: string): boolean;
  mayReceive(who: Identity, topicName: string): boolean;
}

/** Every authenticated client may do everything, except to publish where the broker itself speaks: the default of a bare Broker. */
export const openAccess: AccessFunctions = {
  mayPublish: (_who, topicName) => !isBrokersOwn(topicName),
  maySubscribe: () => true,
  mayReceive: () => true,
};

/** An AccessControl that asks the functions; a fault of theirs costs one client a right, not others their connection. */
export function accessOf(functions: AccessFunctions, faulted: (who: Identity, cause: unknown) => void): AccessControl {
  const version = nextVersion();
  const isAlwaysFree = functions.mayReceive === openAccess.mayReceive;
  const ask = (who: Identity, question: () => boolean): boolean => {
    try {
      return question();
    } catch (cause) {
      faulted(who, cause);
      return false;
    }
  };
  return {
    rightsOf: (who): Rights => ({
      version,
      isByRules: true,
      refusedPublishes: (topicName) => (ask(who, () => functions.mayPublish(who, topicName)) ? 0 : EVERY_PUBLISH),
      whyNot: () => DENIED.reason,
      subscribing: (topicFilter) => (ask(who, () => functions.maySubscribe(who, topicFilter)) ? ALLOWED : DENIED),
      isFree: () => isAlwaysFree,
      mayReceive: (topicName) => ask(who, () => functions.mayReceive(who, topicName)),
    }),
    isRevoked: (who, topicName) => !ask(who, () => functions.mayPublish(who, topicName)),
  };
}

const ALLOWED: SubscribeVerdict = { isAllowed: true, reason: "the program that runs the broker allows it" };
const DENIED: SubscribeVerdict = { isAllowed: false, reason: "the program that runs the broker does not allow it" };
