import type { IncomingMessage } from "node:http";
import type { BlockList, Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { TenantDirectory } from "../tls/tenant-directory.ts";
import type { Accept, Arrival } from "./arrival.ts";
import { bind, type Bound } from "./bind.ts";
import type { ConnectionLimiter } from "./connection-limiter.ts";
import { FrontConnection, type FrontOptions } from "./front.ts";
import { type FrontCounters, type FrontEvent, newFrontCounters } from "./front-event.ts";
import { HttpFront, type PageTenant, type RequestHandler } from "./http-front.ts";
import { formatListenUrl, type ListenUrl } from "./listen-url.ts";
import { originOf } from "./origin.ts";
import { SocketChannel } from "./socket-channel.ts";

export interface ListenerOptions {
  readonly url: ListenUrl;
  readonly accept: Accept;
  /** Needed by mqtts and wss. */
  readonly tenants?: TenantDirectory;
  /** Refuses TLS clients that send no server name, or an address. Default false. */
  readonly requireSni?: boolean;
  /** Peers whose connections begin with a PROXY header. Default nobody. */
  readonly trustedProxies?: BlockList;
  /** Shared by all listeners that count together. Default no limits. */
  readonly limiter?: ConnectionLimiter;
  /** Largest WebSocket message of a peer in bytes. Default 256 MB, the largest packet MQTT knows. */
  readonly maxMessageBytes?: number;
  /** Bytes of a WebSocket message that are held before the client is known. Default 192 KiB. */
  readonly maxStrangerBytes?: number;
  /**
   * Answers MQTT besides WebSocket and HTTP on a ws or wss listener, and on a wss one without TLS what comes without, when
   * `takesPlaintext` says so.
   */
  readonly takesAnyProtocol?: boolean;
  readonly takesPlaintext?: boolean;
  /** Answers the HTTP requests of a ws or wss listener at other paths than the WebSocket's. Default 404 with a text. */
  readonly requestHandler?: RequestHandler;
  /** Whether a ws or wss listener answers WebSockets at all. Default true; the admin listener does not. */
  readonly hasWebSocket?: boolean;
  /** The tenant that the URL of a WebSocket names, on the console's listener alone. */
  readonly pageTenant?: (request: IncomingMessage) => PageTenant;
  /** Origins of pages that may open a WebSocket. Default every page. */
  readonly allowedOrigins?: readonly string[];
  /** Peers whose X-Forwarded-For header says who the client is. Default nobody. */
  readonly forwardedBy?: BlockList;
  /** Peers whose other headers are believed: `forwardedHost`, `certificateHeader`. Default nobody. */
  readonly headersBy?: BlockList;
  /** Whether the host name that a proxy was asked for chooses the tenant. Default false. */
  readonly forwardedHost?: boolean;
  /** The header in which a proxy hands on its client's certificate, see `identityOfHeader`. Default none. */
  readonly certificateHeader?: string;
  /** Which tenant a host name leads to that a proxy was asked for. Default: the server names of `tenants`. */
  readonly tenantOfName?: (name: string) => string | undefined;
  /** Whether nobody of that address may come to that tenant: asked before a TLS handshake. Default: everybody may. */
  readonly isBanned?: (tenant: string, address: string) => boolean;
  /** From accept to the last byte needed to know the protocol and the tenant. Default 5,000. */
  readonly firstBytesTimeoutMs?: number;
  /** From the first byte of an HTTP request to the end of its headers. Default 10,000. */
  readonly headersTimeoutMs?: number;
  /** Every refused connection, for the log. */
  readonly onEvent?: (event: FrontEvent) => void;
}

export interface Listener {
  /** With the real port. */
  readonly url: string;
  /** 0 for unix sockets. */
  readonly port: number;
  readonly counters: Readonly<FrontCounters>;
  /** Connections of this listener that are open, in whatever state. */
  readonly openConnections: number;
  /** Treats what arrives from now on as these options say. The address must be the same one; connections stay as they are. */
  reconfigure(options: ListenerOptions): void;
  /** Gives its port up to another listener; connections stay, those of the first bytes too. */
  releasePort(): void;
  /**
   * Takes the port again that it gave up.
   *
   * @throws MqttError PORT_IN_USE and the like: somebody else was faster
   */
  takePort(): Promise<void>;
  /** Accepts nothing more, and drops what has not arrived yet. Arrivals stay with whoever accepted them. */
  stopAccepting(): void;
  /**
   * Stops accepting and waits until the last connection has closed. Those still open after `graceMs` (default 1,000) are destroyed: so
   * whoever drains arrivals does it meanwhile, or has done it before.
   */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}

/** The largest Remaining Length with its header; an MQTT packet cannot be larger. */
const MESSAGE_BYTES_MAX = 268_435_460;

/** @throws MqttError PORT_IN_USE, PORT_FORBIDDEN, LISTEN_FAILED */
export async function openListener(options: ListenerOptions): Promise<Listener> {
  const listener = new OpenListener(options);
  await listener.open();
  return listener;
}

class OpenListener implements Listener {
  readonly counters: FrontCounters = newFrontCounters();
  #options!: ListenerOptions;
  #front!: FrontOptions;
  #http: HttpFront | undefined;
  readonly #connections = new Set<FrontConnection>();
  #bound: Bound = { servers: [], port: 0 };
  #isOpen = true;
  #closing: Promise<void> | undefined;
  #whenEmpty: (() => void) | undefined;

  constructor(options: ListenerOptions) {
    this.reconfigure(options);
  }

  reconfigure(options: ListenerOptions): void {
    const { scheme, tenant } = options.url;
    const isTls = scheme === "mqtts" || scheme === "wss";
    if (isTls && options.tenants === undefined) throw new TypeError(`a listener for ${scheme} needs the option "tenants"`);
    this.#http?.close();
    this.#options = options;
    this.#http = scheme === "ws" || scheme === "wss" ? this.#httpFront(options.url.path) : undefined;
    this.#front = {
      ...options,
      isTls,
      tenant,
      innerProtocol: this.#http === undefined ? "mqtt" : options.takesAnyProtocol === true ? "any" : "http",
      counters: this.counters,
      onEvent: options.onEvent ?? (() => {}),
      handOver: (connection, socket, first) => this.#handOver(connection, socket, first),
      onClosed: (connection) => this.#closed(connection),
    };
  }

  get url(): string {
    const { url } = this.#options;
    return formatListenUrl(url.kind === "unix" ? url : { ...url, port: this.port });
  }

  get port(): number {
    return this.#bound.port;
  }

  get openConnections(): number {
    return this.#connections.size;
  }

  async open(): Promise<void> {
    await this.#bind(this.#options.url);
  }

  releasePort(): void {
    for (const server of this.#bound.servers) server.close();
  }

  async takePort(): Promise<void> {
    const { url } = this.#options;
    await this.#bind(url.kind === "unix" ? url : { ...url, port: this.port });
  }

  async #bind(url: ListenUrl): Promise<void> {
    this.#bound = await bind(url, (socket, localPort) => this.#accepted(socket, localPort));
    for (const server of this.#bound.servers) server.on("error", (error) => this.#acceptFailed(error));
  }

  stopAccepting(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const server of this.#bound.servers) server.close();
    this.#http?.close();
    for (const connection of this.#connections) {
      if (!connection.isHandedOver) connection.socket.destroy();
    }
  }

  close({ graceMs = 1_000 }: { readonly graceMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  async #close(graceMs: number): Promise<void> {
    this.stopAccepting();
    if (this.#connections.size === 0) return;
    const deadline = setTimeout(() => this.#destroyAll(), graceMs);
    await new Promise<void>((resolve) => {
      this.#whenEmpty = resolve;
    });
    clearTimeout(deadline);
  }

  #httpFront(path: string): HttpFront {
    const {
      maxMessageBytes = MESSAGE_BYTES_MAX,
      maxStrangerBytes,
      requestHandler,
      headersTimeoutMs = 10_000,
      ...headers
    } = this.#options;
    return new HttpFront({
      ...headers,
      path: this.#options.hasWebSocket === false ? undefined : path,
      maxMessageBytes,
      maxStrangerBytes,
      requestHandler,
      headersTimeoutMs,
      accept: (arrival) => this.#accept(arrival),
    });
  }

  #accepted(socket: Socket, localPort: number): void {
    this.#connections.add(new FrontConnection(socket, localPort, this.#front));
  }

  #handOver(connection: FrontConnection, socket: Socket, first: Buffer | undefined): void {
    if (this.#http !== undefined && connection.protocol === "http") {
      this.#http.take(connection, socket);
      return;
    }
    const isEncrypted = socket instanceof TLSSocket;
    const channel = new SocketChannel(socket, isEncrypted, !isEncrypted);
    this.#accept({ ...originOf(connection, socket), channel });
    if (first !== undefined) channel.received(first);
  }

  #accept(arrival: Arrival): void {
    this.counters.arrived++;
    this.#options.accept(arrival);
  }

  #closed(connection: FrontConnection): void {
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.#whenEmpty?.();
  }

  #destroyAll(): void {
    for (const { socket } of this.#connections) socket.destroy();
  }

  /** The process is out of file descriptors or memory; the listener goes on, since others may end their connections. */
  #acceptFailed(error: Error): void {
    this.counters.acceptFailed++;
    const message = `a connection could not be accepted: ${error.message}`;
    this.#front.onEvent({ cause: "acceptFailed", message, remoteAddress: "", remotePort: 0, localPort: this.port, error });
  }
}
