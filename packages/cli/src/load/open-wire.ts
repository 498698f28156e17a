import { ConnectPackets } from "./connect-packets.ts";
import { ConnectionTimes } from "./connection-times.ts";
import { type LoadServer, localAddressOf, placeOf } from "./load-server.ts";
import type { ReadBuffer } from "./read-buffer.ts";
import { RetryingWire } from "./retrying-wire.ts";
import { TcpWire } from "./tcp-wire.ts";
import type { Wire, WireOwner } from "./wire.ts";

/**
 * Opens the connection of that number, with its CONNECT.
 *
 * @param turn which of several servers it goes to; default its number
 */
export type OpenWire = (number: number, input: ReadBuffer, owner: WireOwner, turn?: number) => Wire;

/**
 * How connections of a thread are opened. What TLS, WebSockets and proxies need is loaded for them alone.
 *
 * @param all takes the times of every connection
 */
export async function wireOpener(server: LoadServer, all?: ConnectionTimes[]): Promise<OpenWire> {
  const { scheme, proxy } = server.target;
  const isPlain = (scheme === "mqtt" && proxy === undefined) || scheme === "unix";
  const WireOfServer = isPlain ? TcpWire : (await import("./transport-wire.ts")).TransportWire;
  const packets = new ConnectPackets(server);
  return (number, input, owner, turn = number) => {
    const { target, address } = placeOf(server, turn);
    const plan = { target, address, ...localAddressOf(server, number), hello: packets.of(number), input };
    const times = all === undefined ? undefined : new ConnectionTimes(number);
    if (times !== undefined) all?.push(times);
    if (server.retries === 0) return new WireOfServer({ ...plan, owner, times });
    return new RetryingWire((of) => new WireOfServer({ ...plan, owner: of, times }), owner, server.retries);
  };
}
