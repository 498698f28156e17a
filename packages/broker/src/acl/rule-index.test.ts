import { expect, test } from "vitest";
import { BoundRules } from "./bound-rules.ts";
import { CompiledRule } from "./compiled-rule.ts";
import { receiving } from "./decide.ts";

const WHO = { tenant: "t", owner: "o", clientIdentifier: "c" };

function bind(topics: readonly string[]): BoundRules {
  const rules = topics.map((topic, i) => new CompiledRule({ permission: "deny", action: "both", topics: [topic] }, String(i)));
  return new BoundRules(
    rules.flatMap((rule) => rule.bind(WHO, undefined)),
    true,
  );
}

function about(bound: BoundRules, topicName: string, topicFilter?: string): string[] {
  return bound.about(topicName, topicName.split("/"), topicFilter).map((rule) => rule.topicFilter);
}

test("of thousands of rules those that match a topic are looked at, whichever of their levels tells them apart", () => {
  const topics = Array.from({ length: 4_000 }, (_, i) => [`x${i}/#`, `+/y${i}`, `+/+/z${i}`, `eq +/+/z${i}`]).flat();
  const bound = bind([...topics, "#", "x1/+/z2"]);
  expect(about(bound, "x7/y9")).toEqual(["x7/#", "+/y9", "#"]);
  expect(about(bound, "x7")).toEqual(["x7/#", "#"]);
  expect(about(bound, "x1/a/z2")).toEqual(["x1/#", "+/+/z2", "#", "x1/+/z2"]);
  expect(about(bound, "x1/a/z2", "+/+/z2")).toEqual(["x1/#", "+/+/z2", "+/+/z2", "#", "x1/+/z2"]);
  expect(about(bound, "$x/y9")).toEqual([]);
});

test("a topic of 30,000 levels, and 200,000 rules for one topic, are no more than long lists", () => {
  const deep = "/".repeat(30_000);
  expect(about(bind([`${deep}#`, ...Array.from({ length: 300 }, (_, i) => `+${"/+".repeat(i)}`)]), `${deep}x`)).toHaveLength(1);
  const [rule] = bind(["a"]).rules;
  const many = new BoundRules(
    Array.from({ length: 200_000 }, () => rule!),
    true,
  );
  expect(receiving(many, "a", 0).isAllowed).toBe(false);
});
