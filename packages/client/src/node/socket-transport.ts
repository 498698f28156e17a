import * as net from "node:net";
import * as tls from "node:tls";
import { keepFirstBytes, type Target, type Transport, type TransportFacts, type TransportHandler } from "../transport/transport.ts";
import { offeredTls, securedTls, serverNameOf, tlsConnectOptions } from "./tls-options.ts";

/** Up to this size a copy is cheaper than giving a whole out-buffer away. */
const COPY_BELOW = 16_384;

/** Dials mqtt, mqtts and unix targets: a TCP, TLS or Unix domain socket. */
export function dialSocket(target: Target, handler: TransportHandler): Transport {
  const transport = new SocketTransport(target.scheme, handler);
  try {
    transport.attach(openSocket(target), target);
  } catch (error) {
    // Unusable TLS material and bad ports throw at once; they are told like every other failure.
    queueMicrotask(() => transport.fail(error as Error));
  }
  return transport;
}

function openSocket(target: Target): net.Socket {
  const { scheme, host, port, path } = target;
  if (scheme === "unix") return net.connect({ path });
  if (scheme === "mqtt") return net.connect({ host, port, noDelay: true });
  return tls.connect({ host, port, ...tlsConnectOptions(target), ...target.hostOptions }).setNoDelay(true);
}

class SocketTransport implements Transport {
  handler: TransportHandler;
  readonly facts: TransportFacts;
  private socket: net.Socket | undefined;
  private readonly encrypted: boolean;
  private cause: Error | undefined;
  private isClosed = false;

  constructor(scheme: Target["scheme"], handler: TransportHandler) {
    this.handler = handler;
    this.encrypted = scheme === "mqtts";
    this.facts = { milestone: "started" };
  }

  attach(socket: net.Socket, target: Target): void {
    this.socket = socket;
    const { facts } = this;
    if (this.encrypted) facts.tls = { serverName: serverNameOf(target) ?? false, ...offeredTls(target) };
    if (net.isIP(target.host) !== 0) facts.milestone = "resolved";
    socket.on("lookup", (error, address) => {
      if (error !== null) return;
      facts.milestone = "resolved";
      facts.dns = { addresses: [...(facts.dns?.addresses ?? []), address] };
    });
    socket.on("connect", () => {
      facts.milestone = "connected";
      if (!this.encrypted) this.handler.opened();
    });
    if (this.encrypted) socket.on("secureConnect", this.secured);
    socket.on("data", this.received);
    socket.on("error", (error) => {
      this.cause ??= error;
    });
    socket.on("close", () => this.fail(this.cause));
  }

  get bufferedBytes(): number {
    return this.socket?.writableLength ?? 0;
  }

  write(bytes: Uint8Array): boolean {
    const { socket } = this;
    if (socket === undefined || !socket.writable) return true;
    if (this.encrypted) return this.writeEncrypted(socket, bytes);
    socket.write(bytes, this.written);
    // Node tries the system call at once, and then nothing refers to the bytes any more.
    return socket.writableLength === 0;
  }

  /** A TLS socket encrypts later than `write` returns, so it must own the bytes. */
  private writeEncrypted(socket: net.Socket, bytes: Uint8Array): boolean {
    const own = bytes.length < COPY_BELOW;
    socket.write(own ? Buffer.from(bytes) : bytes, this.written);
    return own;
  }

  pause(): void {
    this.socket?.pause();
  }
  resume(): void {
    this.socket?.resume();
  }
  end(): void {
    this.socket?.end();
  }
  destroy(): void {
    this.socket?.destroy();
  }

  /** Tells `closed`, once. */
  fail(cause: Error | undefined): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.handler.closed(cause);
  }

  private readonly secured = (): void => {
    const { facts, socket } = this;
    facts.milestone = "secured";
    facts.tls = { ...facts.tls, ...securedTls(socket as tls.TLSSocket) };
    this.handler.opened();
  };

  private readonly received = (chunk: Buffer): void => {
    if (this.facts.firstBytes === undefined) keepFirstBytes(this.facts, chunk);
    this.handler.data(chunk);
  };

  private readonly written = (): void => {
    if (this.socket?.writableLength === 0 && !this.isClosed) this.handler.drained();
  };
}
