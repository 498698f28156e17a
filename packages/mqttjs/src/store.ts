import type { EventHandler } from "./event-emitter.ts";
import { TypedEventEmitter } from "./event-emitter.ts";
import type { Packet } from "./packets.ts";

export interface IStoreOptions {
  /** False keeps the packets when the store is closed. Default true. */
  clean?: boolean;
}
type DoneCallback = (error?: Error) => void;
type StoreCallback = (error?: Error, packet?: Packet) => void;
type Identified = Pick<Packet, "messageId">;

/** What a store's packets are read with: a Readable of Node's or readable-stream's in object mode, or anything of that shape. */
export interface PacketStream extends AsyncIterable<Packet> {
  on(event: string, listener: (...args: never[]) => void): unknown;
  once(event: string, listener: (...args: never[]) => void): unknown;
  read(size?: number): unknown;
  destroy(error?: Error): unknown;
}

/** Keeps packets by their Packet Identifier, as in MQTT.js: `mqtt-level-store` is one, and so is `Store`. */
export interface IStore {
  put(packet: Packet, cb: DoneCallback): IStore;
  /** Its packets, in the order in which they were put. */
  createStream(): PacketStream;
  del(packet: Identified, cb: StoreCallback): IStore;
  get(packet: Identified, cb: StoreCallback): IStore;
  close(cb: DoneCallback): void;
}

/**
 * Packets in memory: for a client that is ended and comes back within one program.
 *
 * @public
 */
export class Store implements IStore {
  private readonly isCleaned: boolean;
  /** Named as in MQTT.js, whose users look at it. */
  protected _inflights: Map<number, Packet> = new Map();

  constructor({ clean = true }: IStoreOptions = {}) {
    this.isCleaned = clean;
  }

  put(packet: Packet, cb?: DoneCallback): this {
    this._inflights.set(packet.messageId ?? 0, packet);
    cb?.();
    return this;
  }

  createStream(): PacketStream {
    return new MemoryStream([...this._inflights.values()]);
  }

  del(packet: Identified, cb?: StoreCallback): this {
    const found = this._inflights.get(packet.messageId ?? 0);
    this._inflights.delete(packet.messageId ?? 0);
    return answer(this, found, cb);
  }

  get(packet: Identified, cb?: StoreCallback): this {
    return answer(this, this._inflights.get(packet.messageId ?? 0), cb);
  }

  close(cb?: DoneCallback): void {
    if (this.isCleaned) this._inflights.clear();
    cb?.();
  }
}

function answer<This>(store: This, found: Packet | undefined, cb: StoreCallback | undefined): This {
  if (found === undefined) cb?.(new Error("missing packet"));
  else cb?.(null as unknown as undefined, found);
  return store;
}

interface StreamEvents {
  data: (packet: Packet) => void;
  readable: EventHandler;
  end: EventHandler;
  close: EventHandler;
  error: EventHandler;
}

/** As much of a Readable as those who read a store use, for hosts that have none. */
class MemoryStream extends TypedEventEmitter<StreamEvents> implements PacketStream {
  private readonly packets: Packet[];
  private isOver = false;

  constructor(packets: Packet[]) {
    super();
    this.packets = packets;
  }

  override on<Name extends keyof StreamEvents>(event: Name, callback: StreamEvents[Name]): this {
    super.on(event, callback);
    if (event === "data") this.later(() => this.flow());
    else if (event === "readable") this.later(() => this.emit("readable"));
    return this;
  }

  override once<Name extends keyof StreamEvents>(event: Name, callback: StreamEvents[Name]): this {
    super.once(event, callback);
    if (event === "readable") this.later(() => this.emit("readable"));
    return this;
  }

  read(): Packet | null {
    const packet = this.packets.shift();
    if (packet === undefined) this.later(() => this.finish(true));
    return packet ?? null;
  }

  destroy(): this {
    this.later(() => this.finish(false));
    return this;
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Packet> {
    for (let packet = this.read(); packet !== null; packet = this.read()) yield packet;
  }

  private flow(): void {
    for (let packet = this.read(); packet !== null && !this.isOver; packet = this.read()) this.emit("data", packet);
  }

  private later(call: () => void): void {
    queueMicrotask(() => {
      if (!this.isOver) call();
    });
  }

  private finish(isEnd: boolean): void {
    this.isOver = true;
    if (isEnd) this.emit("end");
    this.emit("close");
  }
}
