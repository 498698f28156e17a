import * as http from "node:http";
import type { Socket } from "node:net";
import type { ProxyFacts } from "@bowline/protocol/internal";
import type { Proxy } from "./proxy-url.ts";

/** What the proxy's answer leads to: the tunnel, or what it said or did instead. */
export interface TunnelAnswer {
  readonly cause?: Error;
  readonly facts?: Partial<ProxyFacts>;
}

/** Asks an HTTP proxy, on a socket that is connected to it, for a tunnel to `host:port`. */
export function openHttpTunnel(
  proxy: Proxy,
  socket: Socket,
  destination: { readonly host: string; readonly port: number },
  done: (answer: TunnelAnswer) => void,
): void {
  const authority = `${destination.host.includes(":") ? `[${destination.host}]` : destination.host}:${destination.port}`;
  const request = http.request({
    method: "CONNECT",
    path: authority,
    headers: { host: authority, "proxy-connection": "keep-alive", ...authorization(proxy), ...proxy.headers },
    createConnection: () => socket,
  });
  request.once("connect", (response, _socket, head) => {
    const { statusCode: status = 0, statusMessage: reason = "" } = response;
    if (status < 200 || status > 299) done({ facts: { status, reason } });
    else {
      // A server that speaks first may already have been heard.
      if (head.length > 0) socket.unshift(head);
      done({});
    }
  });
  request.once("error", (cause) => done({ cause }));
  request.end();
}

function authorization({ username, password }: Proxy): Record<string, string> {
  if (username === "" && password === "") return {};
  return { "proxy-authorization": `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}` };
}
