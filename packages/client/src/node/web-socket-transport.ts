import type { Agent, ClientRequest, IncomingMessage } from "node:http";
import { randomFillSync } from "node:crypto";
import type { Socket } from "node:net";
import type { ConnectionOptions, TLSSocket } from "node:tls";
import type { HttpFacts } from "@bowline/protocol/internal";
import { WebSocket } from "ws";
import {
  keepFirstBytes,
  subprotocolOf,
  type Target,
  type Transport,
  type TransportFacts,
  type TransportHandler,
} from "../transport/transport.ts";
import { SocketDial } from "./socket-dial.ts";
import { offeredTls, securedTls, serverNameOf, tlsConnectOptions } from "./tls-options.ts";

/** What of the package's options depends on who opens the socket. */
type Opening = ConnectionOptions & {
  readonly createConnection?: () => Socket;
  readonly agent?: Agent;
  readonly finishRequest?: (request: ClientRequest) => void;
};

/** Dials ws and wss targets with the `ws` package: binary frames, no compression, no redirects. */
export function dialWebSocket(target: Target, handler: TransportHandler): Transport {
  return new WebSocketTransport(target, handler);
}

class WebSocketTransport implements Transport {
  handler: TransportHandler;
  readonly facts: TransportFacts = { milestone: "started" };
  private readonly target: Target;
  private readonly dial: SocketDial | undefined;
  private socket: WebSocket | undefined;
  private cause: Error | undefined;
  /** The WebSocket has told its end; what it stands on may be open yet. */
  private hasEnded = false;
  private isClosed = false;

  constructor(target: Target, handler: TransportHandler) {
    this.handler = handler;
    this.target = target;
    this.facts.ws = { everOpened: false, offered: [subprotocolOf(target)] };
    // An agent opens sockets itself, and its facts are what can be seen from outside.
    if (opensItself(target)) this.attachAgent();
    else this.dial = new SocketDial(target, this.facts, this);
  }

  /** The socket for the upgrade stands. */
  opened(raw: Socket): void {
    this.attach({ createConnection: () => raw });
  }

  /** The socket under the WebSocket is closed; the WebSocket tells its own end, if it ever began. */
  closed(cause: Error | undefined): void {
    this.cause ??= cause;
    if (this.socket === undefined || this.hasEnded) this.fail();
  }

  private attachAgent(): void {
    const { target, facts } = this;
    const { agent } = target.socket ?? {};
    if (target.scheme === "wss") facts.tls = { serverName: serverNameOf(target) ?? false, ...offeredTls(target) };
    const finishRequest = (request: ClientRequest): void => {
      request.on("socket", (raw) => watchHandshake(raw, facts));
      request.end();
    };
    try {
      this.attach({ ...tlsConnectOptions(target), ...(agent === undefined ? {} : { agent: agent as Agent }), finishRequest });
    } catch (error) {
      this.cause = error as Error;
      queueMicrotask(() => this.fail());
    }
  }

  private attach(options: Opening): void {
    const { target, facts } = this;
    const socket = new WebSocket(target.url, subprotocolOf(target), {
      perMessageDeflate: false,
      followRedirects: false,
      ...options,
      ...target.hostOptions,
      ...(options.createConnection === undefined ? {} : { createConnection: options.createConnection }),
      // The client's own limit closes with a reason; the package's must not come first.
      maxPayload: 0,
      headers: { ...target.headers },
      generateMask,
    });
    this.socket = socket;
    socket.on("upgrade", (response) => {
      const chosen = response.headers["sec-websocket-protocol"] ?? "";
      facts.ws = { ...facts.ws, chosen };
    });
    socket.on("unexpected-response", (request, response) => this.refused(request, response));
    socket.on("open", () => {
      facts.milestone = "upgraded";
      facts.ws = { ...facts.ws, everOpened: true };
      this.handler.opened();
    });
    socket.on("message", this.received);
    socket.on("error", (error: Error & { readonly rawPacket?: unknown }) => {
      this.cause = this.cause ?? error;
      // What came instead of HTTP says what the port speaks.
      if (error.rawPacket instanceof Uint8Array) keepFirstBytes(facts, error.rawPacket);
    });
    socket.on("close", (code, reason) => {
      facts.ws = { ...facts.ws, closeCode: code, closeReason: reason.toString() };
      this.hasEnded = true;
      if (this.dial === undefined || this.dial.isClosed) this.fail();
      else this.dial.destroy();
    });
  }

