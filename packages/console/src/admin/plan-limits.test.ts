import { expect, test } from "vitest";
import type { Plan } from "./admin-api.ts";
import { limitOf, valuesOf, withLimit } from "./plan-limits.ts";

const plan: Plan = { name: "small", limits: { maximumSessions: 100, queueFull: "dropOldest" }, maximumUsers: 20 };

test("a limit that is set leaves the others as they are, whichever kind it is of", () => {
  expect(valuesOf(plan)).toEqual({ maximumUsers: 20, maximumSessions: 100, queueFull: "dropOldest" });
  expect(withLimit(plan, "publishesPerSecond", 5)).toEqual({
    limits: { maximumSessions: 100, queueFull: "dropOldest", publishesPerSecond: 5 },
    maximumUsers: 20,
  });
  expect(withLimit(plan, "maximumRules", 0)).toEqual({ limits: plan.limits, maximumUsers: 20, maximumRules: 0 });
});

test("a limit that is taken out is not there, and says nothing", () => {
  expect(withLimit(plan, "maximumUsers", undefined)).toEqual({ limits: plan.limits });
  expect(withLimit(plan, "queueFull", undefined)).toEqual({ limits: { maximumSessions: 100 }, maximumUsers: 20 });
});

test("what is typed is a number, but for a limit that is a choice", () => {
  expect([limitOf("maximumSessions", "12"), limitOf("queueFull", "reliable")]).toEqual([12, "reliable"]);
});
