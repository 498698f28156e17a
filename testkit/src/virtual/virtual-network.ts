import type { Clock } from "@bowline/protocol/internal";
import { defaultLinkOptions, type LinkOptions } from "./link-options.ts";
import { seededRandom } from "./seeded-random.ts";
import { networkError, type VirtualChannel, type VirtualHandler, VirtualLink } from "./virtual-link.ts";

/** Takes a new connection: it sets the channel's handler before it returns. */
export type VirtualAcceptor = (channel: VirtualChannel) => void;

/**
 * A network without sockets, on a virtual clock: whatever happens, happens in a timer, in an order that the seed decides.
 *
 * ```ts
 * network.listen("broker", (channel) => broker.accept(channel));
 * const client = network.connect("broker", handler);
 * client.link.fromClient.cutAfter(17, "reset");
 * await clock.advance(1000);
 * ```
 */
export class VirtualNetwork {
  /** What new links are made with. */
  readonly linkOptions: LinkOptions;
  private readonly clock: Clock;
  private readonly random: () => number;
  private readonly acceptors = new Map<string, VirtualAcceptor | "silent">();
  private openLinks: VirtualLink[] = [];

  /** @param seed Decides where chunks are cut; 1 by default. A test that takes a random one prints it. */
  constructor(clock: Clock, options: { readonly seed?: number; readonly link?: Partial<LinkOptions> } = {}) {
    this.clock = clock;
    this.random = seededRandom(options.seed ?? 1);
    this.linkOptions = { ...defaultLinkOptions, ...options.link };
  }

  /** Links with an end that is not closed, oldest first. */
  get links(): readonly VirtualLink[] {
    this.openLinks = this.openLinks.filter((link) => !link.isClosed);
    return this.openLinks;
  }

  /** Takes connections to this name until the answer is called; the last listener of a name counts. */
  listen(name: string, acceptor: VirtualAcceptor): () => void {
    this.acceptors.set(name, acceptor);
    return () => {
      if (this.acceptors.get(name) === acceptor) this.acceptors.delete(name);
    };
  }

  /** From now on connections to this name get no answer at all, as behind a firewall that drops. */
  silence(name: string): void {
    this.acceptors.set(name, "silent");
  }

  /**
   * Dials a name. After one way the acceptor is called, after one more `opened`; where nobody listens, `closed` with the error
   * ECONNREFUSED. What is written before is sent then.
   */
  connect(name: string, handler?: VirtualHandler): VirtualChannel {
    const link = this.makeLink();
    if (handler !== undefined) link.client.handler = handler;
    link.travel(() => this.arrive(name, link));
    return link.client;
  }

  /** A connection that stands already. */
  pair(): VirtualLink {
    const link = this.makeLink();
    link.server.opened();
    link.client.opened();
    return link;
  }

  /** A dialler for a client: the target's host is the name, and the client may keep its chunks. */
  dialer(): (target: { readonly host: string }, handler: VirtualHandler) => VirtualChannel {
    return (target, handler) => {
      const channel = this.connect(target.host, handler);
      channel.keepsChunks = true;
      return channel;
    };
  }

  private makeLink(): VirtualLink {
    const link = new VirtualLink(this.clock, this.random, { ...this.linkOptions });
    this.openLinks = [...this.links, link];
    return link;
  }

  private arrive(name: string, link: VirtualLink): void {
    const acceptor = this.acceptors.get(name);
    if (acceptor === undefined || acceptor === "silent" || link.client.isClosed) {
      link.server.finish(undefined);
      if (acceptor === undefined) link.travel(() => link.client.finish(networkError("ECONNREFUSED", "connect")));
      return;
    }
    // The answer sets out before anything the acceptor writes.
    link.travel(() => link.client.opened());
    link.server.opened();
    acceptor(link.server);
  }
}
