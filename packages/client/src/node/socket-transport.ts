import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { classifyFirstBytes } from "@bowline/protocol/internal";
import { keepFirstBytes, type Target, type Transport, type TransportFacts, type TransportHandler } from "../transport/transport.ts";
import { SocketDial } from "./socket-dial.ts";

/** Up to this size a copy is cheaper than giving a whole out-buffer away. */
const COPY_BELOW = 16_384;

/** Dials mqtt, mqtts and unix targets: a TCP, TLS or Unix domain socket. */
export function dialSocket(target: Target, handler: TransportHandler): Transport {
  return new SocketTransport(target, handler);
}

class SocketTransport implements Transport {
  handler: TransportHandler;
  readonly facts: TransportFacts = { milestone: "started" };
  private readonly dial: SocketDial;
  private socket: Socket | undefined;
  /** Also where only the way to a proxy is encrypted. */
  private encrypted = false;
  private isClosed = false;

  constructor(target: Target, handler: TransportHandler) {
    this.handler = handler;
    this.dial = new SocketDial(target, this.facts, this);
  }

  opened(socket: Socket): void {
    this.socket = socket;
    this.encrypted = socket instanceof TLSSocket;
    socket.on("data", this.received);
    this.handler.opened();
  }

  /** Tells `closed`, once. */
  closed(cause: Error | undefined): void {
    this.isClosed = true;
    this.handler.closed(cause);
  }

  get bufferedBytes(): number {
    return this.socket?.writableLength ?? 0;
  }

  write(bytes: Uint8Array): boolean {
    const { socket } = this;
    if (socket === undefined || !socket.writable) return true;
    if (this.encrypted) return this.writeEncrypted(socket, bytes);
    // Behind a peer that does not read, a few bytes must not hold a whole out-buffer each.
    if (socket.writableLength > 0 && bytes.length < COPY_BELOW) {
      socket.write(Buffer.from(bytes), this.written);
      return true;
    }
    socket.write(bytes, this.written);
    // Node tries the system call at once, and then nothing refers to the bytes any more.
    return socket.writableLength === 0;
  }

  /** A TLS socket encrypts later than `write` returns, so it must own the bytes. */
  private writeEncrypted(socket: Socket, bytes: Uint8Array): boolean {
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
    this.dial.destroy();
  }

  private readonly received = (chunk: Buffer): void => {
    if (this.facts.firstBytes === undefined && this.isForeign(chunk)) this.destroy();
    else this.handler.data(chunk);
  };

  /** Whether the first bytes are another service's, some of which look like a packet that is still to come. */
  private isForeign(chunk: Buffer): boolean {
    keepFirstBytes(this.facts, chunk);
    return !["connack", "disconnect", "auth", "unknown"].includes(classifyFirstBytes(chunk));
  }

  private readonly written = (): void => {
    if (this.socket?.writableLength === 0 && !this.isClosed) this.handler.drained();
  };
}
