import { type Dialer, dialBrowserWebSocket, type Target, type Transport, type TransportHandler } from "@bowline/client/internal";
import type { IClientOptions } from "./options.ts";

/** Dials WebSockets by the application's `createWebsocket` where it has one, and everything else as before. */
export function createdWebSocketDialer(options: () => IClientOptions, dial: Dialer): Dialer {
  return (target, handler) => {
    const { createWebsocket } = options();
    if (createWebsocket === undefined || !target.scheme.startsWith("ws")) return dial(target, handler);
    return dialCreated(target, handler, (url, subprotocol) => createWebsocket(url, [subprotocol], options()) as WebSocket);
  };
}

function dialCreated(target: Target, handler: TransportHandler, open: (url: string, subprotocol: string) => WebSocket): Transport {
  let socket: WebSocket | undefined;
  const transport = dialBrowserWebSocket(target, handler, (url, subprotocol) => {
    socket = open(url, subprotocol);
    return socket;
  });
  const destroy = transport.destroy.bind(transport);
  transport.destroy = () => {
    destroy();
    // The package `ws` can cut at once; the standard interface has nothing for it.
    (socket as { terminate?: () => void } | undefined)?.terminate?.();
  };
  return transport;
}
