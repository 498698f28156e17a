import type { IncomingMessage, Server as HttpServer, ServerResponse } from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { Socket } from "node:net";
import { type ServerOptions, type WebSocket, WebSocketServer } from "ws";
import { TLSSocket } from "node:tls";
import type { Accept } from "./arrival.ts";
import { describeTls } from "./arrival-tls.ts";
import type { FrontCause } from "./front-event.ts";
import { plainAddress } from "./loopback.ts";
import { hasOneHost, ONE_HOST_TEXT } from "./one-host.ts";
import type { Origin } from "./origin.ts";
import { closeWith, httpAnswer } from "./refusals.ts";
import { limitStranger } from "./stranger-bytes.ts";
import { WebSocketChannel } from "./ws-channel.ts";

/** How long a peer may take to answer our close frame. */
const CLOSE_DEADLINE_MS = 5_000;

const STRANGER_BYTES_MAX = 196_608;
const STRANGER_TEXT = "the first WebSocket message is larger than a CONNECT may be";

export interface WebSocketOptions {
  /** Where the WebSocket is answered. Default `/mqtt`. */
  readonly path?: string;
  readonly accept: Accept;
  /** Largest message of a peer in bytes; must be no smaller than the largest MQTT packet it may send. */
  readonly maxMessageBytes: number;
  /** Bytes of a message that are held before the client is known. Default 192 KiB: the largest CONNECT and what may come with it. */
  readonly maxStrangerBytes?: number | undefined;
  /** Tenant of arrivals when `originOf` is not given. Default `default`. */
  readonly tenant?: string;
  /** What is known of the socket of a request; undefined when the request was refused and answered there. */
  readonly originOf?: (request: IncomingMessage, socket: Socket) => Origin | undefined;
  /** Origins of pages that may come; default every page. Who sends no Origin is no page and comes in. */
  readonly allowedOrigins?: readonly string[] | undefined;
  readonly onRefused?: (cause: FrontCause, message: string, socket: Socket) => void;
}

/** Answers the WebSocket upgrades of an HTTP server, refusing those of other paths. Requests without upgrade stay with the server. */
export function attachWebSocket(server: HttpServer | HttpsServer, options: WebSocketOptions): void {
  const path = options.path ?? "/mqtt";
  // The types of `ws` lag behind its options by one.
  const settings: ServerOptions & { readonly closeTimeout: number } = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: options.maxMessageBytes,
    closeTimeout: CLOSE_DEADLINE_MS,
    handleProtocols: (offered) => chooseSubprotocol(offered) ?? false,
  };
  const webSockets = new WebSocketServer(settings);
  server.on("upgrade", (request: IncomingMessage, duplex, head: Buffer) => {
    const socket = duplex as Socket;
    const refuse = (cause: FrontCause, status: string, text: string): void => {
      options.onRefused?.(cause, text, socket);
      closeWith(socket, httpAnswer(status, text));
    };
    if (!hasOneHost(request)) return refuse("httpMisdirected", "400 Bad Request", ONE_HOST_TEXT);
    const url = requestUrl(request);
    if (url.pathname !== path) return refuse("httpPathUnknown", "404 Not Found", pathText(url.pathname, path));
    if (!isAllowedOrigin(request.headers.origin, options.allowedOrigins))
      return refuse("originRefused", "403 Forbidden", originText(request.headers.origin));
    const subprotocol = chooseSubprotocol(offeredSubprotocols(request));
    if (subprotocol === undefined) return refuse("subprotocolMissing", "400 Bad Request", SUBPROTOCOL_TEXT);
    const origin = (options.originOf ?? describeSocket(options.tenant ?? "default"))(request, socket);
    if (origin === undefined) return;
    webSockets.handleUpgrade(request, socket, head, (webSocket: WebSocket) => {
      const channel = new WebSocketChannel(webSocket, socket, socket instanceof TLSSocket);
      const { headers } = request;
      const http = { path: url.pathname, queryString: url.search, headers, origin: headers.origin, subprotocol };
      const admitted = limitStranger(webSocket, socket, options.maxStrangerBytes ?? STRANGER_BYTES_MAX, () => {
        options.onRefused?.("messageTooLarge", STRANGER_TEXT, socket);
        channel.destroy();
      });
      options.accept({ ...origin, channel, http, admitted, isClosedByFrame: () => channel.isClosedByFrame });
    });
  });
}

/** Answers a request that is no WebSocket upgrade, for servers that have nothing else to show. */
export function answerWithoutUpgrade(request: IncomingMessage, response: ServerResponse, path: string): FrontCause {
  const { pathname } = requestUrl(request);
  const isWrongPath = pathname !== path;
  const text = isWrongPath ? pathText(pathname, path) : `This is the WebSocket of an MQTT broker: connect with an MQTT client.`;
  response.writeHead(isWrongPath ? 404 : 426, {
    "Content-Type": "text/plain; charset=utf-8",
    Connection: "close",
    ...(isWrongPath ? {} : { Upgrade: "websocket" }),
  });
  response.end(`${text}\n`);
  return isWrongPath ? "httpPathUnknown" : "httpWithoutUpgrade";
}

export function requestUrl(request: IncomingMessage): URL {
  try {
    return new URL(request.url ?? "/", "http://localhost");
  } catch {
    return new URL("http://localhost/invalid-request-target");
  }
}

const SUBPROTOCOL_TEXT = 'The WebSocket must offer the subprotocol "mqtt" (header Sec-WebSocket-Protocol).';

/** Any page can open a WebSocket to any address its reader reaches; only the Origin header tells which page it was. */
function isAllowedOrigin(origin: string | undefined, allowed: readonly string[] | undefined): boolean {
  if (allowed === undefined || origin === undefined) return true;
  const asked = origin.toLowerCase();
  return allowed.some((entry) => {
    const [scheme, host = ""] = entry.toLowerCase().split("//*.", 2) as [string, string?];
    return host === "" ? asked === entry.toLowerCase() : asked.startsWith(`${scheme}//`) && asked.endsWith(`.${host}`);
  });
}

function originText(origin = ""): string {
  return `Pages of ${origin.replace(/[^\x21-\x7e]/g, "?").slice(0, 200)} may not connect to this broker: its listener has a list of allowed origins.`;
}

function pathText(path: string, expected: string): string {
  return `There is nothing at ${path.slice(0, 200)}; the WebSocket for MQTT is at ${expected}.`;
}

function offeredSubprotocols(request: IncomingMessage): ReadonlySet<string> {
  const header = request.headers["sec-websocket-protocol"] ?? "";
  return new Set(header.split(",").map((name) => name.trim()));
}

/** `mqttv3.1` is what clients of MQTT 3.1 offer, some of them for 3.1.1 too. */
function chooseSubprotocol(offered: ReadonlySet<string>): "mqtt" | "mqttv3.1" | undefined {
  if (offered.has("mqtt")) return "mqtt";
  return offered.has("mqttv3.1") ? "mqttv3.1" : undefined;
}

function describeSocket(tenant: string): (request: IncomingMessage, socket: Socket) => Origin {
  return (_request, socket) => ({
    tenant,
    transport: socket instanceof TLSSocket ? "wss" : "ws",
    remoteAddress: plainAddress(socket.remoteAddress ?? ""),
    remotePort: socket.remotePort ?? 0,
    localPort: socket.localPort ?? 0,
    ...(socket instanceof TLSSocket ? { tls: describeTls(socket) } : {}),
  });
}
