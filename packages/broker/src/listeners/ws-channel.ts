import type { Socket } from "node:net";
import type { Channel, ChannelHandler } from "@bowline/protocol/internal";
import type { WebSocket } from "ws";

/** Close codes of RFC 6455 section 7.4.1. */
const CLOSE_NORMAL = 1000;
const CLOSE_UNSUPPORTED_DATA = 1003;
/** Never on the wire: there was no close frame. */
const CLOSE_ABNORMAL = 1006;

/**
 * A Channel over a WebSocket. MQTT packets may be split over frames or share one, [MQTT-6.0.0-2], so frames do not show here: each one is
 * a chunk of the byte stream. A text frame breaks [MQTT-6.0.0-1] and closes with 1003.
 */
export class WebSocketChannel implements Channel {
  handler: ChannelHandler = silentHandler;
  readonly #webSocket: OwnedWebSocket;
  /** The socket below: what it has not sent yet is all that is buffered, since nothing is compressed. */
  readonly #socket: Socket;
  readonly #isEncrypted: boolean;
  readonly #written: () => void;
  #owesDrained = false;
  #isEnding = false;
  #cause: Error | undefined;
  /** The peer sent its close frame: it left, and was not lost. */
  isClosedByFrame = false;

  constructor(webSocket: WebSocket, socket: Socket, isEncrypted: boolean) {
    this.#webSocket = webSocket as OwnedWebSocket;
    this.#socket = socket;
    this.#isEncrypted = isEncrypted;
    this.#written = () => this.#settleDrained();
    this.#webSocket[channelOf] = this;
    this.#webSocket.on("message", onMessage).on("error", onError).on("close", onClose);
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#isEnding || this.#webSocket.readyState !== this.#webSocket.OPEN) return true;
    this.#webSocket.send(bytes, SEND_OPTIONS, this.#written);
    if (!this.#isEncrypted && this.#socket.writableLength === 0) return true;
    this.#owesDrained = true;
    return false;
  }

  pause(): void {
    this.#webSocket.pause();
  }

  resume(): void {
    this.#webSocket.resume();
  }

  end(): void {
    this.#close(CLOSE_NORMAL);
  }

  destroy(): void {
    this.#isEnding = true;
    this.#webSocket.terminate();
  }

  #close(code: number, reason?: string): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#webSocket.close(code, reason);
    // A paused socket would never read the peer's close frame.
    this.#webSocket.resume();
  }

  #settleDrained(): void {
    if (!this.#owesDrained || this.#isEnding || this.#socket.writableLength !== 0) return;
    this.#owesDrained = false;
    this.handler.drained();
  }

  /** @internal */
  received(data: Uint8Array, isBinary: boolean): void {
    if (this.#isEnding) return;
    if (isBinary) this.handler.data(data);
    else this.#close(CLOSE_UNSUPPORTED_DATA, "MQTT needs binary frames");
  }

  /** @internal */
  failed(cause: Error): void {
    this.#cause ??= cause;
  }

  /** @internal */
  closed(code: number): void {
    this.isClosedByFrame = code !== CLOSE_ABNORMAL;
    this.#isEnding = true;
    this.handler.closed(this.#cause);
  }
}

const SEND_OPTIONS = { binary: true } as const;

const channelOf = Symbol("channel");
type OwnedWebSocket = WebSocket & { [channelOf]: WebSocketChannel };

const silentHandler: ChannelHandler = { data() {}, drained() {}, closed() {} };

function onMessage(this: WebSocket, data: unknown, isBinary: boolean): void {
  // With the binary type `nodebuffer`, which is the default, every message is one Buffer.
  (this as OwnedWebSocket)[channelOf].received(data as Uint8Array, isBinary);
}

function onError(this: WebSocket, cause: Error): void {
  (this as OwnedWebSocket)[channelOf].failed(cause);
}

function onClose(this: WebSocket, code: number): void {
  (this as OwnedWebSocket)[channelOf].closed(code);
}
