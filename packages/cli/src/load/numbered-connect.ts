import { encodeToBytes } from "@bowline/protocol/internal";
import { clientNames } from "./client-names.ts";
import type { LoadServer } from "./load-server.ts";

/** The CONNECT of the connection of that number. */
export function numberedConnect(server: LoadServer, number: number): Uint8Array {
  const { connect } = server;
  return encodeToBytes({ ...connect, ...clientNames(server, number) }, connect.protocolVersion);
}
