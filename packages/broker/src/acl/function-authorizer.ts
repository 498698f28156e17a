import { z } from "zod";
import { functionSchema, withinTime } from "../auth/given-function.ts";
import type { AccessCase } from "./asked-source.ts";
import { type AnswerTimes, answerTimesOf, answerTimesShape, type AuthorizationKind } from "./authorization-kind.ts";

/** What a function says of one thing that a client wants to do; `ignore` leaves it to the next, in the end to the rules. */
export type AuthorizeAnswer = "allow" | "deny" | "ignore";

/** Decides what clients may do. What it throws, or does not answer in time, denies. */
export type AuthorizeFunction = (question: AccessCase, signal: AbortSignal) => AuthorizeAnswer | Promise<AuthorizeAnswer>;

/** A function of the program that runs the broker, or of a configuration in TypeScript. */
export interface FunctionAuthorizerConfig extends AnswerTimes {
  kind: "function";
  authorize: AuthorizeFunction;
  timeoutMs: number;
}

/** @see FunctionAuthorizerConfig */
export interface FunctionAuthorizerInput {
  kind: "function";
  authorize: AuthorizeFunction;
  timeoutMs?: number | undefined;
  cacheSeconds?: number | undefined;
  subscriptionSeconds?: number | undefined;
}

const ANSWERS: readonly unknown[] = ["allow", "deny", "ignore"];

/** @see FunctionAuthorizerConfig */
export const functionAuthorizerKind: AuthorizationKind<FunctionAuthorizerConfig, FunctionAuthorizerInput> = {
  schema: z.strictObject({
    kind: z.literal("function").describe("A function, in a configuration that is a program."),
    ...functionSchema<"authorize", AuthorizeFunction>("authorize"),
    ...answerTimesShape,
  }),
  open: ({ authorize, timeoutMs, ...times }) =>
    Promise.resolve({
      source: {
        name: "authorizer",
        ...answerTimesOf(times),
        ask: async (question) => {
          const answer: unknown = await withinTime(timeoutMs, undefined, (signal) => authorize(question, signal));
          if (!ANSWERS.includes(answer)) throw new Error("authorize answers neither allow, deny nor ignore");
          return answer as AuthorizeAnswer;
        },
      },
    }),
};
