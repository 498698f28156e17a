import type { ErrorCode } from "../catalogue.ts";

/** What is to be said of a code to someone who has the time to read. */
export interface Explanation {
  /** What leads to it, the most frequent first; sentences. */
  readonly causes: readonly string[];
  /** How it is told from what looks alike. */
  readonly tell?: string;
  /** What to do, in Markdown; commands and settings stand in backticks. */
  readonly fixes: readonly string[];
  /** What other programs call it: codes and texts to search for. */
  readonly seenAs?: readonly string[];
}

export type Explanations = Readonly<Partial<Record<ErrorCode, Explanation>>>;
