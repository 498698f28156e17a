import type { Channel, ChannelHandler, Clock, TimerHandle } from "@bowline/protocol/internal";
import type { CutKind, LinkOptions } from "./link-options.ts";
import { VirtualPipe } from "./virtual-pipe.ts";

/** The peer may take this long to read what is left and to end its side, as the broker's sockets allow it. */
const CLOSE_DEADLINE_MS = 6_000;

/** A ChannelHandler that a dialler may also tell when the connection stands. */
export interface VirtualHandler extends ChannelHandler {
  opened?(): void;
}

const silentHandler: VirtualHandler = { data() {}, drained() {}, closed() {} };

/** One end of a virtual link. */
export class VirtualChannel implements Channel {
  handler: VirtualHandler = silentHandler;
  /** For a client's diagnosis: how far the connection came. */
  readonly facts: { milestone: "started" | "connected" } = { milestone: "started" };
  readonly link: VirtualLink;
  /**
   * Whether the handler may keep its chunks, as a client's may. Otherwise they are overwritten when `data` returns, so that
   * whoever keeps one without the right reads nonsense in every run and not in one of a thousand.
   */
  keepsChunks = false;
  private readonly clock: Clock;
  private readonly outgoing: VirtualPipe;
  private readonly incoming: VirtualPipe;
  private isEnding = false;
  private hasSentEnd = false;
  private hasReceivedEnd = false;
  private isFinished = false;
  private deadline: TimerHandle;

  /** @internal Made by the link. */
  constructor(clock: Clock, link: VirtualLink, outgoing: VirtualPipe, incoming: VirtualPipe) {
    this.clock = clock;
    this.link = link;
    this.outgoing = outgoing;
    this.incoming = incoming;
  }

  get bufferedBytes(): number {
    return this.isFinished ? 0 : this.outgoing.unsentBytes;
  }

  /** True once the connection is over, a turn of the clock before `closed` says so. */
  get isClosed(): boolean {
    return this.isFinished;
  }

  write(bytes: Uint8Array): boolean {
    return this.isEnding || this.isFinished ? true : this.outgoing.write(bytes);
  }

  pause(): void {
    if (!this.isEnding && !this.isFinished) this.incoming.setPaused(true);
  }

  resume(): void {
    this.incoming.setPaused(false);
  }

  /** What arrives from now on is read and dropped. */
  end(): void {
    if (this.isEnding || this.isFinished) return;
    this.isEnding = true;
    this.deadline = this.clock.setTimer(() => this.destroy(), CLOSE_DEADLINE_MS);
    this.incoming.setPaused(false);
    this.outgoing.end();
  }

  destroy(): void {
    if (this.isFinished) return;
    this.outgoing.abandon();
    this.finish(undefined);
  }

  /** @internal */
  opened(): void {
    // Also when it was destroyed meanwhile: the peer has to hear of it.
    this.outgoing.open();
    if (this.isFinished) return;
    this.facts.milestone = "connected";
    this.handler.opened?.();
  }

  /** @internal False when nobody is here to read it. */
  received(chunk: Uint8Array): boolean {
    if (this.isFinished) return false;
    if (this.isEnding) return true;
    this.handler.data(chunk);
    if (!this.keepsChunks) chunk.fill(0xdb);
    return true;
  }

  /** @internal */
  drained(): void {
    if (!this.isFinished) this.handler.drained();
  }

  /** @internal */
  endSent(): void {
    this.hasSentEnd = true;
    if (this.hasReceivedEnd) this.finish(undefined);
  }

  /** @internal No half-open connections: the peer's end is ours too, once the rest has gone out. */
  endReceived(): void {
    this.hasReceivedEnd = true;
    this.end();
    if (this.hasSentEnd) this.finish(undefined);
  }

  /** @internal Ends it now; `closed` follows in a turn of its own. */
  finish(cause: Error | undefined): void {
    if (this.isFinished) return;
    this.isFinished = true;
    if (this.deadline !== undefined) this.clock.clearTimer(this.deadline);
    this.incoming.setPaused(false);
    this.clock.setTimer(() => this.handler.closed(cause), 0);
    this.link.endFinished();
  }
}

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
