import { connect } from "@bowline/client";

/**
 * A custom authorizer whose tokenKeyName is `token`.
 *
 * @param {string} url wss://ENDPOINT/mqtt
 * @param {string} authorizer
 * @param {(signal: AbortSignal) => Promise<{ token: string, signature: string, expiresAt: number }>} fetchToken
 */
export function connectWithAuthorizer(url, authorizer, fetchToken) {
  return connect(url, {
    credentials: async ({ signal }) => {
      const { token, signature, expiresAt } = await fetchToken(signal);
      const query = { "x-amz-customauthorizer-name": authorizer, "x-amz-customauthorizer-signature": signature, token };
      return { query, expiresAt };
    },
  });
}

/**
 * A URL that your own server has signed (SigV4).
 *
 * @param {string} url wss://ENDPOINT/mqtt
 * @param {(signal: AbortSignal) => Promise<{ url: string, expiresAt: number }>} fetchSigned
 */
export function connectPresigned(url, fetchSigned) {
  return connect(url, { credentials: ({ signal }) => fetchSigned(signal) });
}
