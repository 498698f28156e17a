import type { AttemptFailure, Client } from "@bowline/client";

/**
 * Resolves when the client is online for the first time, and rejects when that fails: the client would try for ever, but a person at a
 * terminal wants to know at once that the address or the password is wrong. Later losses are told on standard error.
 */
export async function firstConnection(client: Client, signal: AbortSignal): Promise<void> {
  const failed = new Promise<never>((_, reject) => {
    client.once("attemptFailed", (failure) => reject(failure.error));
  });
  await Promise.race([client.online({ signal }), failed]);
  // From here on a failed attempt is only told.
  failed.catch(() => {});
  client.on("connectionLost", (failure) => note("connection lost", failure));
  client.on("attemptFailed", (failure) => note("still not back", failure));
  client.on("gap", () => void process.stderr.write("note: the broker no longer had the session; messages may be missing\n"));
}

function note(what: string, failure: AttemptFailure): void {
  const next = failure.retryInMs === undefined ? "" : `; next attempt in ${(failure.retryInMs / 1_000).toFixed(1)} s`;
  process.stderr.write(`note: ${what} (${failure.code})${next}\n`);
}
