import { encodeToBytes } from "@bowline/protocol/internal";
import type { LoadServer } from "./load-server.ts";

/** The CONNECT of the connection of that number. */
export function numberedConnect({ connect, users }: LoadServer, number: number): Uint8Array {
  const { username, clientIdentifier, protocolVersion } = connect;
  return encodeToBytes(
    {
      ...connect,
      clientIdentifier: clientIdentifier.replaceAll("%i", String(number)),
      ...(username === undefined ? {} : { username: username.replaceAll("%i", String(number % users)) }),
    },
    protocolVersion,
  );
}
