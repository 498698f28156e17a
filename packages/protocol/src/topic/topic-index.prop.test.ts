// Both indexes of this folder agree with the naive matcher on any filters and topics, whatever is added and removed in whatever
// order, and hold nothing at all once everything was removed.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { matches } from "./match.ts";
import { RetainedIndex } from "./retained-index.ts";
import { SubscriptionTrie } from "./subscription-trie.ts";
import { validateTopicFilter } from "./topic-filter.ts";
import { validateTopicName } from "./topic-name.ts";

// Few different levels, so that filters and topics meet often, and now and then any well-formed text.
const plainLevel = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom("", "a", "b", "$", "$s", "aa", "é", "😀") },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme", maxLength: 3 }) },
);
const topicName = fc
  .array(plainLevel, { minLength: 1, maxLength: 6 })
  .map((levels) => levels.join("/"))
  .filter((text) => validateTopicName(text) === undefined);
const topicFilter = fc
  .tuple(fc.array(fc.oneof(plainLevel, fc.constant("+")), { maxLength: 5 }), fc.boolean())
  .map(([levels, isMulti]) => (isMulti ? [...levels, "#"] : levels).join("/"))
  .filter((text) => validateTopicFilter(text) === undefined);

// covers: [MQTT-3.3.2-3] [v3 MQTT-3.3.2-3], since the Server sends to whom the trie finds
test("the trie finds what the naive matcher finds, and removal in any order leaves nothing", () => {
  const operation = fc.record({ filter: topicFilter, removesFirst: fc.nat(3), order: fc.nat() });
  fc.assert(
    fc.property(
      fc.array(operation, { maxLength: 25, size: "max" }),
      fc.array(topicName, { maxLength: 12 }),
      (operations, topics) => {
        const empty = new SubscriptionTrie<{ filter: string }>();
        const trie = new SubscriptionTrie<{ filter: string }>();
        const present: { filter: string }[] = [];
        const removeOne = (order: number): void => {
          const [value] = present.splice(order % present.length, 1);
          expect(trie.remove(value!.filter, value!)).toBe(true);
        };
        for (const { filter, removesFirst, order } of operations) {
          if (removesFirst === 0 && present.length > 0) removeOne(order);
          const value = { filter };
          present.push(value);
          trie.add(filter, value);
          expect(trie.size).toBe(present.length);
        }
        for (const topic of topics) {
          const found: { filter: string }[] = [];
          trie.matchInto(topic, found);
          expect(new Set(found).size).toBe(found.length);
          expect(found.map((value) => value.filter).sort()).toEqual(filtersMatching(present, topic));
        }
        for (const { order } of operations) if (present.length > 0) removeOne(order);
        expect(trie).toEqual(withScratchOf(trie, empty));
      },
    ),
    { numRuns: 500 },
  );
});

test("the retained index finds what the naive matcher finds, and deletion in any order leaves nothing", () => {
  const topicSet = fc.array(topicName, { maxLength: 25, size: "max" });
  fc.assert(
    fc.property(topicSet, topicSet, fc.array(topicFilter, { maxLength: 12 }), (topics, deleted, filters) => {
      const index = new RetainedIndex<number>();
      const naive = new Map<string, number>();
      for (const [value, topic] of topics.entries()) {
        index.set(topic, value);
        naive.set(topic, value);
      }
      for (const topic of deleted) expect(index.delete(topic)).toBe(naive.delete(topic));
      expect(index.size).toBe(naive.size);
      for (const filter of filters) {
        const found: [string, number][] = [];
        index.match(filter, (value, topic) => found.push([topic, value]));
        expect(found.sort(byTopic)).toEqual([...naive].filter(([topic]) => matches(filter, topic)).sort(byTopic));
      }
      for (const [topic, value] of naive) {
        expect(index.get(topic)).toBe(value);
        index.delete(topic);
      }
      expect(index).toEqual(new RetainedIndex<number>());
    }),
    { numRuns: 500 },
  );
});

function filtersMatching(values: { filter: string }[], topic: string): string[] {
  return values
    .map((value) => value.filter)
    .filter((filter) => matches(filter, topic))
    .sort();
}

/** Nodes that a match walked over may stay in its scratch arrays until the next removal; everything else must be as new. */
function withScratchOf<T extends object>(walked: SubscriptionTrie<T>, fresh: SubscriptionTrie<T>): SubscriptionTrie<T> {
  const { current, next } = walked as unknown as { current: unknown[]; next: unknown[] };
  return Object.assign(fresh, { current, next });
}

function byTopic(a: [string, number], b: [string, number]): number {
  return a[0] < b[0] ? -1 : 1;
}
