import type { Credentials } from "@bowline/client";
import type { ConnectionTarget } from "../connection-options.ts";

/**
 * The target of one of several clients: `%i` in user name and Client Identifier is its number. A Client Identifier without `%i` gets the
 * number at its end, since two clients cannot share one.
 */
export function numberedTarget({ url, options }: ConnectionTarget, number: number, count: number): ConnectionTarget {
  const { session } = options;
  const credentials = options.credentials as Credentials;
  const numbered = (text: string): string => text.replaceAll("%i", String(number));
  const clientId = session?.clientId;
  const named = clientId === undefined || clientId.includes("%i") || count === 1 ? clientId : `${clientId}-%i`;
  return {
    url,
    options: {
      ...options,
      credentials: {
        ...credentials,
        ...(credentials.username === undefined ? {} : { username: numbered(credentials.username) }),
      },
      ...(session === undefined ? {} : { session: { ...session, ...(named === undefined ? {} : { clientId: numbered(named) }) } }),
    },
  };
}