  get bufferedBytes(): number {
    return this.socket?.bufferedAmount ?? 0;
  }

  write(bytes: Uint8Array): boolean {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(bytes, this.written);
    // The package masks a copy of its own before `send` returns: it treats foreign bytes as read-only.
    return true;
  }

  pause(): void {
    this.socket?.pause();
  }
  resume(): void {
    this.socket?.resume();
  }
  end(): void {
    this.socket?.close(1000);
  }
  destroy(): void {
    this.socket?.terminate();
    this.dial?.destroy();
  }

  /** Tells `closed`, once. */
  private fail(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.handler.closed(this.cause);
  }

  /** An answer other than 101: what it says is the diagnosis, and then the socket goes. */
  private refused(request: ClientRequest, response: IncomingMessage): void {
    this.facts.http = httpFacts(response);
    this.cause ??= new Error(`Unexpected server response: ${response.statusCode}`);
    const finish = (): void => {
      clearTimeout(timer);
      request.destroy();
      this.socket?.terminate();
    };
    // The first words of the answer often name the fault, such as plain HTTP at a TLS port.
    const timer = setTimeout(finish, BODY_WITHIN_MS);
    response.once("data", (chunk: Buffer) => {
      this.facts.http = { ...httpFacts(response), bodyStart: chunk.toString("latin1", 0, BODY_BYTES) };
      finish();
    });
    response.once("end", finish);
    response.once("error", finish);
  }

  private readonly received = (data: unknown, isBinary: boolean): void => {
    if (this.isClosed) return;
    const chunk = data as Buffer;
    if (this.facts.firstBytes === undefined) keepFirstBytes(this.facts, chunk);
    if (isBinary) {
      this.handler.data(chunk);
      return;
    }
    // [MQTT-6.0.0-1]: data frames that are not binary close the connection.
    this.facts.ws = { ...this.facts.ws, gotTextFrame: true };
    this.cause ??= new Error("a text frame came where MQTT was expected");
    this.socket?.close(1003);
  };

  private readonly written = (): void => {
    if (this.socket?.bufferedAmount === 0 && !this.isClosed) this.handler.drained();
  };
}

/** Whether the application chose how the socket under the WebSocket is opened. */
function opensItself({ socket, hostOptions, proxy }: Target): boolean {
  if (proxy !== undefined) return false;
  return [socket?.agent, hostOptions?.["agent"], hostOptions?.["createConnection"]].some((given) => given !== undefined);
}

function watchHandshake(raw: Socket, facts: TransportFacts): void {
  raw.once("lookup", (error: Error | null, address: string) => {
    if (error !== null) return;
    facts.milestone = "resolved";
    facts.dns = { addresses: [address] };
  });
  raw.once("connect", () => {
    facts.milestone = "connected";
  });
  raw.once("secureConnect", () => {
    facts.milestone = "secured";
    facts.tls = { ...facts.tls, ...securedTls(raw as TLSSocket) };
  });
}

/**
 * With a mask of zeros the package would hand the caller's own bytes to the socket; any other mask makes it copy, which is what
 * lets `write` give the out-buffer back at once.
 */
function generateMask(mask: Buffer): void {
  randomFillSync(mask);
  if (mask[0] === 0) mask[0] = 1;
}

/** How long a refusal's text is waited for, and how much of it is kept. */
const BODY_WITHIN_MS = 250;
const BODY_BYTES = 512;

function httpFacts(response: IncomingMessage): HttpFacts {
  const header = (name: string): string | undefined => {
    const value = response.headers[name];
    return value === undefined ? undefined : String(value);
  };
  const facts: { -readonly [Name in keyof HttpFacts]: HttpFacts[Name] | undefined } = {
    status: response.statusCode ?? 0,
    server: header("server"),
    location: header("location"),
    retryAfter: header("retry-after"),
    wwwAuthenticate: header("www-authenticate"),
    upgrade: header("upgrade"),
    contentType: header("content-type"),
    amznErrorType: header("x-amzn-errortype"),
  };
  const date = Date.parse(header("date") ?? "");
  if (!Number.isNaN(date)) facts.dateMs = date;
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as unknown as HttpFacts;
}
