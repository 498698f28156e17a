import { InFlight, type OutboundEntry } from "@bowline/protocol/internal";
import type { IMessageIdProvider } from "./message-id-provider.ts";

/** Most identifiers that may be promised: the others are for what is under way. */
const MOST_PROMISED = 32_768;

/** An entry that was promised an identifier, 0 for none; `isKept` ones are found by it in a store, so it stays theirs. */
interface Promised {
  readonly promised: number;
  readonly isKept: boolean;
}

/**
 * Packet Identifiers in use. As in MQTT.js, what waits for a connection knows its identifier from the call on: it is promised one.
 * An application's provider chooses them where there is one; identifiers in use are passed over, since not every provider does.
 */
export class Identifiers extends InFlight<OutboundEntry> {
  /** The promised identifier that the next `take` without an entry is for; 0 for any. */
  wanted = 0;
  /** Promised to the application itself, which may never give them back. */
  readonly lent: Set<number> = new Set();
  private readonly promises = new Set<number>();
  private readonly provider: IMessageIdProvider | undefined;

  constructor(provider: IMessageIdProvider | undefined) {
    super();
    this.provider = provider;
  }

  /** An identifier for later; 0 when there is none to spare. */
  promise(): number {
    if (this.promises.size >= MOST_PROMISED) return 0;
    const id = this.choose(1, undefined);
    if (id === 0) return 0;
    super.release(id);
    this.add(id);
    return id;
  }

  /** Promises a certain one; false when it is in use. */
  reserve(id: number): boolean {
    if (!(id > 0 && id <= 0xffff) || this.state(id) !== 0 || this.promises.has(id)) return false;
    this.provider?.register(id);
    this.add(id);
    return true;
  }

  /** What it was promised to does not need it. */
  withdraw(id: number): void {
    this.lent.delete(id);
    if (this.drop(id)) this.provider?.deallocate(id);
  }

  isPromised(id: number): boolean {
    return this.promises.has(id);
  }

  override take(state: number, entry: OutboundEntry | undefined): number {
    if (this.promises.size === 0) return this.choose(state, entry);
    const promised = entry === undefined ? this.wanted : (entry as OutboundEntry & Promised).promised;
    this.wanted = 0;
    if (promised === 0 || !this.drop(promised)) return this.choose(state, entry);
    this.put(promised, state, entry);
    return promised;
  }

  override release(id: number): void {
    if (this.state(id) !== 0) this.provider?.deallocate(id);
    super.release(id);
  }

  /** A new session. Promises are still good, and kept entries get their own identifiers again. */
  override clear(): void {
    const kept: number[] = [];
    this.forEach((id, _state, entry) => {
      if ((entry as (OutboundEntry & Promised) | undefined)?.isKept === true) kept.push(id);
    });
    super.clear();
    this.provider?.clear();
    for (const id of kept) this.promises.add(id);
    for (const id of this.promises) this.provider?.register(id);
    this.count = this.promises.size;
  }

  /** Passes over what is promised. */
  private choose(state: number, entry: OutboundEntry | undefined): number {
    const { provider, promises } = this;
    if (provider === undefined && promises.size === 0) return super.take(state, entry);
    for (let tries = 0; tries <= 0xffff; tries++) {
      const id = provider === undefined ? super.take(state, entry) : (provider.allocate() ?? 0);
      if (!(id > 0 && id <= 0xffff)) return 0;
      if (provider === undefined) {
        if (!promises.has(id)) return id;
        super.release(id);
      } else if (!promises.has(id) && this.put(id, state, entry)) return id;
    }
    return 0;
  }

  // What is promised counts as in use, so that nobody is told that more are free.
  private add(id: number): void {
    this.promises.add(id);
    this.count++;
  }

  private drop(id: number): boolean {
    if (!this.promises.delete(id)) return false;
    this.count--;
    return true;
  }
}
