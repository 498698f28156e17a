import { expect, test } from "vitest";
import { AddressRanges } from "./address-ranges.ts";
import { parseRule, type RuleInput, ruleInWords } from "./rule.ts";

const RULE: RuleInput = { permission: "allow", action: "both", topics: ["a/#"] };

test.each([
  [{ ...RULE, permission: "maybe" }, "permission"],
  [{ ...RULE, action: "read" }, "action"],
  [{ ...RULE, topics: [] }, "topics"],
  [{ ...RULE, topics: ["a", "b/#/c"] }, '"b/#/c"'],
  [{ ...RULE, topic: "a" }, "topic"],
  [{ ...RULE, addresses: ["10.0.0.0/33"] }, "addresses.0"],
  [{ ...RULE, addresses: ["host"] }, "addresses.0"],
  [{ ...RULE, qos: [3] }, "qos"],
  [{ ...RULE, action: "subscribe", retain: true }, "retain"],
  [{ ...RULE, id: "$settings" }, "id"],
  [{ ...RULE, client: "" }, "client"],
  ["a", "rule"],
] as const)("%j is no rule", (value, words) => {
  expect(() => parseRule(value)).toThrow(
    expect.objectContaining({ code: "OPTION_INVALID", message: expect.stringContaining(words) }),
  );
});

test.each([
  [RULE, "allow everybody publish and subscribe a/#"],
  [
    { ...RULE, permission: "deny", action: "publish", user: "", topics: ["a", "b"], retain: true },
    "deny anonymous clients publish a, b (retained only)",
  ],
  [
    { ...RULE, action: "subscribe", client: "c 1", user: "ann", addresses: ["::1", "10.0.0.0/8"], qos: [0, 1] },
    'allow client "c 1" user ann from ::1, 10.0.0.0/8 subscribe a/# (QoS 0, 1)',
  ],
] as const)("%j reads", (rule, words) => {
  expect(ruleInWords(parseRule(rule))).toBe(words);
});

test.each([
  ["10.1.2.3", true],
  ["::ffff:10.1.2.3", true],
  ["11.1.2.3", false],
  ["2001:db8::7", true],
  ["2001:db9::7", false],
  ["192.168.0.1", true],
  ["192.168.0.2", false],
  ["", false],
  ["nonsense", false],
])("%j is in the ranges: %s", (address, isIn) => {
  expect(new AddressRanges(["10.0.0.0/8", "2001:db8::/32", "192.168.0.1"]).has(address)).toBe(isIn);
});
