import { dialBrowserWebSocket } from "../browser/browser-web-socket.ts";
import type { Target, Transport, TransportHandler } from "./transport.ts";

/** Dials by a WebSocket that `open` makes: the standard one, that of the package `ws`, or anything with their interface. */
export function dialOpenedWebSocket(
  target: Target,
  handler: TransportHandler,
  open: (url: string, subprotocol: string) => object,
): Transport {
  let socket: { terminate?: () => void } | undefined;
  const transport = dialBrowserWebSocket(target, handler, (url, subprotocol) => {
    socket = open(url, subprotocol);
    return socket as WebSocket;
  });
  const destroy = transport.destroy.bind(transport);
  transport.destroy = () => {
    destroy();
    // The package `ws` can cut at once; the standard interface has nothing for it.
    socket?.terminate?.();
  };
  return transport;
}
