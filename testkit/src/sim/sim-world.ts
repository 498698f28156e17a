import { Broker } from "@bowline/broker";
import { AnonymousMethod, AuthenticatorChain, silentLogger } from "@bowline/broker/internal";
import type { QoS } from "@bowline/protocol";
import { seededRandom, VirtualClock, VirtualNetwork } from "../virtual/index.ts";
import { CoreClient } from "./core-client.ts";
import { EngineClient } from "./engine-client.ts";
import { payloadOf } from "./oracle/message-name.ts";
import { Oracle } from "./oracle/oracle.ts";
import { ProcessClock } from "./process-clock.ts";
import type { ClientSpec, LastBytes, Script } from "./script.ts";
import type { ClientWorld, SimClient } from "./sim-client.ts";
import { type DiskFaults, SimStore } from "./sim-store.ts";
import { type WireFaults, WireTap } from "./wire-tap.ts";

/** Faults that a test plants between the oracle and the broker. */
export interface PlantedFaults {
  readonly disk?: DiskFaults;
  /** One for each connection. */
  readonly wire?: () => WireFaults;
}

/** Sees every will; nothing ever happens to its link. */
export const WATCHER: ClientSpec = {
  kind: "engine",
  version: 5,
  expiry: 0xffff_ffff,
  receiveMaximum: 0,
  topicAliasMaximum: 0,
  maximumPacketSize: 0,
  acknowledgeMs: 0,
  reconnectMs: 1,
  keepAlive: 0,
};

/** A broker with its disk, its clients and the links between them, in virtual time, and the oracle that watches them. */
export class SimWorld implements ClientWorld {
  readonly clock: VirtualClock = new VirtualClock();
  readonly network: VirtualNetwork;
  readonly store: SimStore;
  readonly oracle: Oracle;
  readonly clients: SimClient[] = [];
  readonly watcher: EngineClient;
  readonly random: () => number;
  broker: Broker | undefined;
  brokerClock!: ProcessClock;
  cuts = 0;
  connections = 0;
  private readonly script: Script;
  private readonly faults: PlantedFaults;
  private readonly serverTaps = new Set<WireTap>();
  private readonly specs = new Map<string, ClientSpec>();
  private wills = 0;

  constructor(script: Script, faults: PlantedFaults = {}) {
    this.script = script;
    this.faults = faults;
    this.random = seededRandom(script.seed ^ 0x5eed);
    this.network = new VirtualNetwork(this.clock, {
      seed: script.seed,
      link: { chunking: script.chunking ?? "random", record: false },
    });
    this.store = new SimStore(faults.disk);
    this.store.commitMs = script.broker.commitMs;
    this.oracle = new Oracle({
      broker: script.broker,
      store: this.store,
      now: () => this.clock.now(),
      maximumPacketSizeOf: (client) => this.specs.get(client)?.maximumPacketSize || Number.POSITIVE_INFINITY,
    });
    this.watcher = new EngineClient("watcher", WATCHER, this);
  }

  /** Starts the broker, the watcher and the clients that connect by themselves. */
  async start(): Promise<void> {
    await this.startBroker();
    this.watcher.connect(false, undefined);
    await this.clock.advance(1 + 2 * this.store.commitMs);
    this.watcher.subscribe([{ topicFilter: "w/#", qos: 2 }], 0);
    await this.clock.advance(1 + 2 * this.store.commitMs);
    for (const [i, spec] of this.script.clients.entries()) this.clients.push(this.makeClient(`c${i}`, spec));
  }

  async startBroker(): Promise<void> {
    const { receiveMaximum, topicAliasMaximum, maximumInFlight } = this.script.broker;
    this.brokerClock = new ProcessClock(this.clock);
    const broker = new Broker({
      authenticator: new AuthenticatorChain([new AnonymousMethod()], silentLogger),
      storage: this.store.open(this.brokerClock),
      clock: this.brokerClock,
      limits: { receiveMaximum, topicAliasMaximum, maximumInFlight },
    });
    this.broker = broker;
    this.oracle.restarted();
    await broker.start();
    this.network.listen("broker", (channel) => {
      const tap = new WireTap(channel, this.oracle.serverEnd(), this.faults.wire?.() ?? {});
      this.serverTaps.add(tap);
      broker.accept({ channel: tap, tenant: "default", transport: "tcp", remoteAddress: "::1", remotePort: 1, localPort: 1883 });
    });
  }

  /** The broker's process dies, and another one starts with what is kept. */
  crash(bytes: LastBytes, downMs: number): void {
    if (this.broker === undefined) return;
    this.broker = undefined;
    this.oracle.crashed();
    this.brokerClock.kill();
    this.network.listen("broker", (channel) => channel.destroy());
    for (const tap of this.serverTaps) tap.abandon(bytes);
    this.serverTaps.clear();
    this.clock.setTimer(() => void this.startBroker(), downMs);
  }

  makeClient(name: string, spec: ClientSpec): SimClient {
    this.specs.set(name, spec);
    if (spec.kind === "engine") return new EngineClient(name, spec, this);
    return new CoreClient(name, spec, this);
  }

  // ClientWorld

  nameWill(): Uint8Array {
    return payloadOf(`w${this.wills++}`, 8);
  }

  dial(client: string): WireTap {
    this.connections++;
    return new WireTap(this.network.connect("broker"), this.oracle.clientEnd(client));
  }

  received(client: string, topicName: string, payload: Uint8Array, qos: QoS, retain: boolean): void {
    if (client === "watcher") this.oracle.sawWill(payload);
    else this.oracle.received(client, topicName, payload, qos, retain);
  }

  failed(client: string, what: string): void {
    this.oracle.violated(`${client}: ${what}`);
  }
}
