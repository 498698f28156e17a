import { expect, test } from "vitest";
import { type AuthorizerAnswer, checkAnswer } from "../answer/check-answer.ts";
import { functionArn, LOCAL_PLACE } from "../policy/arn.ts";
import type { AuthDecision, BoundPolicy } from "../policy/policy.ts";
import type { PolicyAction } from "../policy/statement.ts";
import { type AuthorizerEvent, authorizerEvent } from "../request/authorizer-event.ts";
import { authorizer, type AuthResult, principalOf } from "./authorizer.ts";

const context = { invokedFunctionArn: functionArn(LOCAL_PLACE, "chat") };
const eventOf = (username = "", clientId = "client_1"): AuthorizerEvent =>
  authorizerEvent({ connectionId: "1", clientId, username, password: Buffer.from("täken") });

async function answerTo(
  result: AuthResult | null | undefined | false,
  event: AuthorizerEvent = eventOf(),
): Promise<AuthorizerAnswer> {
  return authorizer(() => Promise.resolve(result))(event, context);
}

async function policyOf(result: AuthResult, event?: AuthorizerEvent): Promise<BoundPolicy> {
  const checked = checkAnswer(await answerTo(result, event));
  if (checked.kind !== "accepted") throw new Error(JSON.stringify(checked));
  return checked.answer.policy.bind({ clientId: "client_1", sourceIp: "", isSecure: true, connectAttributes: [] }, LOCAL_PLACE);
}

const decide = (policy: BoundPolicy, action: PolicyAction, name: string): AuthDecision => policy.decide(action, name).decision;

test("the token is the password as text", async () => {
  let seen: string | undefined;
  await authorizer((token) => {
    seen = token;
    return Promise.resolve(undefined);
  })(eventOf(), context);
  expect(seen).toBe("täken");
});

test.each([[undefined], [null], [false as const], [{}], [{ publish: [], subscribe: [] }]])("%j refuses", async (result) => {
  expect(checkAnswer(await answerTo(result))).toEqual({ kind: "refused" });
});

test("what is thrown refuses", async () => {
  await expect(authorizer(() => Promise.reject(new Error("expired")))(eventOf(), context)).rejects.toThrow("expired");
});

test("a client connects by its own Client Identifier, or by those that are named", async () => {
  const own = await policyOf({ publish: ["a"] });
  expect(decide(own, "iot:Connect", "client_1")).toBe("ALLOWED");
  expect(decide(own, "iot:Connect", "client_2")).toBe("IMPLICIT_DENY");
  const stars = await policyOf({ publish: ["a"] }, eventOf("", "*"));
  expect(decide(stars, "iot:Connect", "client_2")).toBe("IMPLICIT_DENY");
  expect(decide(stars, "iot:Connect", "*")).toBe("ALLOWED");
  const named = await policyOf({ publish: ["a"], clientId: ["u7-*", "u7"] });
  expect(decide(named, "iot:Connect", "u7-phone")).toBe("ALLOWED");
  expect(decide(named, "iot:Connect", "client_1")).toBe("IMPLICIT_DENY");
});

test("MQTT's topic filters mean what they mean there", async () => {
  const policy = await policyOf({ subscribe: ["chat/#", "dev/+/state", "old/*"], publish: ["chat/#", "dev/+/state"] });
  const subscribed = ["chat/#", "chat/a/b", "chat", "chat/+/x", "dev/+/state", "old/x"].map((name) =>
    decide(policy, "iot:Subscribe", name),
  );
  expect(subscribed).toEqual(Array.from({ length: 6 }, () => "ALLOWED"));
  expect(["dev/a/b/state", "dev/#", "#", "chats"].map((name) => decide(policy, "iot:Subscribe", name))).not.toContain("ALLOWED");
  expect(["chat", "chat/a/b", "dev/a/state", "old/x"].map((name) => decide(policy, "iot:Receive", name))).not.toContain(
    "IMPLICIT_DENY",
  );
  expect(decide(policy, "iot:Publish", "chat/a")).toBe("ALLOWED");
  expect(decide(policy, "iot:Publish", "dev/a/state")).toBe("IMPLICIT_DENY");
});

test("retained messages are a right of their own", async () => {
  const policy = await policyOf({ publish: ["a"], retain: ["b/*"] });
  expect(decide(policy, "iot:Publish", "b/x")).toBe("ALLOWED");
  expect(decide(policy, "iot:RetainPublish", "b/x")).toBe("ALLOWED");
  expect(decide(policy, "iot:RetainPublish", "a")).toBe("IMPLICIT_DENY");
});

test("a hundred topics are spread over documents that AWS takes", async () => {
  const subscribe = Array.from({ length: 80 }, (_, i) => `app/production/rooms/${i}`);
  const answer = await answerTo({ subscribe });
  expect(answer.policyDocuments.length).toBeGreaterThan(1);
  const policy = await policyOf({ subscribe });
  for (const topic of subscribe) {
    expect(decide(policy, "iot:Subscribe", topic)).toBe("ALLOWED");
    expect(decide(policy, "iot:Receive", topic)).toBe("ALLOWED");
  }
});

test("[E4 broker] principalId is always one that AWS takes, and the same again", () => {
  expect(principalOf("alice", "c")).toBe("alice");
  expect(principalOf("alice?x-amz-customauthorizer-name=a&SDK=x", "c")).toBe("alice");
  expect(principalOf("", "c1")).toBe("c1");
  for (const name of ["alice@x.org", "client_1-2", "ä", "a".repeat(129)]) {
    expect(principalOf(name, undefined)).toMatch(/^[0-9a-f]{64}$/);
    expect(principalOf(name, undefined)).toBe(principalOf(name, undefined));
  }
  expect(principalOf(undefined, undefined)).toMatch(/^[0-9a-f]{64}$/);
});

test("what the function says itself is kept", async () => {
  const documents = [{ Version: "2012-10-17", Statement: [{ Effect: "Deny", Action: "iot:*", Resource: "*" }] }];
  const answer = await answerTo({
    principalId: "u7",
    disconnectAfterInSeconds: 600,
    refreshAfterInSeconds: 500,
    policyDocuments: documents,
  });
  expect(answer).toMatchObject({ principalId: "u7", disconnectAfterInSeconds: 600, refreshAfterInSeconds: 500 });
  expect(answer.policyDocuments.at(-1)).toBe(documents[0]);
});
