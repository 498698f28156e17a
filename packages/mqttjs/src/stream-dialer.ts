import type { Dialer, Transport, TransportFacts, TransportHandler } from "@bowline/client/internal";
import { ownBytes } from "@bowline/protocol/internal";
import type { IStream } from "./options.ts";
import { asBuffer } from "./payload.ts";

/** Dials by an application's own stream, which need have no more than the shape of a Duplex. */
export function streamDialer(build: () => IStream): Dialer {
  return (_target, handler) => {
    const transport = new StreamTransport(handler);
    try {
      transport.attach(build());
    } catch (error) {
      queueMicrotask(() => transport.fail(error as Error));
    }
    return transport;
  };
}

class StreamTransport implements Transport {
  handler: TransportHandler;
  readonly facts: TransportFacts = { milestone: "started" };
  private stream: IStream | undefined;
  private cause: Error | undefined;
  private isClosed = false;

  constructor(handler: TransportHandler) {
    this.handler = handler;
  }

  attach(stream: IStream): void {
    this.stream = stream;
    stream.on("data", (chunk: Uint8Array) => this.handler.data(chunk));
    stream.on("drain", () => this.handler.drained());
    stream.on("error", (error: Error) => {
      this.cause ??= error;
    });
    stream.on("close", () => this.fail(this.cause));
    // Not every stream closes itself after its end.
    stream.on("end", () => stream.destroy());
    // As in MQTT.js, the CONNECT is written at once: a stream that is still connecting keeps it.
    queueMicrotask(() => !this.isClosed && this.handler.opened());
  }

  get bufferedBytes(): number {
    return this.stream?.writableLength ?? 0;
  }

  /** The stream may keep what it is given, so it owns the bytes. */
  write(bytes: Uint8Array): boolean {
    this.stream?.write(asBuffer(ownBytes(bytes, 0, bytes.length)));
    return true;
  }

  pause(): void {
    this.stream?.pause?.();
  }
  resume(): void {
    this.stream?.resume?.();
  }
  end(): void {
    this.stream?.end();
  }
  destroy(): void {
    this.stream?.destroy();
  }

  /** Tells `closed`, once. */
  fail(cause: Error | undefined): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.handler.closed(cause);
  }
}
