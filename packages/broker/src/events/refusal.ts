import type { ErrorCode } from "@bowline/protocol";

/** A client that was not let in, that we sent away for what it did, or that may not do what it asked for on its open connection. */
export interface Refusal {
  /** Wall time in ms of the latest one. */
  readonly at: number;
  /** How often it was the same client with the same reason. */
  readonly times: number;
  readonly clientIdentifier: string;
  /** As whom it came; of one that was not let in only a name that the tenant has a user of. Absent where nobody knows. */
  readonly user?: string;
  readonly remoteAddress: string;
  readonly transport: string;
  /** Whether it had been let in. */
  readonly wasConnected: boolean;
  /** What it may not do; absent where it was not let in or was sent away. */
  readonly action?: "publish" | "subscribe" | "receive";
  /** The Topic Name or Topic Filter of that. */
  readonly topic?: string;
  /** Of the reason, such as AWS_PRINCIPAL_INVALID where an authorizer's answer was at fault. */
  readonly code: ErrorCode;
  /** What the client was told. */
  readonly reasonCode?: number;
  /** In words, as in the log: no secret is in it. */
  readonly reason: string;
  /** What to change. */
  readonly remedy: string;
}

/** More than anybody reads; strangers fill it, and each tenant has its own. */
export const REFUSALS_MAX = 50;
const IDENTIFIER_LENGTH_MAX = 256;
const TEXT_LENGTH_MAX = 1_000;

/** An identifier or a topic as it is kept. */
export function shortName(name: string): string {
  return bounded(name, IDENTIFIER_LENGTH_MAX);
}

/** A sentence as it is kept. */
export function shortText(text: string): string {
  return bounded(text, TEXT_LENGTH_MAX);
}

/** A copy, since a part of a text holds the whole of it in memory. */
function bounded(text: string, maximum: number): string {
  return text.length <= maximum ? text : Buffer.from(text.slice(0, maximum)).toString();
}
