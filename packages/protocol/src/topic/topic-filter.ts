import { checkTopicText, filterFaults, type TopicFault } from "./topic-fault.ts";

const sharePrefix = "$share/";

/** A Shared Subscription's Topic Filter taken apart, MQTT 5.0 section 4.8.2. */
export interface Share {
  readonly shareName: string;
  /** The filter that topics are matched against. */
  readonly topicFilter: string;
}

const multiLevelMisplaced = fault("MQTT-4.7.1-1", "In a Topic Filter # must fill the last level.");
const singleLevelMisplaced = fault("MQTT-4.7.1-2", "In a Topic Filter + must fill a whole level.");
const shareNameMissing = fault(
  "MQTT-4.8.2-1",
  "A shared subscription is $share/ShareName/filter with a ShareName of at least one character.",
);
const shareNameInvalid = fault("MQTT-4.8.2-2", "A ShareName must not contain + or #.");
const shareFilterMissing = fault("MQTT-4.8.2-2", "A ShareName must be followed by / and a Topic Filter.");

function fault(clause: string, message: string): TopicFault {
  return { reasonCode: 0x8f, clause, message };
}

/**
 * Says what is wrong with a Topic Filter as it stands in SUBSCRIBE or UNSUBSCRIBE, shared subscriptions included, or
 * undefined when it is well-formed.
 *
 * @param maximumTopicLevels Levels allowed, counting empty ones and, in a shared subscription, only those of the filter that
 *   topics are matched against; unlimited by default.
 * @returns A fault with reason code 0x8F, never an exception.
 */
export function validateTopicFilter(topicFilter: string, maximumTopicLevels: number = Infinity): TopicFault | undefined {
  const isShared = topicFilter.startsWith(sharePrefix);
  const textFault = checkTopicText(topicFilter, isShared ? maximumTopicLevels + 2 : maximumTopicLevels, filterFaults);
  if (textFault !== undefined) return textFault;
  if (isShared) return shareFault(topicFilter);
  // Nobody can publish to it usefully, and a client that sends it meant a shared subscription.
  if (topicFilter === "$share") return shareNameMissing;
  return wildcardFault(topicFilter, 0);
}

/** Takes a valid filter of a Shared Subscription apart; undefined when the filter is not one. */
export function parseShare(topicFilter: string): Share | undefined {
  if (!topicFilter.startsWith(sharePrefix)) return undefined;
  const nameEnd = topicFilter.indexOf("/", sharePrefix.length);
  if (nameEnd < 0) return undefined;
  return { shareName: topicFilter.slice(sharePrefix.length, nameEnd), topicFilter: topicFilter.slice(nameEnd + 1) };
}

/** True when the (valid) filter can match more than one Topic Name. */
export function hasWildcard(topicFilter: string): boolean {
  return topicFilter.endsWith("#") || topicFilter.includes("+");
}

function shareFault(topicFilter: string): TopicFault | undefined {
  const nameEnd = topicFilter.indexOf("/", sharePrefix.length);
  if (nameEnd === sharePrefix.length || topicFilter.length === sharePrefix.length) return shareNameMissing;
  const shareName = nameEnd < 0 ? topicFilter.slice(sharePrefix.length) : topicFilter.slice(sharePrefix.length, nameEnd);
  if (shareName.includes("+") || shareName.includes("#")) return shareNameInvalid;
  if (nameEnd < 0 || nameEnd + 1 === topicFilter.length) return shareFilterMissing;
  return wildcardFault(topicFilter, nameEnd + 1);
}

function wildcardFault(topicFilter: string, start: number): TopicFault | undefined {
  // [MQTT-4.7.1-1]
  const multi = topicFilter.indexOf("#", start);
  if (multi >= 0 && !(multi === topicFilter.length - 1 && isLevelStart(topicFilter, multi, start))) return multiLevelMisplaced;
  // [MQTT-4.7.1-2]
  for (let at = topicFilter.indexOf("+", start); at >= 0; at = topicFilter.indexOf("+", at + 1)) {
    const isLevelEnd = at === topicFilter.length - 1 || topicFilter[at + 1] === "/";
    if (!isLevelEnd || !isLevelStart(topicFilter, at, start)) return singleLevelMisplaced;
  }
  return undefined;
}

function isLevelStart(topicFilter: string, at: number, start: number): boolean {
  return at === start || topicFilter[at - 1] === "/";
}
