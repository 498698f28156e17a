import { expect, test } from "vitest";
import { LOCAL_PLACE } from "./arn.ts";
import type { PolicyContext } from "./condition.ts";
import { type AuthDecision, type BoundPolicy, Policy } from "./policy.ts";
import { faultText } from "./policy-fault.ts";
import type { PolicyAction } from "./statement.ts";

const ARN = "arn:aws:iot:us-east-1:000000000000:";
const client: PolicyContext = { clientId: "c1", sourceIp: "10.0.0.7", serverName: "a.test", isSecure: true, connectAttributes: [] };

function document(...statements: object[]): object {
  return { Version: "2012-10-17", Statement: statements };
}

const statement = (effect: string, action: string | string[], resource: string | string[], more: object = {}): object => ({
  Effect: effect,
  Action: action,
  Resource: resource,
  ...more,
});
const allow = (action: string | string[], resource: string | string[], more?: object): object =>
  statement("Allow", action, resource, more);
const deny = (action: string | string[], resource: string | string[], more?: object): object =>
  statement("Deny", action, resource, more);

function bound(statements: object[], context: Partial<PolicyContext> = {}): BoundPolicy {
  const { policy, faults } = Policy.parse([document(...statements)]);
  expect(faults.map(faultText)).toEqual([]);
  return policy.bind({ ...client, ...context }, LOCAL_PLACE);
}

const decide = (policy: BoundPolicy, action: PolicyAction, name: string): AuthDecision => policy.decide(action, name).decision;

test("nothing is allowed without a statement; a Deny wins over every Allow, wherever it stands", () => {
  expect(decide(bound([allow("iot:Connect", "*")]), "iot:Publish", "a")).toBe("IMPLICIT_DENY");
  for (const order of [0, 1]) {
    const both = [allow("iot:*", "*"), deny("iot:Publish", `${ARN}topic/secret/*`)];
    const policy = bound(order === 0 ? both : both.toReversed());
    expect(decide(policy, "iot:Publish", "secret/x")).toBe("EXPLICIT_DENY");
    expect(decide(policy, "iot:Publish", "open")).toBe("ALLOWED");
  }
});

test("a verdict names the statement that decided, and what was asked", () => {
  const policy = bound([allow("iot:Publish", `${ARN}topic/a`), deny("iot:Publish", `${ARN}topic/b`, { Sid: "NoB" })]);
  expect(policy.decide("iot:Publish", "a")).toEqual({
    decision: "ALLOWED",
    statement: "policyDocuments[0].Statement[0]",
    arn: `${ARN}topic/a`,
  });
  expect(policy.decide("iot:Publish", "b").statement).toBe("policyDocuments[0].Statement[1] (NoB)");
  expect(policy.decide("iot:Publish", "c").statement).toBeUndefined();
});

test.each<[pattern: string, name: string, isAllowed: boolean]>([
  ["topicfilter/a/*", "a/#", true],
  ["topicfilter/a/*", "a/b/c", true],
  ["topicfilter/a/*", "a", false],
  ["topicfilter/some/+/topic", "some/+/topic", true],
  ["topicfilter/some/+/topic", "some/x/topic", false],
  ["topicfilter/a/#", "a/#", true],
  ["topicfilter/a/#", "a/b", false],
  ["topicfilter/a?c", "abc", true],
  ["topicfilter/a?c", "ac", false],
  ["topicfilter/*/c", "a/b/c", true],
  ["topicfilter/a*b*c", "aXbYbZc", true],
  ["topicfilter/a*b*c", "aXbYbZ", false],
  ["topicfilter/${*}${?}${$}", "*?$", true],
  ["topicfilter/${*}", "x", false],
  ["topicfilter/${iot:ClientId}/in", "c1/in", true],
  ["topicfilter/${iot:ClientId}/in", "c2/in", false],
  ["topicfilter/${aws:SourceIp}", "10.0.0.7", true],
  ["topicfilter/${iot:Connection.Thing.ThingName}", "x", false],
])("%s and %s: %s", (pattern, name, isAllowed) => {
  const policy = bound([allow("iot:Subscribe", ARN + pattern)]);
  expect(decide(policy, "iot:Subscribe", name)).toBe(isAllowed ? "ALLOWED" : "IMPLICIT_DENY");
});

test("the kind of resource, the account and the region are part of what matches", () => {
  expect(decide(bound([allow("iot:Publish", `${ARN}topicfilter/a`)]), "iot:Publish", "a")).toBe("IMPLICIT_DENY");
  expect(decide(bound([allow("iot:Publish", "arn:aws:iot:us-east-1:111111111111:topic/a")]), "iot:Publish", "a")).toBe(
    "IMPLICIT_DENY",
  );
  expect(decide(bound([allow("iot:Publish", "arn:aws:iot:*:*:topic/a")]), "iot:Publish", "a")).toBe("ALLOWED");
});

