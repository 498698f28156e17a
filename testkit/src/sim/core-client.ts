import { type Client, connect, type WillOptions } from "@bowline/client";
import type { QoS } from "@bowline/protocol";
import { ProcessClock } from "./process-clock.ts";
import type { ClientSpec, FilterSpec, LastBytes, WillSpec } from "./script.ts";
import type { ClientWorld, SimClient } from "./sim-client.ts";
import type { WireTap } from "./wire-tap.ts";

/**
 * The whole `@bowline/client` on the virtual clock and network. It connects and comes back by itself. A crash loses what it
 * had in memory; the new process starts with a clean session, as who has no state must.
 */
export class CoreClient implements SimClient {
  readonly name: string;
  readonly spec: ClientSpec;
  tap: WireTap | undefined;
  private readonly world: ClientWorld;
  private clock!: ProcessClock;
  private client!: Client;
  private unsettled = 0;
  private failures: string[] = [];

  constructor(name: string, spec: ClientSpec, world: ClientWorld) {
    this.name = name;
    this.spec = spec;
    this.world = world;
    this.start(spec.expiry === 0);
  }

  connect(): void {
    this.client.reconnect();
  }

  subscribe(filters: readonly FilterSpec[]): void {
    for (const { topicFilter, ...options } of filters) {
      const { noLocal: _noLocal, ...rest } = options;
      const subscription = this.client.subscribe(topicFilter, this.spec.version === 5 ? rest : { qos: rest.qos }, () => undefined);
      // A close of the client rejects what was not granted.
      subscription.ready.catch(() => undefined);
    }
  }

  unsubscribe(): void {
    // A filter is given up by whoever holds its subscription; the engine clients do it by name.
  }

  publish(topicName: string, payload: Uint8Array, qos: QoS, retain: boolean, expiry: number): void {
    const publication = this.client.publish(topicName, payload, {
      qos,
      retain,
      ...(expiry > 0 && this.spec.version === 5 ? { messageExpiryInterval: expiry } : {}),
    });
    this.unsettled++;
    const { client } = this;
    publication.then(
      () => {
        if (client === this.client) this.unsettled--;
      },
      (error: Error) => {
        if (client !== this.client) return;
        this.unsettled--;
        if (expiry === 0) this.failures.push(`a publication failed: ${error.message}`);
      },
    );
  }

  disconnect(): void {
    // The client leaves by `close` alone, at the end of the run.
  }

  crash(bytes: LastBytes): void {
    if (this.spec.version === 4) return;
    this.clock.kill();
    this.tap?.abandon(bytes);
    this.tap = undefined;
    this.unsettled = 0;
    this.start(true);
  }

  heal(): void {
    this.client.reconnect();
  }

  leftOver(): string[] {
    const left = this.failures.map((what) => `${this.name}: ${what}`);
    if (this.client.status.state !== "online") left.push(`${this.name} is ${this.client.status.state}`);
    if (this.unsettled > 0) left.push(`${this.name}: ${this.unsettled} publications are not settled`);
    if (this.client.bufferedAmount > 0) left.push(`${this.name}: ${this.client.bufferedAmount} bytes are buffered`);
    return left;
  }

  close(): void {
    void this.client.close();
  }

  /** Timers of its process. */
  get pendingTimers(): number {
    return this.clock.pendingTimers;
  }

  private start(cleanStart: boolean): void {
    const { version, expiry, receiveMaximum, topicAliasMaximum, maximumPacketSize, reconnectMs, keepAlive, will } = this.spec;
    const clock = new ProcessClock(this.world.clock);
    this.clock = clock;
    const client = connect("mqtt://broker", {
      protocolVersion: version,
      clock,
      random: () => this.world.random(),
      session: { clientId: this.name, expiryInterval: expiry, ...(version === 5 ? { cleanStart } : {}) },
      keepAlive,
      topicAliasMaximum,
      ...(receiveMaximum > 0 ? { receiveMaximum } : {}),
      ...(maximumPacketSize > 0 ? { maximumPacketSize } : {}),
      reconnect: { delay: () => reconnectMs, maximumTakeovers: 0 },
      ...(will === undefined ? {} : { will: this.willOptions(will) }),
      transport: (_target, handler) => {
        const tap = this.world.dial(this.name);
        tap.inner.keepsChunks = true;
        tap.handler = handler;
        this.tap = tap;
        return tap;
      },
    });
    client.on("attemptFailed", () => undefined);
    client.on("message", (message) => {
      const { topicName, payload, qos, retain } = message;
      if (clock === this.clock) this.world.received(this.name, topicName, payload, qos, retain);
    });
    this.client = client;
  }

  /** The same for all connections of one process. */
  private willOptions({ qos, retain, delay }: WillSpec): WillOptions {
    const isFive = this.spec.version === 5;
    const payload = this.world.nameWill();
    return { topicName: `w/${this.name}`, payload, qos, retain, ...(isFive && delay > 0 ? { delayInterval: delay } : {}) };
  }
}
