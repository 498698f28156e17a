import { encodeToBytes } from "@bowline/protocol/internal";
import { clientIdOf, type LoadServer } from "./load-server.ts";

/** The CONNECT of the connection of that number. */
export function connectPacket(server: LoadServer, number: number): Uint8Array {
  const { target, keepAlive, username, users, password } = server;
  const name = username.replaceAll("%i", String(number % users));
  return encodeToBytes(
    {
      type: 1,
      protocolVersion: target.protocolVersion,
      clientIdentifier: clientIdOf(server, number),
      cleanStart: true,
      keepAlive,
      ...(name === "" ? {} : { username: name }),
      ...(password === undefined ? {} : { password: typeof password === "string" ? new TextEncoder().encode(password) : password }),
    },
    target.protocolVersion,
  );
}
