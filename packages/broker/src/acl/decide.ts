import type { QoS } from "@bowline/protocol";
import { coversLevels, hasWildcard, levelsOfRealTopics, matches, overlapsLevels } from "@bowline/protocol/internal";
import { EVERY_PUBLISH, type SubscribeVerdict } from "./access-control.ts";
import type { BoundRules } from "./bound-rules.ts";
import type { BoundRule } from "./compiled-rule.ts";

/*
 * What a list of rules says. Pure functions.
 *
 * A message is published to one topic, so the first rule that matches it decides. A Subscription names many topics: it is granted
 * when one allow rule covers its filter whole and no deny rule ahead of that one overlaps it. A deny rule behind the allow takes its
 * topics out of what that one grants, message by message, unless it covers all that the allow rule names: then that rule is an
 * exception from it. What no rule matches is denied, or, where the list is open, allowed, but for what deny rules match.
 */

/** What was decided, and by which rule; undefined for none. */
export interface Decision {
  readonly isAllowed: boolean;
  readonly rule: BoundRule | undefined;
}

/** The ways in which the topic may not be published to, as bits. */
export function refusedPublishes(bound: BoundRules, topicName: string): number {
  const levels = topicName.split("/");
  let undecided = EVERY_PUBLISH;
  let refused = 0;
  for (const rule of bound.about(topicName, levels)) {
    const bits = rule.publishBits & undecided;
    if (bits === 0 || !meansTopic(rule, topicName, levels)) continue;
    if (!rule.isAllow) refused |= bits;
    undecided &= ~bits;
    if (undecided === 0) break;
  }
  return bound.isOpen ? refused : refused | undecided;
}

/** The same for one way of publishing, with the rule that decides. */
export function publishing(bound: BoundRules, topicName: string, bit: number): Decision {
  const levels = topicName.split("/");
  for (const rule of bound.about(topicName, levels)) {
    if ((rule.publishBits & bit) !== 0 && meansTopic(rule, topicName, levels)) return { isAllowed: rule.isAllow, rule };
  }
  return { isAllowed: bound.isOpen, rule: undefined };
}

/** What was decided about one topic, in words. */
export function inWords({ isAllowed, rule }: Decision): string {
  if (rule === undefined) return `no rule matches, which means ${isAllowed ? "allow" : "deny"}`;
  return `${rule.label} ${isAllowed ? "allows" : "denies"} ${rule.topicFilter}`;
}

/** Whether a message may be delivered by a Subscription of that QoS, or by any when no filter is given. */
export function receiving(bound: BoundRules, topicName: string, qos: QoS, topicFilter?: string): Decision {
  const levels = topicName.split("/");
  let granting: BoundRule[] = [];
  let isDenied = false;
  for (const rule of bound.about(topicName, levels, topicFilter)) {
    if ((rule.subscribeBits & (1 << qos)) === 0 || (rule.isAllow && isDenied)) continue;
    if (!meansTopic(rule, topicName, levels) && !(rule.isLiteral && rule.topicFilter === topicFilter)) continue;
    if (rule.isAllow) granting.push(rule);
    else {
      isDenied = true;
      granting = exceptionsFrom(rule, granting);
      if (granting.length === 0) return { isAllowed: false, rule };
    }
  }
  return { isAllowed: granting.length > 0 || bound.isOpen, rule: granting[0] };
}

