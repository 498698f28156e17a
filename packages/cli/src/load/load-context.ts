import type { LatencyHistogram } from "./latency-histogram.ts";
import type { LoadOptions } from "./load-options.ts";
import type { OpenWire } from "./open-wire.ts";
import type { ReadBuffer } from "./read-buffer.ts";
import type { DeliveryFaults } from "./sequence-ledger.ts";
import type { SharedCounters } from "./shared-counters.ts";

/** What the connections of one thread share. */
export interface LoadContext {
  readonly options: LoadOptions;
  /** How many subscribers get each message. */
  readonly fan: number;
  readonly counters: SharedCounters;
  readonly thread: number;
  readonly input: ReadBuffer;
  readonly open: OpenWire;
  readonly latencies: LatencyHistogram;
  readonly faults: DeliveryFaults;
  /** A connection has its CONNACK, and a subscriber its SUBACK. */
  ready(): void;
  /** @param wasReady it had been there, and is lost */
  failed(reason: string, wasReady: boolean): void;
  /** The server wants to hear of each connection within so many seconds. */
  keptAlive(seconds: number): void;
  /** The publisher's window has room again; it may belong to another thread. */
  wake(publisher: number): void;
}

/**
 * The thread that has a publisher: beside its subscriber in pairs, apart from a subscriber that has them all, and in the first when they
 * are few or the loop is open.
 */
export function threadOfPublisher({ topology, publishers, threads, rate }: LoadOptions, publisher: number): number {
  if (rate > 0 || publishers === 1) return 0;
  return topology === "pairs" || threads === 1 ? publisher % threads : 1 + (publisher % (threads - 1));
}

/** With an open loop subscribers stay out of the first thread, which sleeps until a message is due. */
export function threadOfSubscriber({ threads, rate }: LoadOptions, subscriber: number): number {
  return rate > 0 && threads > 1 ? 1 + (subscriber % (threads - 1)) : subscriber % threads;
}
