import type { AccessControl, Identity } from "./access-control.ts";

/** An AccessControl that denies what the given one throws at: a fault of it costs one client a right, not others their connection. */
export function guardedAccess(access: AccessControl, faulted: (who: Identity, cause: unknown) => void): AccessControl {
  const ask = (who: Identity, question: () => boolean): boolean => {
    try {
      return question();
    } catch (cause) {
      faulted(who, cause);
      return false;
    }
  };
  return {
    mayPublish: (who, topicName) => ask(who, () => access.mayPublish(who, topicName)),
    maySubscribe: (who, topicFilter) => ask(who, () => access.maySubscribe(who, topicFilter)),
    mayReceive: (who, topicName) => ask(who, () => access.mayReceive(who, topicName)),
  };
}
