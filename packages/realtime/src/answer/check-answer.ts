import { redactText } from "@bowline/protocol/internal";
import { Policy } from "../policy/policy.ts";
import type { Fault } from "../policy/policy-fault.ts";

/** What a custom authorizer answers, in AWS's form. */
export interface AuthorizerAnswer {
  isAuthenticated: boolean;
  /** 1 to 128 letters and digits. */
  principalId: string;
  /** At most 10 documents of at most 2,048 characters, white space not counted: objects, or texts of JSON. */
  policyDocuments: (object | string)[];
  /** When the connection ends, in s after CONNECT: 300 to 86,400. Fixed at CONNECT. */
  disconnectAfterInSeconds: number;
  /** When the authorizer is asked again, in s: 300 to 86,400. */
  refreshAfterInSeconds: number;
}

/** An answer that holds. */
export interface CheckedAnswer {
  readonly principalId: string;
  readonly policy: Policy;
  readonly disconnectAfterInSeconds: number;
  readonly refreshAfterInSeconds: number;
}

/** How an answer is checked. */
export interface AnswerRules {
  /** The least number of seconds for both times; AWS has 300. Fewer make sense in development alone. */
  readonly minimumSeconds: number;
}

const SECONDS_MIN = 300;
const SECONDS_MAX = 86_400;
const PRINCIPAL_ID = /^[a-zA-Z0-9]{1,128}$/;
/** What is told of a wrong value. */
const SHOWN_LENGTH = 160;

/** AWS's own. */
export const awsAnswerRules: AnswerRules = { minimumSeconds: SECONDS_MIN };

const FIELDS: ReadonlySet<string> = new Set([
  "isAuthenticated",
  "principalId",
  "policyDocuments",
  "disconnectAfterInSeconds",
  "refreshAfterInSeconds",
]);

/** What an answer came to: it holds, it refuses the client, or it is no answer, with everything that is wrong with it. */
export type Checked =
  | { readonly kind: "accepted"; readonly answer: CheckedAnswer; readonly warnings: readonly string[] }
  | { readonly kind: "refused" }
  | { readonly kind: "invalid"; readonly faults: readonly [Fault, ...Fault[]] };

/** @param value Whatever the function answered. */
export function checkAnswer(value: unknown, rules: AnswerRules = awsAnswerRules): Checked {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return {
      kind: "invalid",
      faults: [{ code: "AWS_AUTHORIZER_LAMBDA", at: "the answer", message: `is no object but ${shown(value)}` }],
    };
  const fields = value as Partial<Record<keyof AuthorizerAnswer, unknown>>;
  if (fields.isAuthenticated === false) return { kind: "refused" };
  const faults: Fault[] = [];
  if (fields.isAuthenticated !== true)
    faults.push({
      code: "AWS_AUTHORIZER_LAMBDA",
      at: "isAuthenticated",
      message: `must be true or false, not ${shown(fields.isAuthenticated)}`,
    });
  const { principalId } = fields;
  if (typeof principalId !== "string" || !PRINCIPAL_ID.test(principalId))
    faults.push({
      code: "AWS_PRINCIPAL_ID",
      at: "principalId",
      message: `does not match [a-zA-Z0-9]{1,128}: ${shown(principalId)}`,
    });
  const policy = policyOf(fields.policyDocuments, faults);
  const disconnectAfterInSeconds = secondsOf(fields, "disconnectAfterInSeconds", rules, faults);
  const refreshAfterInSeconds = secondsOf(fields, "refreshAfterInSeconds", rules, faults);
  const [first, ...others] = faults;
  if (first !== undefined) return { kind: "invalid", faults: [first, ...others] };
  return {
    kind: "accepted",
    answer: { principalId: principalId as string, policy, disconnectAfterInSeconds, refreshAfterInSeconds },
    warnings: Object.keys(value).flatMap((name) =>
      FIELDS.has(name) ? [] : [`${name} is no field of an answer, and nothing reads it`],
    ),
  };
}

function policyOf(documents: unknown, faults: Fault[]): Policy {
  if (!Array.isArray(documents)) {
    faults.push({ code: "AWS_POLICY_DOC", at: "policyDocuments", message: `must be a list, not ${shown(documents)}` });
    return Policy.parse([]).policy;
  }
  const { policy, faults: found } = Policy.parse(documents);
  faults.push(...found);
  return policy;
}

function secondsOf(
  fields: Partial<Record<keyof AuthorizerAnswer, unknown>>,
  name: "disconnectAfterInSeconds" | "refreshAfterInSeconds",
  { minimumSeconds }: AnswerRules,
  faults: Fault[],
): number {
  const value = fields[name];
  if (typeof value === "number" && Number.isInteger(value) && value >= minimumSeconds && value <= SECONDS_MAX) return value;
  // One page of AWS's guide had that name.
  const hint =
    value === undefined && Object.hasOwn(fields, "refreshAfterInSecs") && name === "refreshAfterInSeconds"
      ? "; refreshAfterInSecs is no field"
      : "";
  faults.push({
    code: "AWS_AUTHORIZER_LAMBDA",
    at: name,
    message: `must be a whole number from ${minimumSeconds} to ${SECONDS_MAX}, not ${shown(value)}${hint}`,
  });
  return SECONDS_MAX;
}

function shown(value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    text = undefined;
  }
  text = redactText(text ?? typeof value);
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}...` : text;
}
