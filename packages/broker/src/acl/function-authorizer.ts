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
  /** A function, in a configuration that is a program. */
  kind: "function";
  /**
   * Says of one thing that a client wants to do allow, deny, or ignore, which asks the next. What it throws denies, for a second.
   */
  authorize: AuthorizeFunction;
  /** Ms for one answer; after that the answer is no. From 1 to 60000. Default: 5000. */
  timeoutMs: number;
}

/** @see FunctionAuthorizerConfig */
export interface FunctionAuthorizerInput {
  /** A function, in a configuration that is a program. */
  kind: "function";
  /**
   * Says of one thing that a client wants to do allow, deny, or ignore, which asks the next. What it throws denies, for a second.
   */
  authorize: AuthorizeFunction;
  /** Ms for one answer; after that the answer is no. From 1 to 60000. Default: 5000. */
  timeoutMs?: number | undefined;
  /** How long an answer holds for a connection, topic and way; one that allows up to 5 s longer. From 1 to 86400. Default: 60. */
  cacheSeconds?: number | undefined;
  /**
   * How long a Subscription that was granted stands before it is asked about again; 0 for as long as it lasts. From 0 to 86400.
   * Default: 3600.
   */
  subscriptionSeconds?: number | undefined;
}

const ANSWERS: readonly unknown[] = ["allow", "deny", "ignore"];

/** @see FunctionAuthorizerConfig */
export const functionAuthorizerKind: AuthorizationKind<FunctionAuthorizerConfig, FunctionAuthorizerInput> = {
  schema: z.strictObject({
    kind: z.literal("function").describe("A function, in a configuration that is a program."),
    ...functionSchema<"authorize", AuthorizeFunction>(
      "authorize",
      "Says of one thing that a client wants to do allow, deny, or ignore, which asks the next. What it throws denies, for a second.",
    ),
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
