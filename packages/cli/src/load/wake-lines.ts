import { MessageChannel, type MessagePort } from "node:worker_threads";
import { threadOfPublisher } from "./load-context.ts";
import type { LoadOptions } from "./load-options.ts";
import type { SharedCounters } from "./shared-counters.ts";

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

/** A line between each two threads: `ports[a][b]` is a's end of the line to b. */
export function portsBetween(threads: number): (MessagePort | undefined)[][] {
  const ports = Array.from({ length: threads }, () => new Array<MessagePort | undefined>(threads).fill(undefined));
  for (let a = 0; a < threads; a++) {
    for (let b = a + 1; b < threads; b++) {
      const { port1, port2 } = new MessageChannel();
      ports[a]![b] = port1;
      ports[b]![a] = port2;
    }
  }
  return ports;
}
