import type { Socket } from "node:net";
import type { Channel, ChannelHandler } from "@bowline/protocol/internal";
import { type OnRead, useSharedReadBuffer } from "./shared-read-buffer.ts";

/** How long the peer may take to read what was written before `end`; what is left then is lost. */
const FLUSH_DEADLINE_MS = 5_000;
/** How long the peer may take to answer our FIN with its own. */
const CLOSE_DEADLINE_MS = 1_000;
const NOTHING: Uint8Array = new Uint8Array(0);

/**
 * A Channel over a TCP, unix or TLS socket.
 *
 * A broker holds very many idle ones, so a channel is one object: the socket's listeners are functions shared by all channels, which find
 * theirs by a symbol on the socket.
 */
export class SocketChannel implements Channel {
  handler: ChannelHandler = silentHandler;
  readonly #socket: Socket;
  readonly #isEncrypted: boolean;
  /** Called after each write. Made by the first that the system does not take whole: most clients never need one. */
  #written: (() => void) | undefined;
  #owesDrained = false;
  #isEnding = false;
  #deadline: NodeJS.Timeout | undefined;
  #cause: Error | undefined;

  /**
   * Begins to read in the next tick, so that the handler can be set first.
   *
   * @param isHeard Whether somebody listens to the socket already and tells `channelOf` of its errors and its close.
   */
  constructor(socket: Socket, isEncrypted: boolean, isHeard: boolean = false) {
    this.#socket = socket;
    this.#isEncrypted = isEncrypted;
    if (isEncrypted) this.#written = () => this.#settleDrained();
    const owned = socket as ChannelSocket;
    owned[ownChannel] = this;
    // Node's own listener keeps whoever writes from writing after the end, which `#isEnding` does.
    owned.removeAllListeners("end").on("end", onEnd);
    if (!isHeard) owned.on("error", onError).on("close", onClose);
    const isShared = useSharedReadBuffer(socket, onRead as OnRead);
    if (!isShared || isEncrypted || owned.readableLength > 0) owned.on("data", onData);
    owned.resume();
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  write(bytes: Uint8Array): boolean {
    const socket = this.#socket;
    // An empty write makes a TLS socket read on at once, which would change the shared buffer under whoever is reading from it.
    if (this.#isEnding || socket.destroyed || bytes.length === 0) return true;
    socket.write(bytes, this.#written);
    // A TLS socket may still encrypt from the array later, whatever it says of its own buffer.
    if (!this.#isEncrypted && socket.writableLength === 0) return true;
    this.#owesDrained = true;
    if (this.#written === undefined) {
      this.#written = () => this.#settleDrained();
      // It waits behind the bytes that do.
      socket.write(NOTHING, this.#written);
    }
    return false;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(isOver = false): void {
    if (this.#isEnding || this.#socket.destroyed) return;
    this.#isEnding = true;
    // What the system has taken goes out still, and saves a shutdown, two timers and the wait for its end. TLS owes a goodbye.
    if (isOver && !this.#isEncrypted && this.#socket.writableLength === 0) {
      this.#socket.destroy();
      return;
    }
    this.#deadline = setTimeout(destroySocket, FLUSH_DEADLINE_MS, this.#socket);
    this.#socket.end(() => this.#flushed());
    // Closing with unread bytes makes the system send a reset, which can overtake our last packet: so they are read and dropped.
    this.#socket.resume();
  }

  destroy(): void {
    this.#isEnding = true;
    this.#socket.destroy();
  }

  #flushed(): void {
    clearTimeout(this.#deadline);
    if (!this.#socket.destroyed) this.#deadline = setTimeout(destroySocket, CLOSE_DEADLINE_MS, this.#socket);
  }

  #settleDrained(): void {
    if (!this.#owesDrained || this.#isEnding || this.#socket.writableLength !== 0) return;
    this.#owesDrained = false;
    this.handler.drained();
  }

  /** @internal */
  received(chunk: Uint8Array): void {
    if (!this.#isEnding) this.handler.data(chunk);
  }

  /** @internal */
  failed(cause: Error): void {
    this.#cause ??= cause;
  }

  /** @internal */
  closed(): void {
    clearTimeout(this.#deadline);
    this.#isEnding = true;
    this.handler.closed(this.#cause);
  }
}

const ownChannel = Symbol("channel");
type ChannelSocket = Socket & { [ownChannel]: SocketChannel };

/** The channel over a socket; undefined where it has none. */
export function channelOf(socket: Socket): SocketChannel | undefined {
  return (socket as Partial<ChannelSocket>)[ownChannel];
}

const silentHandler: ChannelHandler = { data() {}, drained() {}, closed() {} };

function onRead(this: ChannelSocket, length: number, buffer: Buffer): boolean {
  this[ownChannel].received(buffer.subarray(0, length));
  return true;
}

/** What the front put back, and everything where the read buffer cannot be shared. */
function onData(this: ChannelSocket, chunk: Uint8Array): void {
  this[ownChannel].received(chunk);
}

/** The peer will send nothing more; without half-open connections that is the end of ours too, once the rest has gone out. */
function onEnd(this: ChannelSocket): void {
  this[ownChannel].end();
}

function onError(this: ChannelSocket, cause: Error): void {
  this[ownChannel].failed(cause);
}

function onClose(this: ChannelSocket): void {
  this[ownChannel].closed();
}

function destroySocket(socket: Socket): void {
  socket.destroy();
}
