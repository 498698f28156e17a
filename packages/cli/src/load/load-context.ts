import type { MessagePort } from "node:worker_threads";
import type { LatencyHistogram } from "./latency-histogram.ts";
import type { LoadOptions } from "./load-options.ts";
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
  readonly latencies: LatencyHistogram;
  readonly faults: DeliveryFaults;
  /** A connection has its CONNACK, and a subscriber its SUBACK. */
  ready(): void;
  failed(reason: string): void;
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

/** Wakes publishers across threads: one message to a thread, however many of its publishers may go on. */
export class WakeLines {
  private readonly counters: SharedCounters;
  private readonly thread: number;
  private readonly options: LoadOptions;
  private readonly ports: readonly (MessagePort | undefined)[];
  private readonly pumpAll: () => void;
  private isArmed = false;
  private readonly run = (): void => {
    this.isArmed = false;
    this.pumpAll();
  };

  /** @param ports To each other thread, by its number. */
  constructor(
    counters: SharedCounters,
    thread: number,
    options: LoadOptions,
    ports: readonly (MessagePort | undefined)[],
    pumpAll: () => void,
  ) {
    this.counters = counters;
    this.thread = thread;
    this.options = options;
    this.ports = ports;
    this.pumpAll = pumpAll;
    for (const port of ports) {
      port?.on("message", () => {
        Atomics.store(counters.cells, counters.threadCell(thread, "woken"), 0);
        this.pumpAll();
      });
    }
  }

  wake(publisher: number): void {
    const thread = threadOfPublisher(this.options, publisher);
    if (thread !== this.thread) {
      const { cells } = this.counters;
      if (Atomics.exchange(cells, this.counters.threadCell(thread, "woken"), 1) === 0) this.ports[thread]?.postMessage(null);
    } else if (!this.isArmed) {
      this.isArmed = true;
      // After all reads of this turn, so that one write carries what they made room for.
      setImmediate(this.run);
    }
  }

  close(): void {
    for (const port of this.ports) port?.close();
  }
}
