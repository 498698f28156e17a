import { expect, test } from "vitest";
import { faultText } from "../policy/policy-fault.ts";
import { type AuthorizerAnswer, checkAnswer } from "./check-answer.ts";

const good: AuthorizerAnswer = {
  isAuthenticated: true,
  principalId: "alice1",
  policyDocuments: [{ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "iot:Connect", Resource: "*" }] }],
  disconnectAfterInSeconds: 86_400,
  refreshAfterInSeconds: 300,
};

test("a right answer is taken, with its times", () => {
  const checked = checkAnswer(good);
  expect(checked).toMatchObject({
    kind: "accepted",
    answer: { principalId: "alice1", disconnectAfterInSeconds: 86_400, refreshAfterInSeconds: 300 },
    warnings: [],
  });
});

test("an answer that refuses needs nothing else", () => {
  expect(checkAnswer({ isAuthenticated: false })).toEqual({ kind: "refused" });
});

test.each<[what: string, answer: unknown, code: string, words: string]>([
  ["nothing", undefined, "AWS_AUTHORIZER_LAMBDA", "the answer is no object but undefined"],
  ["null", null, "AWS_AUTHORIZER_LAMBDA", "the answer is no object but null"],
  ["a list", [], "AWS_AUTHORIZER_LAMBDA", "the answer is no object but []"],
  [
    "a text for true",
    { ...good, isAuthenticated: "true" },
    "AWS_AUTHORIZER_LAMBDA",
    'isAuthenticated must be true or false, not "true"',
  ],
  ["an empty principalId", { ...good, principalId: "" }, "AWS_PRINCIPAL_ID", 'principalId does not match [a-zA-Z0-9]{1,128}: ""'],
  ["an address", { ...good, principalId: "alice@x.org" }, "AWS_PRINCIPAL_ID", '"alice@x.org"'],
  ["129 characters", { ...good, principalId: "a".repeat(129) }, "AWS_PRINCIPAL_ID", "principalId does not match"],
  ["no principalId", { ...good, principalId: undefined }, "AWS_PRINCIPAL_ID", "principalId does not match"],
  ["no documents", { ...good, policyDocuments: undefined }, "AWS_POLICY_DOC", "policyDocuments must be a list, not undefined"],
  [
    "a short refresh",
    { ...good, refreshAfterInSeconds: 299 },
    "AWS_AUTHORIZER_LAMBDA",
    "must be a whole number from 300 to 86400, not 299",
  ],
  ["a long connection", { ...good, disconnectAfterInSeconds: 86_401 }, "AWS_AUTHORIZER_LAMBDA", "disconnectAfterInSeconds must be"],
  ["a fraction", { ...good, refreshAfterInSeconds: 300.5 }, "AWS_AUTHORIZER_LAMBDA", "not 300.5"],
])("[E3 broker] %s is a fault by name", (_, answer, code, words) => {
  const checked = checkAnswer(answer);
  if (checked.kind !== "invalid") throw new Error(checked.kind);
  expect(checked.faults).toHaveLength(1);
  expect(checked.faults[0].code).toBe(code);
  expect(faultText(checked.faults[0])).toContain(words);
});

test("every fault is told, and the wrong name of a field", () => {
  const { refreshAfterInSeconds, ...rest } = good;
  const checked = checkAnswer({ ...rest, principalId: "?", refreshAfterInSecs: refreshAfterInSeconds });
  if (checked.kind !== "invalid") throw new Error(checked.kind);
  expect(checked.faults.map(faultText)).toEqual([
    'principalId does not match [a-zA-Z0-9]{1,128}: "?"',
    "refreshAfterInSeconds must be a whole number from 300 to 86400, not undefined; refreshAfterInSecs is no field",
  ]);
});

test("[E3 broker] the wrong value is told without a token in it", () => {
  const checked = checkAnswer({ ...good, principalId: "?x-amz-customauthorizer-name=chat&token=s3cret" });
  if (checked.kind !== "invalid") throw new Error(checked.kind);
  expect(checked.faults[0].message).toContain("x-amz-customauthorizer-name=chat");
  expect(checked.faults[0].message).not.toContain("s3cret");
});

test("the least times may be lowered", () => {
  expect(checkAnswer({ ...good, refreshAfterInSeconds: 2 }, { minimumSeconds: 1 }).kind).toBe("accepted");
});

test("a field that nobody reads is warned of", () => {
  expect(checkAnswer({ ...good, context: {} })).toMatchObject({
    warnings: ["context is no field of an answer, and nothing reads it"],
  });
});
