// The decisions agree with the rules read as plainly as possible over every topic of a small world: nothing is indexed, no filter is
// compared with a filter, and "covers" and "overlaps" are counted out topic by topic.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { QoS } from "@bowline/protocol";
import { matches } from "@bowline/protocol/internal";
import { publishBit } from "./access-control.ts";
import { BoundRules } from "./bound-rules.ts";
import { CompiledRule } from "./compiled-rule.ts";
import { isFree, publishing, receiving, refusedPublishes, subscribing } from "./decide.ts";
import type { RuleInput } from "./rule.ts";

/** "z" stands in no rule, and topics go one level deeper than filters, so that the world tells any two filters apart. */
const LEVELS = ["a", "b", "$s", "z"];
const DEPTH = 4;
const WORLD: readonly string[] = topicsOf(DEPTH);

function topicsOf(depth: number): string[] {
  const shorter = depth === 1 ? [] : topicsOf(depth - 1);
  const longest = depth === 1 ? [""] : shorter.filter((topic) => topic.split("/").length === depth - 1).map((topic) => `${topic}/`);
  return [...shorter, ...longest.flatMap((start) => LEVELS.map((level) => start + level))];
}

const level = fc.constantFrom("a", "b", "$s", "+");
const topicFilter = fc
  .tuple(fc.array(level, { minLength: 0, maxLength: DEPTH - 1 }), fc.boolean())
  .map(([levels, isMulti]) => (isMulti || levels.length === 0 ? [...levels, "#"] : levels).join("/"));
const qosList = fc.option(fc.uniqueArray(fc.constantFrom<QoS>(0, 1, 2), { minLength: 1 }), { nil: undefined, freq: 4 });
const rule: fc.Arbitrary<RuleInput> = fc.record({
  permission: fc.constantFrom("allow", "deny"),
  action: fc.constantFrom("publish", "subscribe", "both", "both"),
  topics: fc.array(
    fc.tuple(fc.integer({ min: 0, max: 7 }), topicFilter).map(([n, filter]) => (n === 0 ? `eq ${filter}` : filter)),
    { minLength: 1, maxLength: 2 },
  ),
  client: fc.option(fc.constantFrom("me", "other"), { nil: undefined, freq: 4 }),
  qos: qosList,
  retain: fc.option(fc.boolean(), { nil: undefined, freq: 5 }),
});
const rules = fc.array(rule, { maxLength: 6 });

const WHO = { tenant: "t", owner: "o", clientIdentifier: "me" };

function bind(list: readonly RuleInput[], isOpen: boolean): BoundRules {
  const compiled = list.map((each, i) => new CompiledRule(each, String(i)));
  return new BoundRules(
    compiled.flatMap((each) => (each.concerns(WHO, undefined) ? each.bind(WHO, undefined) : [])),
    isOpen,
    // Both ways to find the rules of a topic.
    list.length % 2 === 0 ? 0 : 256,
  );
}

/** One rule for one topic, as the oracle reads it. */
interface Plain {
  rule: RuleInput;
  text: string;
  isLiteral: boolean;
}

function plain(list: readonly RuleInput[]): Plain[] {
  return list
    .filter(({ client }) => client === undefined || client === "me")
    .flatMap((each) =>
      each.topics.map((topic) => ({ rule: each, text: topic.replace(/^eq /, ""), isLiteral: topic.startsWith("eq ") })),
    );
}

const means = ({ text, isLiteral }: Plain, topic: string): boolean => (isLiteral ? text === topic : matches(text, topic));
const inFilter = (filter: string): string[] => WORLD.filter((topic) => matches(filter, topic));
const isAbout = ({ rule: { action, qos, retain } }: Plain, of: QoS): boolean =>
  action !== "publish" && retain === undefined && (qos === undefined || qos.includes(of));
/** Whether all of a filter's topics are the rule's. */
const isWhole = (one: Plain, filter: string): boolean =>
  one.isLiteral ? one.text === filter : inFilter(filter).every((topic) => matches(one.text, topic));
