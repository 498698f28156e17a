import type { Dialer, Target, Transport, TransportFacts, TransportHandler } from "../transport/transport.ts";

/** Loads what dials. It costs more than the rest of a small program, and who speaks MQTT over TCP never needs it. */
async function load(): Promise<Dialer> {
  loaded ??= (await import("./web-socket-transport.ts")).dialWebSocket;
  return loaded;
}

let loaded: Dialer | undefined;

/** Dials ws and wss targets; the first time after a moment, in which the program that does so is loaded. */
export function dialWebSocketOnDemand(target: Target, handler: TransportHandler): Transport {
  return loaded === undefined ? new LoadingTransport(target, handler) : loaded(target, handler);
}

/** Stands for a WebSocket until it can be dialled, and passes on what is asked of it from then on. */
class LoadingTransport implements Transport {
  handler: TransportHandler;
  private transport: Transport | undefined;
  private readonly ownFacts: TransportFacts = { milestone: "started" };
  private isDestroyed = false;

  constructor(target: Target, handler: TransportHandler) {
    this.handler = handler;
    void load().then(
      (dial) => {
        if (this.isDestroyed) this.handler.closed(undefined);
        else this.transport = dial(target, this.handler);
      },
      (cause: unknown) => this.handler.closed(cause as Error),
    );
  }

  get facts(): TransportFacts {
    return this.transport?.facts ?? this.ownFacts;
  }

  get bufferedBytes(): number {
    return this.transport?.bufferedBytes ?? 0;
  }

  write(bytes: Uint8Array): boolean {
    return this.transport?.write(bytes) ?? true;
  }

  pause(): void {
    this.transport?.pause();
  }

  resume(): void {
    this.transport?.resume();
  }

  end(isOver?: boolean): void {
    if (this.transport === undefined) this.isDestroyed = true;
    else this.transport.end(isOver);
  }

  destroy(): void {
    if (this.transport === undefined) this.isDestroyed = true;
    else this.transport.destroy();
  }
}
