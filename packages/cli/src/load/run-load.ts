import { setTimeout as sleep } from "node:timers/promises";
import type { Worker } from "node:worker_threads";
import { MqttError } from "@bowline/protocol";
import type { ConnectionTimes } from "./connection-times.ts";
import { LatencyHistogram } from "./latency-histogram.ts";
import { fanOf, type LoadOptions } from "./load-options.ts";
import { type Moment, speedOf } from "./load-moment.ts";
import type { LoadResult } from "./load-result.ts";
import type { LoadAnswer, LoadCommand, LoadThreadData } from "./load-thread.ts";
import { nowNs } from "./monotonic-time.ts";
import { processUsage } from "./process-usage.ts";
import { sumOf } from "./sequence-ledger.ts";
import { LoadPhase, SharedCounters } from "./shared-counters.ts";
import { chargeUnsent, unsentOf } from "./unsent.ts";
import { portsBetween } from "./wake-lines.ts";
import { endWorkers, onWorkerDeath, startWorker } from "./workers.ts";

/** Time for all connections to become ready, ms. */
const CONNECT_PATIENCE_MS = 20_000;
const REASONS_LIMIT = 3;
/** How often it is looked whether there is still something to measure, ms. */
const LOOK_MS = 100;

/** What a run has done so far. */
export interface LoadProgress {
  /** All connections are there. */
  readonly isRunning: boolean;
  readonly ready: number;
  readonly failed: number;
  readonly connections: number;
  readonly sent: number;
  readonly received: number;
}

/** How a run is watched and ended early. */
export interface LoadWatch {
  /** Ends the measuring; what is on its way is waited for. */
  readonly signal?: AbortSignal;
  /** Told each second. */
  readonly progress?: (progress: LoadProgress) => void;
}

const PROGRESS_MS = 1000;

/**
 * Runs the generator in this process, in threads of their own, against a broker in another process.
 *
 * @throws MqttError LOAD_INCOMPLETE when not all connections become ready.
 */
export async function runLoad(options: LoadOptions, { signal, progress }: LoadWatch = {}): Promise<LoadResult> {
  const run = new LoadRun(options, signal);
  const timer = progress === undefined ? undefined : setInterval(() => progress(run.progress()), PROGRESS_MS);
  try {
    await run.connect();
    return await run.measure();
  } finally {
    clearInterval(timer);
    await run.end();
  }
}

class LoadRun {
  private readonly options: LoadOptions;
  private readonly counters: SharedCounters;
  private readonly workers: readonly Worker[];
  private readonly reasons: string[] = [];
  private readonly reports: Extract<LoadAnswer, { kind: "report" }>[] = [];
  /** A fault of the generator itself. */
  private crash: Error | undefined;
  private isEnded = false;
  private startNs = 0;
  private readonly fan: number;
  private readonly connections: number;
  private readonly signal: AbortSignal | undefined;

  constructor(options: LoadOptions, signal: AbortSignal | undefined) {
    this.options = options;
    this.signal = signal;
    const { publishers, subscribers } = options;
    this.fan = fanOf(options);
    this.connections = publishers + subscribers;
    this.counters = new SharedCounters(options.threads, publishers);
    const ports = portsBetween(options.threads);
    this.workers = ports.map((own, thread) =>
      this.startThread({ options, thread, memory: this.counters.cells.buffer, ports: own }),
    );
  }

  async connect(): Promise<void> {
    const deadline = nowNs() + (CONNECT_PATIENCE_MS + this.options.ramp * 1000) * 1e6;
    while (this.counters.ofThreads("ready") < this.connections) {
      if (this.crash !== undefined) throw this.crash;
      if (this.signal?.aborted === true) throw new MqttError("ABORTED");
      if (this.reasons.length > 0 || nowNs() > deadline) {
        const ready = this.counters.ofThreads("ready");
        const reasons = this.reasons.length > 0 ? this.reasons.join("; ") : "the broker took no more in time";
        throw new MqttError("LOAD_INCOMPLETE", { detail: `${ready} of ${this.connections} became ready: ${reasons}` });
      }
      await sleep(1);
    }
  }

  async measure(): Promise<LoadResult> {
    const { count, warm, seconds } = this.options;
    this.startNs = nowNs();
    let from = this.moment();
    this.counters.phase = LoadPhase.run;
    this.tell({ kind: "run", startNs: this.startNs });
    if (count === 0) {
      await this.pause(warm);
      // Of a run that ends before it is warm, that is all there is.
      if (this.signal?.aborted !== true && !this.isDeserted) {
        this.tell({ kind: "measure" });
        from = this.moment();
        await this.pause(seconds);
      }
    }
    const measured = this.moment();
    if (count === 0) this.counters.phase = LoadPhase.drain;
    const drained = await this.drain();
    await this.report();
    return this.result(from, count === 0 ? measured : drained, drained, measured.atNs - this.startNs);
  }

  progress(): LoadProgress {
    const { connections, counters } = this;
    const ready = counters.ofThreads("ready");
    const sent = counters.ofPublishers("sent");
    const failed = counters.ofThreads("failed");
    const received = counters.ofThreads("received");
    return { isRunning: counters.phase !== LoadPhase.setup, ready, failed, connections, sent, received };
  }