test("a pattern with many stars takes no time that grows with their number", () => {
  const policy = bound([allow("iot:Publish", `${ARN}topic/${"*a".repeat(400)}b`)]);
  const before = performance.now();
  expect(decide(policy, "iot:Publish", "a".repeat(60_000))).toBe("IMPLICIT_DENY");
  expect(performance.now() - before).toBeLessThan(2_000);
});

test.each(["+", "#", "a/b"])("a Client Identifier %s in a variable allows nothing and escapes no Deny", (clientId) => {
  const mine = `${ARN}topicfilter/my/\${iot:ClientId}/x`;
  expect(decide(bound([allow("iot:Subscribe", mine)], { clientId }), "iot:Subscribe", `my/${clientId}/x`)).toBe("IMPLICIT_DENY");
  expect(decide(bound([allow("iot:Subscribe", "*"), deny("iot:Subscribe", mine)], { clientId }), "iot:Subscribe", "my/any/x")).toBe(
    "EXPLICIT_DENY",
  );
});

test("NotAction and NotResource are everything else", () => {
  const policy = bound([{ Effect: "Allow", NotAction: "iot:Publish", NotResource: `${ARN}topicfilter/secret/*` }]);
  expect(decide(policy, "iot:Publish", "a")).toBe("IMPLICIT_DENY");
  expect(decide(policy, "iot:Subscribe", "a")).toBe("ALLOWED");
  expect(decide(policy, "iot:Subscribe", "secret/a")).toBe("IMPLICIT_DENY");
});

test("actions are compared without regard to case", () => {
  expect(decide(bound([allow("iot:publish", "*")]), "iot:Publish", "a")).toBe("ALLOWED");
});

test("conditions on what CONNECT asks for", () => {
  const noWill = {
    Condition: { "ForAllValues:StringNotEquals": { "iot:ConnectAttributes": ["LastWill"] } },
  };
  const statements = [allow("iot:Connect", "*", noWill)];
  expect(decide(bound(statements), "iot:Connect", "c1")).toBe("ALLOWED");
  expect(decide(bound(statements, { connectAttributes: ["PersistentConnect"] }), "iot:Connect", "c1")).toBe("ALLOWED");
  expect(decide(bound(statements, { connectAttributes: ["PersistentConnect", "LastWill"] }), "iot:Connect", "c1")).toBe(
    "IMPLICIT_DENY",
  );
  const withWill = { Condition: { "ForAnyValue:StringEquals": { "iot:ConnectAttributes": ["LastWill"] } } };
  expect(decide(bound([allow("iot:Connect", "*", withWill)]), "iot:Connect", "c1")).toBe("IMPLICIT_DENY");
  expect(decide(bound([allow("iot:Connect", "*", withWill)], { connectAttributes: ["LastWill"] }), "iot:Connect", "c1")).toBe(
    "ALLOWED",
  );
});

test.each<[operator: string, key: string, wanted: string | string[], holds: boolean]>([
  ["IpAddress", "aws:SourceIp", "10.0.0.0/8", true],
  ["IpAddress", "aws:SourceIp", ["192.168.0.0/16", "10.0.0.7"], true],
  ["NotIpAddress", "aws:SourceIp", "10.0.0.0/8", false],
  ["StringLike", "iot:ClientId", "c*", true],
  ["StringNotLike", "iot:ClientId", "c*", false],
  ["StringEqualsIgnoreCase", "iot:DomainName", "A.TEST", true],
  ["StringNotEquals", "iot:DomainName", "b.test", true],
  ["Bool", "aws:SecureTransport", "false", false],
  ["StringEquals", "iot:ClientId", "${iot:ClientId}", true],
])("the condition %s %s %s: %s", (operator, key, wanted, holds) => {
  const policy = bound([allow("iot:Connect", "*", { Condition: { [operator]: { [key]: wanted } } })]);
  expect(decide(policy, "iot:Connect", "c1")).toBe(holds ? "ALLOWED" : "IMPLICIT_DENY");
});

