import type { Clock } from "@bowline/protocol/internal";
import type { CutKind, LinkOptions } from "./link-options.ts";
import { VirtualChannel } from "./virtual-channel.ts";
import { VirtualPipe } from "./virtual-pipe.ts";

/** A connection between two virtual channels, and everything that can go wrong with it. */
export class VirtualLink {
  /** May be changed at any time. */
  readonly options: LinkOptions;
  readonly client: VirtualChannel;
  readonly server: VirtualChannel;
  /** The direction from client to server: record, stall and cut it alone. */
  readonly fromClient: VirtualPipe;
  readonly fromServer: VirtualPipe;
  private readonly clock: Clock;
  private isStalled = false;
  private readonly held: (() => void)[] = [];

  /** @internal Made by the network. */
  constructor(clock: Clock, random: () => number, options: LinkOptions) {
    this.clock = clock;
    this.options = options;
    this.fromClient = this.pipe(random, () => [this.client, this.server]);
    this.fromServer = this.pipe(random, () => [this.server, this.client]);
    this.client = new VirtualChannel(clock, this, this.fromClient, this.fromServer);
    this.server = new VirtualChannel(clock, this, this.fromServer, this.fromClient);
  }

  /** True once both ends are closed. */
  get isClosed(): boolean {
    return this.client.isClosed && this.server.isClosed;
  }

  /** Ends the connection for both sides now; what is under way is lost. See `VirtualPipe.cutAfter` for a cut at a byte. */
  cut(kind: CutKind = "reset"): void {
    const cause = (): Error | undefined => (kind === "reset" ? networkError("ECONNRESET", "read") : undefined);
    this.fromClient.close();
    this.fromServer.close();
    this.client.finish(cause());
    this.server.finish(cause());
  }

  /** A pulled cable: nothing arrives in either direction and nobody is told. */
  stall(): void {
    this.isStalled = true;
    this.fromClient.stall();
    this.fromServer.stall();
  }

  /** The cable is back: what was held up arrives now. */
  release(): void {
    this.isStalled = false;
    this.fromClient.release();
    this.fromServer.release();
    for (const arrival of this.held.splice(0)) this.clock.setTimer(arrival, 0);
  }

  /** @internal Calls back when something without bytes has crossed the link: the opening of a connection, a reset. */
  travel(arrival: () => void): void {
    this.clock.setTimer(() => {
      if (this.isStalled) this.held.push(arrival);
      else arrival();
    }, this.options.latencyMs);
  }

  /** @internal */
  endFinished(): void {
    if (!this.isClosed) return;
    this.fromClient.close();
    this.fromServer.close();
  }

  private pipe(random: () => number, ends: () => [sender: VirtualChannel, receiver: VirtualChannel]): VirtualPipe {
    return new VirtualPipe(this.clock, random, this.options, {
      data: (chunk) => ends()[1].received(chunk),
      ended: () => ends()[1].endReceived(),
      drained: () => ends()[0].drained(),
      endSent: () => ends()[0].endSent(),
      refused: () => this.travel(() => ends()[0].finish(networkError("ECONNRESET", "read"))),
      cut: (kind) => this.cut(kind),
    });
  }
}

/** An error with the fields Node gives those of sockets. */
export function networkError(code: "ECONNRESET" | "ECONNREFUSED", systemCall: "read" | "connect"): Error {
  return Object.assign(new Error(`${systemCall} ${code}`), { code, syscall: systemCall });
}
