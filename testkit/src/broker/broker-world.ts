import type { ConnectPacket, ProtocolVersion } from "@bowline/protocol";
import { Broker, type BrokerOptions } from "@bowline/broker";
import { AnonymousMethod, AuthenticatorChain, silentLogger } from "@bowline/broker/internal";
import { VirtualClock, VirtualNetwork } from "../virtual/index.ts";
import { TestClient } from "./test-client.ts";
import { TestStore } from "./test-store.ts";

export type WorldOptions = Partial<
  Pick<BrokerOptions, "limits" | "access" | "storage" | "authenticator" | "redirect" | "logger">
> & { seed?: number };

/**
 * A broker in virtual time on a network without sockets, with a disk that the test commands. `settle` lets everything happen
 * that needs no time; only `clock.advance` lets time pass.
 */
export class BrokerWorld {
  readonly clock: VirtualClock = new VirtualClock();
  readonly network: VirtualNetwork;
  readonly store: TestStore = new TestStore((callback) => {
    this.clock.setTimer(callback, 0);
  });
  broker!: Broker;
  private readonly options: WorldOptions;
  private made = 0;

  /** Use BrokerWorld.start. */
  private constructor(options: WorldOptions) {
    this.options = options;
    this.network = new VirtualNetwork(this.clock, options.seed === undefined ? {} : { seed: options.seed });
  }

  static async start(options: WorldOptions = {}): Promise<BrokerWorld> {
    const world = new BrokerWorld(options);
    await world.open();
    return world;
  }

  readonly settle = async (): Promise<void> => {
    // What the last timer set off may set timers that are due now.
    for (let i = 0; i < 3; i++) await this.clock.advance(0);
  };

  /** A client whose CONNECT is still to be sent. */
  dial(version: ProtocolVersion = 5): TestClient {
    return new TestClient(version, this.network.connect("broker"), this.settle);
  }

  /** A client that is connected. */
  async client(version: ProtocolVersion = 5, changes: Partial<ConnectPacket> = {}): Promise<TestClient> {
    const client = this.dial(version);
    await client.connect({ clientIdentifier: `client-${++this.made}`, ...changes });
    return client;
  }

  /** The broker dies without a word, and another one starts with what was committed. */
  async crash(): Promise<void> {
    this.abandon();
    await this.open();
  }

  /** The broker stops properly, and another one starts. */
  async restart(): Promise<void> {
    const closed = this.broker.close();
    await this.settle();
    await this.clock.advance(2_000);
    await closed;
    await this.open();
  }

  /** A broker that is gone hears nothing, and its links are cut. */
  private abandon(): void {
    const silent = { data() {}, drained() {}, closed() {} };
    for (const connection of this.broker.connections()) connection.arrival.channel.handler = silent;
    for (const link of this.network.links) link.cut();
  }

  private async open(): Promise<void> {
    const { seed: _seed, ...options } = this.options;
    this.broker = new Broker({
      authenticator: new AuthenticatorChain([new AnonymousMethod()], silentLogger),
      ...options,
      storage: options.storage ?? this.store.open(),
      clock: this.clock,
    });
    await this.broker.start();
    const { broker } = this;
    this.network.listen("broker", (channel) => {
      broker.accept({ channel, tenant: "default", transport: "tcp", remoteAddress: "127.0.0.1", remotePort: 1, localPort: 1883 });
    });
    await this.settle();
  }
}
