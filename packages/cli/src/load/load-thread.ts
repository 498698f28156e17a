import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { LatencyHistogram } from "./latency-histogram.ts";
import type { ConnectionTimes } from "./connection-times.ts";
import { type LoadContext, threadOfPublisher, threadOfSubscriber } from "./load-context.ts";
import { fanOf, type LoadOptions } from "./load-options.ts";
import { MessageSubscriber } from "./message-subscriber.ts";
import { nowNs } from "./monotonic-time.ts";
import { OpenLoop } from "./open-loop.ts";
import { type OpenWire, wireOpener } from "./open-wire.ts";
import { Publisher } from "./publisher.ts";
import { ReadBuffer } from "./read-buffer.ts";
import { Receiver } from "./receiver.ts";
import type { DeliveryFaults } from "./sequence-ledger.ts";
import { LoadPhase, SharedCounters } from "./shared-counters.ts";
import type { SubscribedClient } from "./subscribed-client.ts";
import { Subscriber } from "./subscriber.ts";
import { WakeLines } from "./wake-lines.ts";

/** What a thread is started with. */
export interface LoadThreadData {
  readonly options: LoadOptions;
  readonly thread: number;
  readonly memory: SharedArrayBuffer;
  /** To each other thread, by its number. */
  readonly ports: readonly (MessagePort | undefined)[];
}

/** What a thread is told: begin to send, forget the latencies so far, report, or end. */
export type LoadCommand = { kind: "run"; startNs: number } | { kind: "measure" } | { kind: "report" } | { kind: "end" };

export type LoadAnswer =
  | { kind: "failed"; reason: string }
  | {
      kind: "report";
      latencies: Float64Array;
      faults: DeliveryFaults;
      /** Of each connection; only where the options ask for them. */
      times: readonly ConnectionTimes[];
    };

/** What properties add to a message of the user's own at most, if they are of a sensible size. */
const PROPERTIES_ROOM = 65_536;
/** The largest payload that is taken of others. */
const FOREIGN_SIZE = 1_048_576;
/** Connections of one thread under way at once: within every broker's listen backlog. */
const CONNECTING_LIMIT = 50;
/** How often connections that are due by the ramp are opened, ms. */
const RAMP_STEP_MS = 10;

/** One thread of the generator with its share of the connections. */
class LoadThread {
  private readonly data: LoadThreadData;
  private readonly context: LoadContext;
  private readonly publishers: Publisher[] = [];
  private readonly subscribers: SubscribedClient[] = [];
  private readonly times: readonly ConnectionTimes[];
  private readonly lines: WakeLines;
  private readonly openLoop: OpenLoop | undefined;
  /** What opens each connection, in order. */
  private readonly openings: (() => void)[] = [];
  private opened = 0;
  private readonly fromNs: number = nowNs();
  private ramp: NodeJS.Timeout | undefined;
  private pings: NodeJS.Timeout | undefined;

  constructor(data: LoadThreadData, open: OpenWire, times: readonly ConnectionTimes[]) {
    this.data = data;
    this.times = times;
    const { options, thread, memory } = data;
    const { publishers, subscribers } = options;
    const counters = new SharedCounters(options.threads, publishers, memory);
    this.lines = new WakeLines(counters, thread, options, data.ports, () => this.pumpStalled());
    this.context = {
      options,
      fan: fanOf(options),
      counters,
      thread,
      open,
      input: new ReadBuffer(largestPayload(options)),
      latencies: new LatencyHistogram(),
      faults: { gaps: 0, late: 0, duplicates: 0, bad: 0 },
      ready: () => this.oneReady(),
      failed: (reason) => this.oneFailed(reason),
      keptAlive: (seconds) => this.keepAlive(seconds),
      wake: (publisher) => this.lines.wake(publisher),
    };
    for (let id = 0; id < subscribers; id++) {
      if (threadOfSubscriber(options, id) === thread)
        this.openings.push(() => this.subscribers.push(subscriberOf(this.context, id)));
    }
    for (let id = 0; id < publishers; id++) {
      if (threadOfPublisher(options, id) === thread)
        this.openings.push(() => this.publishers.push(new Publisher(this.context, id)));
    }
    this.openLoop = options.rate > 0 ? new OpenLoop(options, counters, this.publishers) : undefined;
    if (options.ramp > 0) this.ramp = setInterval(() => this.openDue(), RAMP_STEP_MS);
    else for (let i = 0; i < CONNECTING_LIMIT; i++) this.openNext();
  }

