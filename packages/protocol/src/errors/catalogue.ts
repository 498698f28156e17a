import { hostRows, remedies } from "#host-catalogue";
import type { CommonCode } from "./common-rows.ts";
import type { DiagnosedCode } from "./diagnosed-rows.ts";
import type { HostCode } from "./host-rows.ts";
import type { ErrorSource, RetryClass, Row, Stage } from "./row.ts";

/**
 * Every error code of the project, born in common-rows.ts, diagnosed-rows.ts and host-rows.ts, and nowhere else. Each row is one line:
 * [stage, source, retry, title], where the title continues "CODE: " and has no full stop. What a program of a page may meet stands in
 * common-rows.ts, the codes that only a diagnosis names in diagnosed-rows.ts, those that a page cannot meet in host-rows.ts, what to
 * do in remedies.ts, causes and commands in explanations.ts. A new code needs its line in each.
 */

/** The code of an error: the closed set of ids that the client, the doctor, the broker and `bowline explain` share. */
export type ErrorCode = CommonCode | DiagnosedCode | HostCode;

const table: Partial<Record<ErrorCode, Row>> = { ...hostRows };

/** What every program knows of a code without loading its explanation. */
export interface ErrorInfo {
  readonly code: ErrorCode;
  readonly stage: Stage;
  readonly source: ErrorSource;
  readonly retry: RetryClass;
  /** One line that continues "CODE: ", without a full stop. Empty in a page where nothing has failed yet, which loads it. */
  readonly title: string;
  /** What to do, as one imperative sentence. */
  readonly remedy: string;
}

/** Every code, those of a diagnosis and of the host last; in a page only those it always carries. */
export const errorCodes: readonly ErrorCode[] = Object.keys(table) as ErrorCode[];

/** A page has loaded further rows. */
export function addRows(more: Readonly<Partial<Record<ErrorCode, Row>>>): void {
  Object.assign(table, more);
}

/** The catalogue's row of a code. In a page the remedy is where to read on, and a code it does not carry is told by its name. */
export function errorInfo(code: ErrorCode): ErrorInfo {
  const [stage, source, retry, title = "", remedy] = table[code] ?? ["mqtt", "network", "backoff"];
  return { code, stage, source, retry, title, remedy: remedy ?? remedies[code] ?? `Run bowline explain ${code}.` };
}

/** Whether a text is a code of the catalogue, as `bowline explain` must ask of what was typed. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(table, text);
}

/** Whether trying again without a change can help. */
export function isRetryable(retry: RetryClass): boolean {
  return retry === "backoff" || retry === "loop-guard";
}