const touches = (one: Plain, filter: string): boolean =>
  one.isLiteral && one.text === filter ? true : inFilter(filter).some((topic) => means(one, topic));

/** An allow rule stands when no deny ahead of it is met, and every deny behind it that is met covers all of it. */
function stands(
  list: readonly Plain[],
  at: number,
  isMet: (deny: Plain) => boolean,
  isMetBehind: (deny: Plain) => boolean,
): boolean {
  return list.every(
    (other, i) =>
      other.rule.permission === "allow" || (i < at ? !isMet(other) : !isMetBehind(other) || isWhole(other, list[at]!.text)),
  );
}

function mayReceive(list: readonly Plain[], isOpen: boolean, topic: string, qos: QoS, filter: string): boolean {
  const about = list.filter((one) => isAbout(one, qos));
  const isMet = (one: Plain): boolean => means(one, topic) || (one.isLiteral && one.text === filter);
  if (about.some((one, i) => one.rule.permission === "allow" && isMet(one) && stands(about, i, isMet, isMet))) return true;
  return isOpen && !about.some(isMet);
}

function maySubscribe(list: readonly Plain[], isOpen: boolean, filter: string, qos: QoS): boolean {
  const about = list.filter((one) => isAbout(one, qos));
  const isMet = (deny: Plain): boolean => touches(deny, filter);
  const isVoid = (deny: Plain): boolean => isWhole(deny, filter);
  if (about.some((one, i) => one.rule.permission === "allow" && isWhole(one, filter) && stands(about, i, isMet, isVoid)))
    return true;
  return isOpen && !about.some((one) => one.rule.permission === "deny" && isVoid(one));
}

test("a PUBLISH is decided by the first rule that matches it, each QoS and RETAIN by itself", () => {
  fc.assert(
    fc.property(rules, fc.boolean(), fc.constantFrom(...WORLD), (list, isOpen, topic) => {
      const bound = bind(list, isOpen);
      const refused = refusedPublishes(bound, topic);
      for (const qos of [0, 1, 2] as const)
        for (const retain of [false, true]) {
          const first = plain(list).find(
            (one) =>
              one.rule.action !== "subscribe" &&
              (one.rule.qos === undefined || one.rule.qos.includes(qos)) &&
              (one.rule.retain === undefined || one.rule.retain === retain) &&
              means(one, topic),
          );
          const isAllowed = first === undefined ? isOpen : first.rule.permission === "allow";
          const bit = publishBit(qos, retain);
          expect((refused & bit) === 0).toBe(isAllowed);
          expect(publishing(bound, topic, bit).isAllowed).toBe(isAllowed);
        }
    }),
    { numRuns: 2_000 },
  );
});

test("a Subscription is granted as the rules say, topic by topic counted out", () => {
  fc.assert(
    fc.property(rules, fc.boolean(), topicFilter, fc.constantFrom<QoS>(0, 1, 2), (list, isOpen, filter, qos) => {
      const verdict = subscribing(bind(list, isOpen), filter, qos);
      expect(verdict.isAllowed, verdict.reason).toBe(maySubscribe(plain(list), isOpen, filter, qos));
    }),
    { numRuns: 3_000 },
  );
});

test("each message of a Subscription is decided on its topic, and what is said to be free is free", () => {
  fc.assert(
    fc.property(rules, fc.boolean(), topicFilter, fc.constantFrom<QoS>(0, 1, 2), (list, isOpen, filter, qos) => {
      const bound = bind(list, isOpen);
      let isEveryOneAllowed = true;
      for (const topic of inFilter(filter)) {
        const { isAllowed } = receiving(bound, topic, qos, filter);
        expect(isAllowed, topic).toBe(mayReceive(plain(list), isOpen, topic, qos, filter));
        isEveryOneAllowed &&= isAllowed;
      }
      if (isFree(bound, filter, qos)) expect(isEveryOneAllowed).toBe(true);
    }),
    { numRuns: 3_000 },
  );
});
