import type { LoadServer } from "./load-server.ts";
import { numberedConnect } from "./numbered-connect.ts";
import type { ReadBuffer } from "./read-buffer.ts";
import { TcpWire } from "./tcp-wire.ts";
import { TransportWire } from "./transport-wire.ts";
import type { Wire, WireOwner } from "./wire.ts";

/** Opens the connection of that number, with its CONNECT. */
export function openWire(server: LoadServer, number: number, input: ReadBuffer, owner: WireOwner): Wire {
  const { scheme, proxy } = server.target;
  const hello = numberedConnect(server, number);
  const isPlain = (scheme === "mqtt" && proxy === undefined) || scheme === "unix";
  return isPlain ? new TcpWire(server, number, hello, input, owner) : new TransportWire(server, number, hello, input, owner);
}
