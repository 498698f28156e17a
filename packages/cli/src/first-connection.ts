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

/** The last failure ends the command, and is told as its error. */
function note(what: string, { code, retryInMs }: AttemptFailure): void {
  if (retryInMs === undefined) return;
  process.stderr.write(`note: ${what} (${code}); next attempt in ${(retryInMs / 1_000).toFixed(1)} s\n`);
}
