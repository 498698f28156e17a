import type { AttemptFailure } from "./status.ts";

/** Clients that failed without a listener say so once in a process, not once each. */
let hasWarned = false;

export function warnUnheard({ error, hints }: AttemptFailure): void {
  if (hasWarned) return;
  hasWarned = true;
  // oxlint-disable-next-line no-console -- Nobody listens, and a silent loop is what this client must never be.
  console.warn(`bowline: ${error.message}. ${hints[0] ?? ""} Listen to "attemptFailed" to hear of every failure.`);
}
