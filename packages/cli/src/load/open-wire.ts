import type { LoadServer } from "./load-server.ts";
import { numberedConnect } from "./numbered-connect.ts";
import type { ReadBuffer } from "./read-buffer.ts";
import { TcpWire } from "./tcp-wire.ts";
import type { Wire, WireOwner } from "./wire.ts";

/** Opens the connection of that number, with its CONNECT. */
export type OpenWire = (number: number, input: ReadBuffer, owner: WireOwner) => Wire;

/** How connections of a thread are opened. What TLS, WebSockets and proxies need is loaded for them alone. */
export async function wireOpener(server: LoadServer): Promise<OpenWire> {
  const { scheme, proxy } = server.target;
  const isPlain = (scheme === "mqtt" && proxy === undefined) || scheme === "unix";
  const WireOfServer = isPlain ? TcpWire : (await import("./transport-wire.ts")).TransportWire;
  return (number, input, owner) => new WireOfServer(server, number, numberedConnect(server, number), input, owner);
}
