import { ownBytes } from "@bowline/protocol/internal";
import {
  type Dialer,
  keepFirstBytes,
  type Target,
  type Transport,
  type TransportFacts,
  type TransportHandler,
} from "./transport.ts";

/**
 * A byte stream both ways, as far as a client needs it: Node's Duplex, or anything of its shape.
 *
 * @public
 */
export interface DuplexStream {
  on(event: string, listener: (...args: never[]) => void): unknown;
  write(chunk: Uint8Array): boolean;
  end(): unknown;
  destroy(error?: Error): unknown;
  pause?(): unknown;
  resume?(): unknown;
  readonly writableLength?: number;
}

/** Makes the stream of one attempt; it need not be connected yet, since a stream keeps what it is given. */
export type StreamMaker = (target: Target) => DuplexStream | Promise<DuplexStream>;

/** Dials by an application's own stream. `copy` makes what the stream is given: it may keep it, so it owns the bytes. */
export function streamDialer(make: StreamMaker, copy: (bytes: Uint8Array) => Uint8Array = copyOf): Dialer {
  return (target, handler) => {
    const transport = new StreamTransport(handler, copy);
    try {
      const stream = make(target);
      if (stream instanceof Promise) stream.then(transport.attach, transport.fail);
      else transport.attach(stream);
    } catch (error) {
      queueMicrotask(() => transport.fail(error as Error));
    }
    return transport;
  };
}

function copyOf(bytes: Uint8Array): Uint8Array {
  return ownBytes(bytes, 0, bytes.length);
}

class StreamTransport implements Transport {
  handler: TransportHandler;
  readonly facts: TransportFacts = { milestone: "started" };
  private readonly copy: (bytes: Uint8Array) => Uint8Array;
  private stream: DuplexStream | undefined;
  private cause: Error | undefined;
  private isClosed = false;

  constructor(handler: TransportHandler, copy: (bytes: Uint8Array) => Uint8Array) {
    this.handler = handler;
    this.copy = copy;
  }

  readonly attach = (stream: DuplexStream): void => {
    if (this.isClosed) {
      // It was waited for, and nobody wants it any more.
      stream.on("error", () => undefined);
      stream.destroy();
      return;
    }
    this.stream = stream;
    stream.on("data", (chunk: Uint8Array) => {
      if (this.facts.firstBytes === undefined) keepFirstBytes(this.facts, chunk);
      this.handler.data(chunk);
    });
    stream.on("drain", () => this.handler.drained());
    stream.on("error", (error: Error) => {
      this.cause ??= error;
    });
    stream.on("close", () => this.fail(this.cause));
    // Not every stream closes itself after its end.
    stream.on("end", () => stream.destroy());
    queueMicrotask(() => !this.isClosed && this.handler.opened());
  };

  get bufferedBytes(): number {
    return this.stream?.writableLength ?? 0;
  }

  write(bytes: Uint8Array): boolean {
    this.stream?.write(this.copy(bytes));
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
    if (this.stream !== undefined) this.stream.destroy();
    else queueMicrotask(() => this.fail(undefined));
  }

  /** Tells `closed`, once. */
  readonly fail = (cause: Error | undefined): void => {
    if (this.isClosed) return;
    this.isClosed = true;
    this.handler.closed(cause);
  };
}
