import { encodeToBytes } from "@bowline/protocol/internal";
import type { LoadOptions } from "./load-options.ts";

/** The CONNECT of one client, with the options' password where there is a user. Without Keep Alive a run may be as long as it likes. */
export function connectPacket({ version, password }: LoadOptions, clientIdentifier: string, username: string): Uint8Array {
  const credentials = username === "" ? {} : { username, password: new TextEncoder().encode(password) };
  return encodeToBytes(
    { type: 1, protocolVersion: version, clientIdentifier, cleanStart: true, keepAlive: 0, ...credentials },
    version,
  );
}
