import * as fc from "fast-check";
import { assert, expect, test } from "vitest";
import { SharedGroup } from "./shared-group.ts";

function groupOf(...names: string[]): SharedGroup<string, string> {
  const group = new SharedGroup<string, string>();
  for (const name of names) group.join(name, name);
  return group;
}

const anyone = (): boolean => true;

test("[MQTT-4.8.2-4] picks one member for each message, in turn", () => {
  const group = groupOf("a", "b", "c");
  expect(Array.from({ length: 6 }, () => group.pick(anyone))).toEqual(["a", "b", "c", "a", "b", "c"]);
});

test("passes over members that are not available", () => {
  const group = groupOf("a", "b", "c");
  expect(Array.from({ length: 4 }, () => group.pick((name) => name !== "b"))).toEqual(["a", "c", "a", "c"]);
  expect(group.pick(() => false)).toBeUndefined();
});

test("an empty group picks nobody and says so", () => {
  const group = groupOf("a");
  expect(group.isEmpty).toBe(false);
  expect(group.leave("a")).toBe(true);
  expect(group.leave("a")).toBe(false);
  expect(group.isEmpty).toBe(true);
  expect(group.pick(anyone)).toBeUndefined();
});

test("a subscriber that subscribes again replaces its member and keeps its turn", () => {
  const group = groupOf("a", "b");
  group.pick(anyone);
  group.join("a", "A");
  expect(group.size).toBe(2);
  expect(group.get("a")).toBe("A");
  expect([group.pick(anyone), group.pick(anyone)]).toEqual(["b", "A"]);
});

// Whoever is in the group for a whole round is picked exactly once in it, whoever else joins or leaves in between.
test("nobody loses or doubles a turn when others come and go", () => {
  const step = fc.oneof(
    fc.constant({ kind: "pick" as const, who: 0 }),
    fc.record({ kind: fc.constantFrom("join" as const, "leave" as const), who: fc.nat(5) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
      const group = new SharedGroup<number, number>();
      const present = new Set<number>();
      let waiting = new Set<number>();
      for (const { kind, who } of steps) {
        if (kind === "join") {
          if (!present.has(who)) waiting.add(who);
          present.add(who);
          group.join(who, who);
        } else if (kind === "leave") {
          assert(group.leave(who) === present.delete(who));
          waiting.delete(who);
        } else {
          if (waiting.size === 0) waiting = new Set(present);
          const picked = group.pick(anyone);
          assert(picked === undefined ? present.size === 0 : waiting.delete(picked));
        }
        expect(group.size).toBe(present.size);
      }
    }),
  );
});
