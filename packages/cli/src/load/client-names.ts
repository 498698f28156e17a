import type { LoadServer } from "./load-server.ts";

/** As whom the connection of that number comes: `%i` in user name and Client Identifier is replaced. */
export function clientNames(
  { connect, users, firstNumber }: LoadServer,
  number: number,
): { readonly clientIdentifier: string; readonly username?: string } {
  const { username, clientIdentifier } = connect;
  const shown = firstNumber + number;
  return {
    clientIdentifier: clientIdentifier.replaceAll("%i", String(shown)),
    ...(username === undefined ? {} : { username: username.replaceAll("%i", String(shown % users)) }),
  };
}
