import { type EventHandler, TypedEventEmitter } from "./event-emitter.ts";

/** Those of Node's streams may be listened to; only `error` and `close` are told. */
export interface ClientStreamEvents {
  error: (error: Error) => void;
  close: EventHandler;
  connect: EventHandler;
  ready: EventHandler;
  data: (chunk: Buffer) => void;
  readable: EventHandler;
  drain: EventHandler;
  end: EventHandler;
  finish: EventHandler;
  timeout: EventHandler;
}

/**
 * What remains of MQTT.js's `client.stream`: who ends or destroys it loses the connection, which comes back as after any cut, and
 * `error` and `close` are told after those of the client. As in MQTT.js each attempt has its own, and listeners hear of that one
 * alone. No bytes go through it.
 *
 * @public
 */
export class ClientStream extends TypedEventEmitter<ClientStreamEvents> {
  /** Of a WebSocket. */
  url: string | undefined = undefined;
  destroyed = false;
  private readonly breakOff: (isCut: boolean) => void;

  constructor(breakOff: (isCut: boolean) => void) {
    super();
    this.breakOff = breakOff;
    // As in MQTT.js, where the client itself listens: nobody has to.
    this.on("error", () => undefined);
  }

  end(): this {
    if (!this.destroyed) this.breakOff(false);
    return this;
  }

  destroy(_error?: Error): this {
    if (!this.destroyed) this.breakOff(true);
    return this;
  }

  /** @internal */
  failed(error: Error): void {
    this.emit("error", error);
  }

  /** @internal */
  closed(): void {
    this.destroyed = true;
    this.emit("close");
  }
}
