import type { z } from "zod";
import type { NamedSecret, PathResolver } from "../auth/authenticator-kind.ts";
import type { AskedSource } from "./asked-source.ts";
import { wholeNumber } from "../config/whole-number.ts";

/** Somebody who is asked for rights, in force. */
export interface OpenAuthorization {
  readonly source: AskedSource;
  /** Called when a reload has put another one in its place, or the broker ends. */
  close?(): void;
}

/** A kind of authorizer: what the configuration may say of it, and how it is opened. */
export interface AuthorizationKind<T extends { kind: string }, Input extends { kind: string } = T> {
  readonly schema: z.ZodType<T, Input>;
  /** Absent where it names no files. */
  resolve?(config: Input, resolver: PathResolver): Input;
  /** Where its secrets lie. Absent where it has none. */
  secrets?(config: T): readonly NamedSecret[];
  /** What no schema sees, without opening anything: throws MqttError CONFIG_INVALID. */
  check?(config: T): void;
  /** Everything that can fail fails here. Rejects with MqttError. */
  open(config: T): Promise<OpenAuthorization>;
}

/** How long answers hold. */
export interface AnswerTimes {
  /** How long an answer holds for a connection, topic and way; one that allows up to 5 s longer. From 1 to 86400. Default: 60. */
  cacheSeconds: number;
  /**
   * How long a Subscription that was granted stands before it is asked about again; 0 for as long as it lasts. From 0 to 86400.
   * Default: 3600.
   */
  subscriptionSeconds: number;
}

/** @see AnswerTimes */
export const answerTimesShape: { [K in keyof AnswerTimes]: z.ZodType<number, number | undefined> } = {
  cacheSeconds: wholeNumber(1, 86_400, "seconds")
    .default(60)
    .describe("How long an answer holds for a connection, topic and way; one that allows up to 5 s longer."),
  subscriptionSeconds: wholeNumber(0, 86_400, "seconds")
    .default(3_600)
    .describe("How long a Subscription that was granted stands before it is asked about again; 0 for as long as it lasts."),
};

/** The same as whoever is asked says it. */
export function answerTimesOf({ cacheSeconds, subscriptionSeconds }: AnswerTimes): Pick<AskedSource, "keepMs" | "grantMs"> {
  const grantMs = subscriptionSeconds === 0 ? {} : { grantMs: subscriptionSeconds * 1_000 };
  return { keepMs: cacheSeconds * 1_000, ...grantMs };
}
