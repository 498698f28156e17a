import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { BlockList, Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { Accept, ClientIdentity } from "./arrival.ts";
import { identityOfHeader } from "./client-identity.ts";
import type { FrontCause } from "./front-event.ts";
import type { FrontConnection } from "./front.ts";
import { forwardedAddress } from "./forwarded-for.ts";
import { includesAddress } from "./loopback.ts";
import { hasOneHost, ONE_HOST_TEXT } from "./one-host.ts";
import { type Origin, originOf } from "./origin.ts";
import { isAddress } from "../tls/tenant-directory.ts";
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
  /** Peers whose other headers are believed. */
  readonly headersBy?: BlockList | undefined;
  readonly forwardedHost?: boolean | undefined;
  readonly certificateHeader?: string | undefined;
  readonly requireSni?: boolean | undefined;
  readonly pageTenant?: ((request: IncomingMessage) => PageTenant) | undefined;
}

/** The tenant that a page of ours asks for in its URL, where it may: `refused` where it may not, undefined where it names none. */
export type PageTenant = { readonly tenant: string } | "refused" | undefined;

/** How much longer than its headers a whole request may take: 12 MiB of users, over a slow line. Node's own limit is five minutes. */
const BODY_FACTOR = 6;

/** The HTTP side of a ws or wss listener: a server that never listens but is given sockets, after their TLS handshake if there is one. */
export class HttpFront {
  readonly #server: Server;
  readonly #options: HttpFrontOptions;

  constructor(options: HttpFrontOptions) {
    this.#options = options;
    const { headersTimeoutMs } = options;
    this.#server = createServer(
      {
        headersTimeout: headersTimeoutMs,
        requestTimeout: BODY_FACTOR * headersTimeoutMs,
        connectionsCheckingInterval: Math.min(5_000, headersTimeoutMs),
      },
      (request, response) => this.#answer(request, response),
    );
    this.#server.on("clientError", (error, socket) => this.#answerBadRequest(error, socket as Socket));
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
    if (!hasOneHost(request)) {
      connection?.note("httpMisdirected", ONE_HOST_TEXT);
      response.writeHead(400, { "Content-Type": "text/plain; charset=utf-8", Connection: "close" }).end(`${ONE_HOST_TEXT}\n`);
      return;
    }
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

