import { type Dialer, dialOpenedWebSocket } from "@bowline/client/internal";
import type { IClientOptions } from "./options.ts";

/**
 * Dials WebSockets by the application's `createWebsocket` where it has one, by the host's own where that is asked for, and everything
 * else as before.
 */
export function createdWebSocketDialer(options: () => IClientOptions, dial: Dialer): Dialer {
  return (target, handler) => {
    const { createWebsocket, forceNativeWebSocket } = options();
    const open = createWebsocket ?? (forceNativeWebSocket === true ? native : undefined);
    if (open === undefined || !target.scheme.startsWith("ws")) return dial(target, handler);
    return dialOpenedWebSocket(target, handler, (url, subprotocol) => open(url, [subprotocol], options()) as object);
  };
}

function native(url: string, subprotocols: string[]): WebSocket {
  return new WebSocket(url, subprotocols);
}