  async end(): Promise<void> {
    this.isEnded = true;
    this.tell({ kind: "end" });
    await endWorkers(this.workers);
  }

  /** Seconds, or until the run is ended early, or nobody is left to measure. */
  private async pause(seconds: number): Promise<void> {
    const { signal } = this;
    const untilNs = nowNs() + seconds * 1e9;
    for (;;) {
      const leftMs = (untilNs - nowNs()) / 1e6;
      if (leftMs <= 0 || signal?.aborted === true || this.isDeserted) return;
      if (this.crash !== undefined) throw this.crash;
      await sleep(Math.min(leftMs, LOOK_MS), undefined, signal === undefined ? {} : { signal }).catch(() => {});
    }
  }

  /** Every connection is over. */
  private get isDeserted(): boolean {
    return this.counters.ofThreads("failed") >= this.connections;
  }

  /** Until everything has arrived and is acknowledged, or nothing has moved for `patience`. */
  private async drain(): Promise<Moment> {
    const { count, patience } = this.options;
    let seen = -1;
    let movedNs = nowNs();
    for (;;) {
      const moment = this.moment();
      const progress = moment.sent + moment.received + this.counters.ofPublishers("acknowledged");
      if (progress !== seen) movedNs = moment.atNs;
      seen = progress;
      if (this.isDone(moment)) return moment;
      // A count that is ended early: what was sent until then is all there is.
      if (count > 0 && this.signal?.aborted === true) this.counters.phase = LoadPhase.drain;
      if (this.crash !== undefined) throw this.crash;
      if (moment.atNs - movedNs > patience * 1e6 || this.isDeserted) return moment;
      await sleep(count > 0 ? 1 : 5);
    }
  }

  private isDone(moment: Moment): boolean {
    const { count, publishers } = this.options;
    const isSent = count === 0 || this.counters.phase !== LoadPhase.run || moment.sent >= count * publishers;
    return isSent && moment.received >= this.expected(moment) && this.unacknowledged(moment) <= 0;
  }

  private unacknowledged(moment: Moment): number {
    return this.options.qos === 0 ? 0 : moment.sent - this.counters.ofPublishers("acknowledged");
  }

  private async report(): Promise<void> {
    this.tell({ kind: "report" });
    while (this.reports.length < this.workers.length) {
      if (this.crash !== undefined) throw this.crash;
      await sleep(1);
    }
  }

  private moment(): Moment {
    return {
      atNs: nowNs(),
      sent: this.counters.ofPublishers("sent"),
      received: this.counters.ofThreads("received"),
      broker: processUsage(this.options.pid),
      own: process.cpuUsage(),
    };
  }

  private result(from: Moment, to: Moment, drained: Moment, sendingNs: number): LoadResult {
    const faults = sumOf(this.reports.map((report) => report.faults));
    const due = this.expected(drained) - drained.received;
    // What others sent is known by the numbers in it alone, and they may have sent more than was asked for.
    const lost = this.options.publishers > 0 ? due : Math.max(0, due) + faults.gaps - faults.late;
    const expected = drained.received + lost;
    const unacknowledged = this.unacknowledged(drained);
    const failed = this.counters.ofThreads("failed");
    const unsent = unsentOf(this.options, sendingNs, drained.sent);
    const isWell = [lost, unacknowledged, failed, faults.gaps, faults.late, faults.duplicates, faults.bad].every(
      (amount) => amount === 0,
    );
    const ok = isWell && !unsent.isTooMany;
    return {
      ok,
      reasons: this.reasons,
      expected,
      received: drained.received,
      lost,
      unacknowledged,
      unsent: unsent.count,
      failed,
      ...speedOf(from, to, this.fan),
      ...faults,
      latencyUs: this.latencies(unsent.count),
      times: this.reports.flatMap(({ times }): readonly ConnectionTimes[] => times),
    };
  }

  private expected(moment: Moment): number {
    const { count } = this.options;
    const isWhole = count > 0 && this.counters.phase === LoadPhase.run;
    const { publishers, subscribers } = this.options;
    if (publishers === 0) return isWhole ? count * subscribers : 0;
    return (isWhole ? count * publishers : moment.sent) * this.fan;
  }

  private latencies(unsent: number): LoadResult["latencyUs"] {
    const sum = new LatencyHistogram();
    chargeUnsent(sum, unsent, this.options.rate);
    for (const report of this.reports) sum.merge(report.latencies);
    return sum.percentiles();
  }

  private startThread(data: LoadThreadData): Worker {
    const worker = startWorker(
      "load-thread",
      data,
      data.ports.filter((port) => port !== undefined),
    );
    onWorkerDeath(worker, (error) => {
      if (!this.isEnded) this.crash ??= error;
    });
    worker.on("message", (answer: LoadAnswer) => {
      if (answer.kind === "report") this.reports.push(answer);
      else if (this.reasons.length < REASONS_LIMIT) this.reasons.push(answer.reason);
    });
    return worker;
  }

  private tell(command: LoadCommand): void {
    for (const worker of this.workers) worker.postMessage(command, []);
  }
}
