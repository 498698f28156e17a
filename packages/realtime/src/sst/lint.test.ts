import { expect, test } from "vitest";
import type { AuthorizerFunction } from "../handler/authorizer-function.ts";
import { functionArn, LOCAL_PLACE } from "../policy/arn.ts";
import type { AuthorizerEvent } from "../request/authorizer-event.ts";
import { authorizer } from "./authorizer.ts";
import { checkAuthorizer } from "./check-authorizer.ts";
import type { LintRule } from "./lint-answer.ts";

const ARN = "arn:aws:iot:us-east-1:000000000000:";

/** The statements that SST's authorizer makes of two lists, with the principalId of its versions. */
function sstAnswer(subscribe: string[], publish: string[], principalId: string): object {
  const statement = (Action: string, kind: string, names: string[]): object => ({
    Effect: "Allow",
    Action,
    Resource: names.map((name) => ARN + kind + name),
  });
  return {
    isAuthenticated: true,
    principalId,
    disconnectAfterInSeconds: 86_400,
    refreshAfterInSeconds: 300,
    policyDocuments: [
      {
        Version: "2012-10-17",
        Statement: [
          { Effect: "Allow", Action: "iot:Connect", Resource: "*" },
          statement("iot:Receive", "topic/", subscribe),
          statement("iot:Subscribe", "topicfilter/", subscribe),
          statement("iot:Publish", "topic/", publish),
        ],
      },
    ],
  };
}

function functionOf(answer: (event: AuthorizerEvent, isGood: boolean) => unknown): AuthorizerFunction {
  return {
    call: (event) => {
      const password = Buffer.from(event.protocolData.mqtt?.password ?? "", "base64").toString();
      return Promise.resolve(answer(event, password === "good"));
    },
    close: () => Promise.resolve(),
  };
}

async function rulesFor(answer: (event: AuthorizerEvent, isGood: boolean) => unknown): Promise<LintRule[]> {
  return (await checkAuthorizer(functionOf(answer), { token: "good" })).map(({ rule }) => rule);
}

test("SST's documented authorizer: a bad token connects, any Client Identifier, no retained messages, a principal that is the time", async () => {
  let now = 1_795_000_000_000;
  const found = await rulesFor((_, isGood) =>
    isGood ? sstAnswer(["app/dev/*"], ["app/dev/*"], String(now++)) : sstAnswer([], [], "1"),
  );
  expect(found.toSorted()).toEqual([
    "connect-any-client-id",
    "connects-without-rights",
    "no-retained-messages",
    "principal-changes",
  ]);
});

test("a principalId of the User Name does not survive AWS's SDK", async () => {
  const found = await rulesFor((event, isGood) =>
    isGood ? sstAnswer(["a"], ["a"], event.protocolData.mqtt?.username || "x1") : { isAuthenticated: false },
  );
  expect(found).toContain("principal-of-sdk-user-name");
});

test("MQTT's wildcards in topics, and lists that nearly fill a document", async () => {
  const rooms = Array.from({ length: 10 }, (_, i) => `myapp/production/chat/room-${i}/#`);
  const found = await rulesFor((_, isGood) => (isGood ? sstAnswer(rooms, ["a"], "x1") : { isAuthenticated: false }));
  expect(found).toContain("mqtt-wildcard-in-topic");
  expect(found).toContain("document-nearly-full");
});

test("that nothing may be retained is a note, since it may be meant", async () => {
  const found = await checkAuthorizer(
    functionOf((_, isGood) => (isGood ? sstAnswer(["a"], ["a"], "x1") : { isAuthenticated: false })),
    { token: "good" },
  );
  expect(found.filter(({ isNote }) => isNote).map(({ rule }) => rule)).toEqual(["no-retained-messages"]);
});

test("an invalid answer is told before anything else", async () => {
  expect(
    await rulesFor((_, isGood) =>
      isGood ? { ...sstAnswer(["a"], [], "x1"), refreshAfterInSeconds: 1 } : { isAuthenticated: false },
    ),
  ).toContain("answer-invalid");
});

test.each<[LintRule, object[]]>([
  ["subscribe-without-receive", [{ Effect: "Allow", Action: "iot:Subscribe", Resource: `${ARN}topicfilter/a` }]],
  [
    "deny-subscribe-has-holes",
    [
      { Effect: "Allow", Action: ["iot:Subscribe", "iot:Receive"], Resource: `${ARN}topicfilter/a/*` },
      { Effect: "Deny", Action: "iot:Subscribe", Resource: `${ARN}topicfilter/a/restricted/*` },
    ],
  ],
  ["empty-resources", [{ Effect: "Allow", Action: "iot:Publish", Resource: [] }]],
])("%s", async (rule, Statement) => {
  const answer = { ...sstAnswer([], [], "x1"), policyDocuments: [{ Version: "2012-10-17", Statement }] };
  expect(await rulesFor((_, isGood) => (isGood ? answer : { isAuthenticated: false }))).toContain(rule);
});

test("our own authorizer has nothing against it", async () => {
  const ours = authorizer((token) =>
    Promise.resolve(token === "good" ? { subscribe: ["a/#"], publish: ["a/#"], retain: ["a/#"], principalId: "u7" } : null),
  );
  const context = { invokedFunctionArn: functionArn(LOCAL_PLACE, "chat") };
  expect(
    await checkAuthorizer({ call: (event) => ours(event, context), close: () => Promise.resolve() }, { token: "good" }),
  ).toEqual([]);
});