/** Whether the filter may be subscribed to. */
export function subscribing(bound: BoundRules, topicFilter: string, qos: QoS): SubscribeVerdict {
  const asked = askedFor(topicFilter);
  let overlapping: BoundRule | undefined;
  let granting: BoundRule[] = [];
  for (const rule of bound.rules) {
    if ((rule.subscribeBits & (1 << qos)) === 0) continue;
    if (rule.isAllow) {
      if (overlapping === undefined && coversFilter(rule, asked)) granting.push(rule);
    } else if (overlapsFilter(rule, asked)) {
      overlapping ??= rule;
      if (!coversFilter(rule, asked)) continue;
      // Nothing would be left of it: a grant would promise what never comes.
      granting = exceptionsFrom(rule, granting);
      if (granting.length === 0) return deniedBy(rule, asked);
    }
  }
  const [granted] = granting;
  if (granted !== undefined) return { isAllowed: true, reason: `${granted.label} allows ${granted.topicFilter}` };
  if (bound.isOpen) return { isAllowed: true, reason: "no rule denies all of it, and what no rule matches is allowed" };
  return overlapping === undefined ? allowedByNone(bound, asked, qos) : deniedBy(overlapping, asked);
}

/** Whether no message that the filter matches can be denied, so that none need be asked about. */
export function isFree(bound: BoundRules, topicFilter: string, qos: QoS): boolean {
  const asked = askedFor(topicFilter);
  let granting: BoundRule[] = [];
  let isDenied = false;
  for (const rule of bound.rules) {
    if ((rule.subscribeBits & (1 << qos)) === 0) continue;
    if (rule.isAllow) {
      if (!isDenied && coversFilter(rule, asked)) granting.push(rule);
    } else if (overlapsFilter(rule, asked)) {
      isDenied = true;
      granting = exceptionsFrom(rule, granting);
      if (granting.length === 0) return false;
    }
  }
  return granting.length > 0 || bound.isOpen;
}

/** Of the allow rules ahead of a deny rule, those that stand in spite of it: it covers all that they name. */
function exceptionsFrom(deny: BoundRule, allows: readonly BoundRule[]): BoundRule[] {
  return allows.filter((allow) => coversFilter(deny, allow));
}

function meansTopic(rule: BoundRule, topicName: string, topicLevels: readonly string[]): boolean {
  if (rule.isLiteral) return rule.topicFilter === topicName;
  const { levels } = rule;
  const first = levels[0];
  // [MQTT-4.7.2-1]
  if ((first === "#" || first === "+") && topicName.startsWith("$")) return false;
  for (let i = 0; i < levels.length; i++) {
    const level = levels[i];
    if (level === "#") return true;
    if (i >= topicLevels.length || (level !== "+" && level !== topicLevels[i])) return false;
  }
  return levels.length === topicLevels.length;
}

/** A Topic Filter, taken apart once for all rules that it is held against. */
type Asked = Pick<BoundRule, "topicFilter" | "realLevels">;

function askedFor(topicFilter: string): Asked {
  return { topicFilter, realLevels: levelsOfRealTopics(topicFilter) };
}

function coversFilter(rule: BoundRule, { topicFilter, realLevels }: Asked): boolean {
  return rule.isLiteral ? rule.topicFilter === topicFilter : coversLevels(rule.levels, realLevels);
}

function overlapsFilter(rule: BoundRule, { topicFilter, realLevels }: Asked): boolean {
  if (!rule.isLiteral) return overlapsLevels(rule.realLevels, realLevels);
  return rule.topicFilter === topicFilter || (!hasWildcard(rule.topicFilter) && matches(topicFilter, rule.topicFilter));
}

function deniedBy(rule: BoundRule, asked: Asked): SubscribeVerdict {
  const reach = coversFilter(rule, asked) ? "" : `, which ${asked.topicFilter} reaches`;
  return { isAllowed: false, reason: `${rule.label} denies ${rule.topicFilter}${reach}` };
}

function allowedByNone(bound: BoundRules, asked: Asked, qos: QoS): SubscribeVerdict {
  const part = bound.rules.find((rule) => rule.isAllow && (rule.subscribeBits & (1 << qos)) !== 0 && overlapsFilter(rule, asked));
  const hint = part === undefined ? "" : `; ${part.label} allows ${part.topicFilter} alone`;
  return { isAllowed: false, reason: `no rule allows all of ${asked.topicFilter}${hint}` };
}
