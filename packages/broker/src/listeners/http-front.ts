import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { BlockList, Socket } from "node:net";
import type { Accept } from "./arrival.ts";
import type { FrontConnection } from "./front.ts";
import { forwardedAddress } from "./forwarded-for.ts";
import { includesAddress } from "./loopback.ts";
import { type Origin, originOf } from "./origin.ts";
import { closeWith, httpAnswer } from "./refusals.ts";
import { answerWithoutUpgrade, attachWebSocket, requestUrl } from "./web-socket.ts";

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

export interface HttpFrontOptions {
  /** Where the WebSocket is; undefined for none. */
  readonly path: string | undefined;
  readonly accept: Accept;
  readonly maxMessageBytes: number;
  readonly maxStrangerBytes?: number | undefined;
  readonly requestHandler?: RequestHandler | undefined;
  readonly headersTimeoutMs: number;
  readonly allowedOrigins?: readonly string[] | undefined;
  /** Peers whose X-Forwarded-For header says who the client is. */
  readonly forwardedBy?: BlockList | undefined;
}

/** The HTTP side of a ws or wss listener: a server that never listens but is given sockets, after their TLS handshake if there is one. */
export class HttpFront {
  readonly #server: Server;
  readonly #options: HttpFrontOptions;

  constructor(options: HttpFrontOptions) {
    this.#options = options;
    const { headersTimeoutMs } = options;
    this.#server = createServer(
      { headersTimeout: headersTimeoutMs, connectionsCheckingInterval: Math.min(5_000, headersTimeoutMs) },
      (request, response) => this.#answer(request, response),
    );
    // Node starts to watch for slow requests when a server begins to listen, which this one never does.
    this.#server.emit("listening");
    if (options.path === undefined) return;
    attachWebSocket(this.#server, {
      path: options.path,
      maxMessageBytes: options.maxMessageBytes,
      maxStrangerBytes: options.maxStrangerBytes,
      accept: options.accept,
      allowedOrigins: options.allowedOrigins,
      originOf: (request, socket) => this.#originOf(request, socket),
      onRefused: (cause, message, socket) => connectionOf(socket)?.note(cause, message),
    });
  }

  /** The socket is paused, its first bytes in its read buffer. */
  take(connection: FrontConnection, socket: Socket): void {
    (socket as HttpSocket)[frontConnection] = connection;
    this.#server.emit("connection", socket);
    socket.resume();
  }

  /** Closes idle connections; those with a request or a WebSocket stay. */
  close(): void {
    // It answers that the server never listened, which is so.
    this.#server.close(() => {});
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const connection = connectionOf(request.socket);
    if (connection === undefined || isMisdirected(request, connection)) {
      connection?.note("httpMisdirected", MISDIRECTED_TEXT);
      response.writeHead(421, { "Content-Type": "text/plain; charset=utf-8", Connection: "close" }).end(`${MISDIRECTED_TEXT}\n`);
      return;
    }
    const { path, requestHandler } = this.#options;
    if (requestHandler !== undefined && requestUrl(request).pathname !== path) requestHandler(request, response);
    else
      connection.note(
        answerWithoutUpgrade(request, response, path ?? ""),
        `${request.method} ${requestUrl(request).pathname.slice(0, 200)}`,
      );
  }

  #forwardedAddress(request: IncomingMessage, connection: FrontConnection): string | undefined {
    const { forwardedBy } = this.#options;
    // After a PROXY header the peer is the client, and what it says of itself is worth nothing.
    if (forwardedBy === undefined || connection.proxy !== undefined) return undefined;
    if (!includesAddress(forwardedBy, connection.remoteAddress)) return undefined;
    return forwardedAddress(String(request.headers["x-forwarded-for"] ?? ""), forwardedBy);
  }

  #originOf(request: IncomingMessage, socket: Socket): Origin | undefined {
    const connection = connectionOf(socket);
    if (connection !== undefined && !isMisdirected(request, connection)) {
      const address = this.#forwardedAddress(request, connection);
      if (!connection.enterAs(address ?? connection.remoteAddress)) {
        closeWith(socket, httpAnswer("429 Too Many Requests", "There are too many connections; try again later."));
        return undefined;
      }
      const origin = originOf(connection, socket);
      return address === undefined ? origin : { ...origin, remoteAddress: address, remotePort: 0 };
    }
    connection?.note("httpMisdirected", MISDIRECTED_TEXT);
    closeWith(socket, httpAnswer("421 Misdirected Request", MISDIRECTED_TEXT));
    return undefined;
  }
}

const MISDIRECTED_TEXT = "The Host header names another tenant than the TLS server name.";

const frontConnection = Symbol("frontConnection");
type HttpSocket = Socket & { [frontConnection]?: FrontConnection };

function connectionOf(socket: Socket): FrontConnection | undefined {
  return (socket as HttpSocket)[frontConnection];
}

/** Certificate and tenant were chosen by the server name; a Host header must not lead a request to another tenant afterwards. */
function isMisdirected(request: IncomingMessage, connection: FrontConnection): boolean {
  if (connection.serverName === undefined) return false;
  const host = request.headers.host?.replace(/:\d*$/, "").toLowerCase().replace(/\.$/, "");
  return host !== undefined && !connection.isOwnName(host);
}
