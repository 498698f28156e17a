import { expect, test } from "vitest";
import { conditionsOf, listOf, whoOf } from "./rule-words.ts";

test("a rule in words", () => {
  expect(whoOf({})).toBe("everybody");
  expect(whoOf({ user: "" })).toBe("anonymous clients");
  expect(whoOf({ user: "ann", client: "c", addresses: ["10.0.0.0/8", "::1"] })).toBe("user ann, client c, from 10.0.0.0/8, ::1");
  expect(conditionsOf({})).toBe("");
  expect(conditionsOf({ qos: [0, 1], retain: false })).toBe("QoS 0 or 1, not retained");
});

test("what is typed for several", () => {
  expect(listOf(" a/# \n\r\n b ", /\n/)).toEqual(["a/#", "b"]);
  expect(listOf("10.0.0.0/8, ::1,", /[,\s]/)).toEqual(["10.0.0.0/8", "::1"]);
});