  /** No HTTP, such as MQTT inside of TLS, or HTTP that breaks a limit. */
  #answerBadRequest(error: NodeJS.ErrnoException & { rawPacket?: Buffer }, socket: Socket): void {
    const connection = connectionOf(socket);
    // Where an answer is on its way already, a second one would become part of it.
    const isAnswering = (socket as HttpSocket)._httpMessage?.headersSent === true;
    if (connection === undefined || isAnswering || !socket.writable) {
      socket.destroy();
      return;
    }
    if (error.rawPacket?.[0] === MQTT_CONNECT)
      connection.note("mqttOnHttp", `${connection.portSpeaks}, and the peer began with MQTT without WebSocket`);
    closeWith(socket, httpAnswer(BAD_REQUESTS[error.code ?? ""] ?? "400 Bad Request", `T${connection.portSpeaks.slice(1)}.`));
  }

  #forwardedAddress(request: IncomingMessage, connection: FrontConnection): string | undefined {
    const { forwardedBy } = this.#options;
    // After a PROXY header the peer is the client, and what it says of itself is worth nothing.
    if (forwardedBy === undefined || connection.proxy !== undefined) return undefined;
    if (!includesAddress(forwardedBy, connection.remoteAddress)) return undefined;
    return forwardedAddress(String(request.headers["x-forwarded-for"] ?? ""), forwardedBy);
  }

  /** Who comes, and for whom; undefined when the request was refused and answered. */
  #originOf(request: IncomingMessage, socket: Socket): Origin | undefined {
    const connection = connectionOf(socket);
    if (connection === undefined || isMisdirected(request, connection))
      return refuse(connection, socket, "httpMisdirected", "421 Misdirected Request", MISDIRECTED_TEXT);
    const address = this.#forwardedAddress(request, connection);
    if (!connection.enterAs(address ?? connection.remoteAddress)) {
      closeWith(socket, httpAnswer("429 Too Many Requests", "There are too many connections; try again later."));
      return undefined;
    }
    const tenant = this.#tenantOf(request, connection, socket);
    if (tenant === undefined) return undefined;
    const identity = this.#identityOf(request, connection);
    if (identity === "malformed") return refuse(connection, socket, "proxyIdentityInvalid", "400 Bad Request", IDENTITY_TEXT);
    const page = this.#options.pageTenant?.(request);
    if (page === "refused") return refuse(connection, socket, "originRefused", "403 Forbidden", PAGE_TEXT);
    connection.tenant = page?.tenant ?? tenant;
    return {
      ...originOf(connection, socket),
      ...(address === undefined ? {} : { remoteAddress: address, remotePort: 0 }),
      ...(identity === undefined ? {} : { identity: connection.believed(identity) }),
      // What a handshake says of a client, it says to the tenant whose handshake it was.
      ...(page === undefined || page.tenant === tenant ? {} : { identity: {} }),
    };
  }

  /** By the name that a trusted proxy was asked for, where neither a ClientHello nor a PROXY header has told one. */
  #tenantOf(request: IncomingMessage, connection: FrontConnection, socket: Socket): string | undefined {
    const { forwardedHost = false, requireSni = false } = this.#options;
    if (!forwardedHost || connection.askedName !== undefined || socket instanceof TLSSocket) return connection.tenant;
    const isProxied = connection.proxy !== undefined || this.#isProxy(connection);
    if (!isProxied) return connection.tenant;
    // Behind a proxy that hands bytes on, all headers are the client's own; its Host is what it asked for.
    const name = forwardedName(request, connection.proxy === undefined);
    if (requireSni && (name === undefined || isAddress(name)))
      return refuse(connection, socket, "serverNameMissing", "421 Misdirected Request", NAMELESS_TEXT);
    return (
      connection.tenantNamed(name) ??
      refuse(connection, socket, "proxyNameUnknown", "421 Misdirected Request", `No tenant has the name ${name}.`)
    );
  }

  #identityOf(request: IncomingMessage, connection: FrontConnection): ClientIdentity | "malformed" | undefined {
    const { certificateHeader } = this.#options;
    if (certificateHeader === undefined) return undefined;
    const value = request.headers[certificateHeader.toLowerCase()];
    // After a PROXY header the headers are the client's own.
    if (connection.proxy === undefined && this.#isProxy(connection)) return identityOfHeader(String(value ?? "")) ?? "malformed";
    if (value !== undefined) connection.options.counters.identitiesIgnored++;
    return undefined;
  }

  #isProxy({ remoteAddress }: FrontConnection): boolean {
    const { headersBy } = this.#options;
    if (headersBy === undefined) return false;
    return includesAddress(headersBy, remoteAddress);
  }
}

const MQTT_CONNECT = 0x10;
const BAD_REQUESTS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "413 Payload Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

const MISDIRECTED_TEXT = "The Host header names another tenant than the TLS server name.";
const NAMELESS_TEXT = "This listener takes clients that ask for a host name alone.";
const PAGE_TEXT = "This browser is not signed in for that tenant.";
const IDENTITY_TEXT = "The header with the client's certificate cannot be read.";

function refuse(
  connection: FrontConnection | undefined,
  socket: Socket,
  cause: FrontCause,
  status: string,
  text: string,
): undefined {
  connection?.note(cause, text);
  closeWith(socket, httpAnswer(status, text));
  return undefined;
}

/** The host name of a request, in lower case and without port and closing dot. */
function forwardedName({ headers }: IncomingMessage, isByProxy: boolean): string | undefined {
  const forwarded = isByProxy ? String(headers["x-forwarded-host"] ?? "") : "";
  // Each proxy adds at the end.
  return hostName(forwarded.split(",").at(-1)?.trim() || headers.host);
}

function hostName(host: string | undefined): string | undefined {
  const name = host?.replace(/:\d*$/, "").toLowerCase().replace(/\.$/, "");
  return name === "" || name === undefined ? undefined : name.replace(/[^\x21-\x7e]/g, "?").slice(0, 255);
}

const frontConnection = Symbol("frontConnection");
type HttpSocket = Socket & { [frontConnection]?: FrontConnection; _httpMessage?: ServerResponse | null };

function connectionOf(socket: Socket): FrontConnection | undefined {
  return (socket as HttpSocket)[frontConnection];
}

/** Certificate and tenant were chosen by the name asked for; a Host header must not lead a request to another tenant afterwards. */
function isMisdirected(request: IncomingMessage, connection: FrontConnection): boolean {
  if (connection.askedName === undefined) return false;
  const host = hostName(request.headers.host);
  return host !== undefined && !connection.isOwnName(host);
}
