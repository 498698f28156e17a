import { dialOpenedWebSocket } from "./transport/opened-web-socket.ts";
import { type StreamMaker, streamDialer } from "./transport/stream-dialer.ts";
import type { Dialer } from "./transport/transport.ts";

export type { DuplexStream, StreamMaker } from "./transport/stream-dialer.ts";
export type { Dialer, Target, Transport, TransportFacts, TransportHandler } from "./transport/transport.ts";

/**
 * Opens connections by streams of the application's own, for the option `transport`.
 *
 * @param make makes the stream of one attempt: a Duplex of Node, or anything of its shape
 * @example
 * connect("mqtt://broker", { transport: overStream(() => tunnel.openStream()) });
 * @public
 */
export function overStream(make: StreamMaker): Dialer {
  return streamDialer(make);
}

/**
 * Opens WebSockets by another constructor than the host's, for the option `transport`.
 *
 * @param WebSocketClass has the standard interface
 * @example
 * connect("wss://broker/mqtt", { transport: overWebSocket(class extends WebSocket { ... }) });
 * @public
 */
export function overWebSocket(WebSocketClass: new (url: string, subprotocol: string) => object): Dialer {
  return (target, handler) => dialOpenedWebSocket(target, handler, (url, subprotocol) => new WebSocketClass(url, subprotocol));
}
