import { connect } from "@bowline/client";

/**
 * @param {string} endpoint `Resource.MyRealtime.endpoint`, with wss:// before it
 * @param {string} authorizer `Resource.MyRealtime.authorizer`
 * @param {(signal: AbortSignal) => Promise<{ token: string, expiresAt: number }>} fetchToken
 */
export function connectToRealtime(endpoint, authorizer, fetchToken) {
  return connect(`${endpoint}/mqtt`, {
    credentials: async ({ signal }) => {
      const { token, expiresAt } = await fetchToken(signal);
      return { query: { "x-amz-customauthorizer-name": authorizer }, username: "", password: token, expiresAt };
    },
  });
}
