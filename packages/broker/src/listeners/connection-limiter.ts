import { addressKey } from "../auth/address-key.ts";
import { AttemptLimiter } from "../auth/attempt-limiter.ts";
import type { ConnectionLimits } from "./connection-limits.ts";
import type { FrontCause } from "./front-event.ts";

/** What a connection was refused for before anybody worked for it. */
export type LimitCause = Extract<
  FrontCause,
  "connectionLimit" | "addressLimit" | "connectionRate" | "addressRate" | "handshakeRate" | "addressHandshakeRate" | "overloaded"
>;

/** A rate may be exceeded for as long as it takes to use up what so many seconds allow: all clients of a network come back at once. */
const BURST_SECONDS = 4;
/** Addresses whose rates are known; those seen longest ago are forgotten, and the limits of all together hold without them. */
const ADDRESSES_MAXIMUM = 65_536;
const ALL = "";

/**
 * Counts the connections of all listeners of a server, together and by address, and how fast new ones and their TLS handshakes come.
 * Memory is bounded by the open connections and `ADDRESSES_MAXIMUM`, whatever addresses a flood comes from.
 */
export class ConnectionLimiter {
  #limits!: ConnectionLimits;
  readonly #now: () => number;
  readonly #isOverloaded: () => boolean;
  readonly #openBy = new Map<string, number>();
  #open = 0;
  #connections!: Rates;
  #handshakes!: Rates;

  /** `now` is monotonic, in ms. While `isOverloaded`, no handshake begins: it is most of what a connection costs. */
  constructor(limits: ConnectionLimits, now: () => number, isOverloaded: () => boolean = () => false) {
    this.#now = now;
    this.#isOverloaded = isOverloaded;
    this.limits = limits;
  }

  get limits(): ConnectionLimits {
    return this.#limits;
  }

  /** Others hold for what comes from now on; connections stay, and rates begin anew. */
  set limits(limits: ConnectionLimits) {
    this.#limits = limits;
    this.#connections = new Rates(limits.connectionsPerSecond, limits.connectionsPerSecondPerAddress, this.#now);
    this.#handshakes = new Rates(limits.handshakesPerSecond, limits.handshakesPerSecondPerAddress, this.#now);
  }

  /** Connections that are let in and not closed yet. */
  get open(): number {
    return this.#open;
  }

  /** Lets a connection in, or says why not. Each that is let in must `leave`. */
  enter(address: string): LimitCause | undefined {
    const { maximumConnections, maximumConnectionsPerAddress } = this.#limits;
    const key = addressKey(address);
    const own = this.#openBy.get(key) ?? 0;
    if (isReached(maximumConnections, this.#open)) return "connectionLimit";
    if (isReached(maximumConnectionsPerAddress, own)) return "addressLimit";
    const refused = this.#connections.take(key);
    if (refused !== undefined) return refused === "all" ? "connectionRate" : "addressRate";
    this.#open++;
    this.#openBy.set(key, own + 1);
    return undefined;
  }

  /** Asked before the work of a TLS handshake begins. */
  handshake(address: string): LimitCause | undefined {
    if (this.#isOverloaded()) return "overloaded";
    const refused = this.#handshakes.take(addressKey(address));
    if (refused === undefined) return undefined;
    return refused === "all" ? "handshakeRate" : "addressHandshakeRate";
  }

  leave(address: string): void {
    const key = addressKey(address);
    const own = this.#openBy.get(key) ?? 0;
    if (own > 1) this.#openBy.set(key, own - 1);
    else this.#openBy.delete(key);
    this.#open--;
  }
}

function isReached(maximum: number, count: number): boolean {
  return maximum > 0 && count >= maximum;
}

/** One rate for everybody together and one for each address. */
class Rates {
  readonly #all: AttemptLimiter | undefined;
  readonly #perAddress: AttemptLimiter | undefined;

  constructor(perSecond: number, perSecondPerAddress: number, now: () => number) {
    this.#all = limiter(perSecond, 1, now);
    this.#perAddress = limiter(perSecondPerAddress, ADDRESSES_MAXIMUM, now);
  }

  /** The address is asked first: one that floods must not use up what the others have. */
  take(key: string): "all" | "address" | undefined {
    if (this.#perAddress?.take(key) === false) return "address";
    return this.#all?.take(ALL) === false ? "all" : undefined;
  }
}

function limiter(perSecond: number, maximumKeys: number, now: () => number): AttemptLimiter | undefined {
  if (perSecond === 0) return undefined;
  return new AttemptLimiter({ burst: perSecond * BURST_SECONDS, refillMs: 1_000 / perSecond, maximumKeys }, now);
}