  command(command: LoadCommand): void {
    switch (command.kind) {
      case "run":
        if (this.openLoop === undefined) for (const publisher of this.publishers) publisher.pump();
        else if (this.publishers.length > 0) this.openLoop.run(command.startNs);
        break;
      case "measure":
        this.context.latencies.clear();
        break;
      case "report":
        answer({
          kind: "report",
          latencies: this.context.latencies.snapshot(),
          faults: this.context.faults,
          times: this.times,
        });
        break;
      case "end":
        clearInterval(this.ramp);
        clearInterval(this.pings);
        for (const one of [...this.publishers, ...this.subscribers]) one.close();
        this.lines.close();
        parentPort!.close();
    }
  }

  private oneReady(): void {
    const { counters, thread } = this.context;
    Atomics.add(counters.cells, counters.threadCell(thread, "ready"), 1);
    if (this.data.options.ramp === 0) this.openNext();
  }

  private openNext(): void {
    const open = this.openings[this.opened];
    if (open === undefined) return;
    this.opened++;
    open();
  }

  /** Opens what the ramp has come to by now. */
  private openDue(): void {
    const part = (nowNs() - this.fromNs) / (this.data.options.ramp * 1e9);
    const due = Math.min(this.openings.length, Math.ceil(part * this.openings.length));
    while (this.opened < due) this.openNext();
    if (this.opened === this.openings.length) clearInterval(this.ramp);
  }

  /** All connections of a run have the same server, so the first one that is told speaks for all. */
  private keepAlive(seconds: number): void {
    if (seconds === 0 || this.pings !== undefined) return;
    this.pings = setInterval(() => {
      for (const one of [...this.publishers, ...this.subscribers]) one.ping();
    }, seconds * 500);
  }

  private oneFailed(reason: string): void {
    const { counters } = this.context;
    Atomics.add(counters.cells, counters.threadCell(this.data.thread, "failed"), 1);
    answer({ kind: "failed", reason });
  }

  private pumpStalled(): void {
    const { counters } = this.context;
    if (counters.phase !== LoadPhase.run) return;
    for (const publisher of this.publishers) {
      if (publisher.isStalled && Atomics.load(counters.cells, counters.publisherCell(publisher.id, "stalled")) === 0)
        publisher.pump();
    }
  }
}

function subscriberOf(context: LoadContext, id: number): SubscribedClient {
  const { publishers, message } = context.options;
  if (publishers === 0) return new Receiver(context, id);
  return message === undefined ? new Subscriber(context, id) : new MessageSubscriber(context, id, message);
}

function largestPayload({ publishers, message, size }: LoadOptions): number {
  // What others send may be of any size.
  if (publishers === 0) return FOREIGN_SIZE;
  if (message === undefined) return size;
  const largest = Math.max(...message.payloads.map(({ length }) => length));
  return (message.isTemplate ? Math.max(largest, FOREIGN_SIZE) : largest) + PROPERTIES_ROOM;
}

function answer(message: LoadAnswer): void {
  parentPort!.postMessage(message, []);
}

const data = workerData as LoadThreadData;
const times: ConnectionTimes[] = [];
const thread = new LoadThread(data, await wireOpener(data.options.server, data.options.hasTimes ? times : undefined), times);
parentPort!.on("message", (command: LoadCommand) => thread.command(command));
