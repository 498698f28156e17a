import { connect } from "@bowline/client";

/**
 * @param {string} url of the broker
 * @param {string} tokenUrl of your own server, which knows who is logged in and answers { username, token, expiresAt }
 */
export function connectWithToken(url, tokenUrl) {
  const client = connect(url, {
    // Asked before every attempt, and again before the token ends.
    credentials: async ({ signal }) => {
      const answer = await fetch(tokenUrl, { signal });
      if (!answer.ok) throw new Error(`no token: HTTP ${answer.status}`);
      const { username, token, expiresAt } = await answer.json();
      return { username, password: token, expiresAt };
    },
  });
  client.on("attemptFailed", ({ code, hints, retryInMs }) => console.warn(code, hints[0], retryInMs));
  client.on("status", (status) => {
    if (status.state === "failed") console.error("gave up:", status.failure.error.message);
  });
  return client;
}
