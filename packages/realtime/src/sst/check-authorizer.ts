import { type AnswerRules, type AuthorizerAnswer, awsAnswerRules, checkAnswer } from "../answer/check-answer.ts";
import type { AuthorizerFunction } from "../handler/authorizer-function.ts";
import { faultText } from "../policy/policy-fault.ts";
import { type AuthorizerEvent, authorizerEvent } from "../request/authorizer-event.ts";
import { type Finding, lintAnswer } from "./lint-answer.ts";

/** How an authorizer is tried out. */
export interface CheckOptions {
  /** A token that it should take. Without one only its answer to a bad token is looked at. */
  readonly token?: string | undefined;
  readonly rules?: AnswerRules;
}

/** The User Name that AWS's SDK for JavaScript sends, which was a `principalId` once. */
const SDK_USER_NAME = "?x-amz-customauthorizer-name=authorizer&SDK=NodeJSv2&Version=1.21.8";
const BAD_TOKEN = "not-a-valid-token";
const CLIENT_IDS = ["check-1", "check-2"] as const;

/**
 * Calls an authorizer as three clients would (SST's documented one, AWS's SDK, one with a bad token), and says what its answers would
 * bring about.
 *
 * Rejects with MqttError AWS_AUTHORIZER_LAMBDA when it cannot be loaded or does not answer; what it throws for a bad token is right.
 */
export async function checkAuthorizer(
  authorizer: AuthorizerFunction,
  { token, rules = awsAnswerRules }: CheckOptions = {},
): Promise<Finding[]> {
  const bad = await authorizer.call(eventOf(BAD_TOKEN, "", CLIENT_IDS[0])).catch(() => ({ isAuthenticated: false }));
  if (token === undefined) return findingsOf(bad, rules);
  const plain = await authorizer.call(eventOf(token, "", CLIENT_IDS[0]));
  const other = await authorizer.call(eventOf(token, "", CLIENT_IDS[1]));
  const sdk = await authorizer.call(eventOf(token, SDK_USER_NAME, CLIENT_IDS[0]));
  const found = [...letsIn(bad, rules), ...findingsOf(plain, rules), ...changing(plain, other), ...ofSdk(sdk, rules)];
  return found.filter(({ rule }, i) => found.findIndex((one) => one.rule === rule) === i);
}

/** A bad token must be refused. */
function letsIn(value: unknown, rules: AnswerRules): Finding[] {
  return checkAnswer(value, rules).kind === "accepted"
    ? findingsOf(value, rules).filter(({ rule }) => rule === "connects-without-rights")
    : [];
}

function findingsOf(value: unknown, rules: AnswerRules): Finding[] {
  const checked = checkAnswer(value, rules);
  if (checked.kind === "refused") return [];
  if (checked.kind === "accepted") return lintAnswer(value as AuthorizerAnswer);
  return checked.faults.map((fault) => ({
    rule: "answer-invalid",
    message: `${faultText(fault)}: AWS ends the connection and says nothing`,
    remedy: "Mend the answer.",
  }));
}

function changing(one: unknown, other: unknown): Finding[] {
  const [a, b] = [one, other].map((answer) => (answer as Partial<AuthorizerAnswer> | null)?.principalId);
  if (a === b) return [];
  return [
    {
      rule: "principal-changes",
      message: "the same token gives another principalId at each call: nobody can tell from it who the client is",
      remedy: "Make principalId of the user's own id, in letters and digits.",
    },
  ];
}

function ofSdk(value: unknown, rules: AnswerRules): Finding[] {
  const checked = checkAnswer(value, rules);
  if (checked.kind !== "invalid" || checked.faults[0].code !== "AWS_PRINCIPAL_ID") return [];
  return [
    {
      rule: "principal-of-sdk-user-name",
      message: "principalId is made of the User Name, into which AWS's SDK puts a query: with that SDK nobody connects",
      remedy: "Return a principalId of your own, of letters and digits.",
    },
  ];
}

function eventOf(token: string, username: string, clientId: string): AuthorizerEvent {
  return authorizerEvent({
    connectionId: "00000000-0000-4000-8000-000000000000",
    serverName: "localhost",
    http: { headers: {}, queryString: "?x-amz-customauthorizer-name=authorizer" },
    clientId,
    username,
    password: Buffer.from(token),
  });
}
