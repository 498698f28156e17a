import { describe, expect, test } from "vitest";
import { claimedRules } from "./claims.ts";

const who = { tenant: "default", owner: "ann", clientIdentifier: "c1" };
const claim = { permission: "allow", action: "all", topic: "t" } as const;

test("an object of lists is closed", () => {
  expect(claimedRules({ pub: ["a"], all: ["b", "c/${clientid}"] }, who, "")).toEqual({
    name: "claim",
    isClosed: true,
    rules: [
      { permission: "allow", action: "publish", topics: ["a"] },
      { permission: "allow", action: "both", topics: ["b", "c/${clientid}"] },
    ],
  });
});

test("a list of rules is open, and keeps those that concern the client", () => {
  const acl = [
    { ...claim, clientid_re: "^c\\d$", qos: "0,1" },
    { ...claim, username_re: "^bob$" },
    { ...claim, permission: "deny", action: "pub", topics: ["a", "b"], topic: undefined, ipaddr: "10.0.0.0/8", retain: 1 },
    { ...claim, ipaddr: "11.0.0.1" },
    { ...claim, action: "sub", qos: [2], retain: "all" },
  ];
  const { rules, isClosed } = claimedRules(JSON.parse(JSON.stringify(acl)), who, "10.1.1.1");
  expect(isClosed).toBe(false);
  expect(rules).toEqual([
    { id: "1", permission: "allow", action: "both", topics: ["t"], qos: [0, 1] },
    { id: "3", permission: "deny", action: "publish", topics: ["a", "b"], retain: true },
    { id: "5", permission: "allow", action: "subscribe", topics: ["t"], qos: [2] },
  ]);
});

describe("what cannot be understood refuses the login", () => {
  test.each([
    undefined,
    null,
    "all",
    { pub: "a" },
    { publish: ["a"] },
    { pub: ["a/#/b"] },
    [{ ...claim, permission: "ok" }],
    [{ ...claim, action: "read" }],
    [{ ...claim, topic: undefined }],
    [{ ...claim, topic: "a/#/b", clientid_re: "^nobody$" }],
    [{ ...claim, clientid_re: "(" }],
    [{ ...claim, ipaddr: "nowhere" }],
    [{ ...claim, qos: 3 }],
    [{ ...claim, zone: "default" }],
  ])("%j", (acl) => {
    expect(() => claimedRules(acl, who, "")).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }));
  });
});