test.each<[what: string, documents: unknown[], fault: string]>([
  ["no object", [7], "policyDocuments[0] is neither an object nor the text of one in JSON"],
  ["no JSON", ["{"], "policyDocuments[0] is neither an object nor the text of one in JSON"],
  ["no statement", [{ Version: "2012-10-17" }], "policyDocuments[0].Statement is missing"],
  [
    "another version",
    [{ Version: "2026-01-01", Statement: [allow("iot:Connect", "*")] }],
    'policyDocuments[0].Version must be "2012-10-17"',
  ],
  [
    "another effect",
    [document(statement("Permit", "iot:Connect", "*"))],
    "policyDocuments[0].Statement[0].Effect must be Allow or Deny",
  ],
  ["another service's action", [document(allow("s3:GetObject", "*"))], 'has "s3:GetObject", which is no action of AWS IoT'],
  ["a topic in place of an ARN", [document(allow("iot:Publish", "chat/room"))], 'has "chat/room", which is neither * nor an ARN'],
  ["no resource", [document({ Effect: "Allow", Action: "iot:Publish" })], "Resource must be a text or a list of texts"],
  [
    "both",
    [document({ Effect: "Allow", Action: "iot:Publish", NotAction: "iot:Publish", Resource: "*" })],
    "has both Action and NotAction",
  ],
  [
    "an unknown field",
    [document(allow("iot:Publish", "*", { Principal: "*" }))],
    "policyDocuments[0].Statement[0].Principal is not known",
  ],
  [
    "an unknown variable",
    [document(allow("iot:Publish", `${ARN}topic/\${iot:Nobody}`))],
    "has ${iot:Nobody}, which is no policy variable",
  ],
  [
    "an unknown operator",
    [document(deny("iot:*", "*", { Condition: { NumericEquals: { "iot:ClientId": "1" } } }))],
    "NumericEquals, which is not known",
  ],
  [
    "an operator that every object has",
    [document(deny("iot:*", "*", { Condition: { constructor: { "iot:ClientId": "1" } } }))],
    "constructor, which is not known",
  ],
  [
    "an unknown key",
    [document(deny("iot:*", "*", { Condition: { StringEquals: { "aws:Nobody": "1" } } }))],
    "aws:Nobody, which is not known",
  ],
  [
    "a bad range",
    [document(deny("iot:*", "*", { Condition: { IpAddress: { "aws:SourceIp": "10/8" } } }))],
    "10/8, which is no range",
  ],
  [
    "11 documents",
    Array.from({ length: 11 }, () => document(allow("iot:Connect", "*"))),
    "policyDocuments has 11 documents, more than 10",
  ],
  [
    "a document of 30,000 lists in each other",
    [{ ...document(allow("iot:Connect", "*")), Id: JSON.parse("[".repeat(30_000) + "]".repeat(30_000)) as unknown }],
    "policyDocuments[0] is nested too deeply",
  ],
  ["a document of 2,049 characters", [longDocument(2_049)], "policyDocuments[0] has 2049 characters, more than 2048"],
])("%s is a fault by name", (_, documents, fault) => {
  const { faults } = Policy.parse(documents);
  expect(faults.map(faultText).join("\n")).toContain(fault);
  expect(faults.every(({ code }) => code === "AWS_POLICY_DOC")).toBe(true);
});

test("a variable with a name that every object has has no value", () => {
  for (const operator of ["StringEquals", "StringLike"]) {
    const condition = { Condition: { [operator]: { "iot:ClientId": "${constructor}" } } };
    expect(decide(bound([allow("iot:Connect", "*", condition)]), "iot:Connect", "c1")).toBe("IMPLICIT_DENY");
  }
});

test("white space does not count, and a document may be a text", () => {
  const text = JSON.stringify(JSON.parse(longDocument(2_048)), undefined, 20);
  expect(text.length).toBeGreaterThan(2_048);
  expect(Policy.parse([text]).faults).toEqual([]);
});

test("everything is allowed only where no name could be refused", () => {
  expect(bound([allow("iot:Receive", `${ARN}topic/*`)]).allowsEverything("iot:Receive")).toBe(true);
  expect(bound([allow("iot:*", "*")]).allowsEverything("iot:Receive")).toBe(true);
  expect(bound([allow("iot:Receive", "arn:aws:iot:*")]).allowsEverything("iot:Receive")).toBe(true);
  expect(bound([allow("iot:Receive", `${ARN}topic/a*`)]).allowsEverything("iot:Receive")).toBe(false);
  expect(bound([allow("iot:Receive", `${ARN}topic/*/b`)]).allowsEverything("iot:Receive")).toBe(false);
  expect(bound([allow("iot:*", "*"), deny("iot:Receive", `${ARN}topic/a`)]).allowsEverything("iot:Receive")).toBe(false);
});

function longDocument(length: number): string {
  const text = JSON.stringify(document(allow("iot:Publish", `${ARN}topic/`)));
  return text.replace("topic/", `topic/${"x".repeat(length - text.length)}`);
}
