import { setTimeout as sleep } from "node:timers/promises";
import type { Worker } from "node:worker_threads";
import type { ConnectAnswer, ConnectCommand, ConnectLoss, ConnectThreadData } from "./connect-thread.ts";
import { ConnectionCell, type ConnectionCounters, type ConnectionsOptions } from "./connections-options.ts";
import type { ConnectionTimes } from "./connection-times.ts";
import { LatencyHistogram } from "./latency-histogram.ts";
import { cpuUse, type CpuUse, type Percentiles } from "./load-result.ts";
import type { LoadProgress, LoadWatch } from "./run-load.ts";
import { nowNs } from "./monotonic-time.ts";
import { processUsage } from "./process-usage.ts";
import { endWorkers, onWorkerDeath, startWorker } from "./workers.ts";

/** What connecting, or being connected, costs. */
export interface ConnectionsResult {
  /** Every connection got its CONNACK, and none was dropped while it was held. */
  readonly ok: boolean;
  readonly connections: number;
  readonly failed: number;
  readonly dropped: number;
  /** Why, of the first few. */
  readonly reasons: readonly string[];
  /** From the first to the last connection. */
  readonly seconds: number;
  readonly connectsPerSecond: number;
  /** From the first SYN, or from when it was due, to the CONNACK (held) or to the end of the connection. */
  readonly connectUs: Percentiles;
  /** Of each connection, where the options ask for them. */
  readonly times: readonly ConnectionTimes[];
  /** The generator's own CPU, from the first to the last connection; for a million of them. */
  readonly own: CpuUse;
  readonly broker: {
    readonly cpuUsPerConnect: number;
    readonly rssKiB: number;
    /** Of what the process has taken since the first connection; says something only of a fresh process, and of held connections. */
    readonly rssBytesPerConnection: number;
  };
}

const PROGRESS_MS = 1000;
const REASONS_LIMIT = 3;
/** How often it is looked whether there is still something to hold, ms. */
const LOOK_MS = 100;

/** Makes `count` connections: the transport, CONNECT, CONNACK. */
export async function runConnections(options: ConnectionsOptions, watch: LoadWatch = {}): Promise<ConnectionsResult> {
  const counters: ConnectionCounters = new Int32Array(new SharedArrayBuffer(16));
  const started = Array.from({ length: options.threads }, (_, thread) => startThread({ options, thread, counters }));
  const workers = await Promise.all(started);
  const death = new Promise<never>((_, reject) => workers.forEach((worker) => onWorkerDeath(worker, reject)));
  // Nobody waits for it any more when the run is over, and its threads end then.
  death.catch(() => {});
  const stop = (): void => workers.forEach((worker) => tell(worker, "stop"));
  watch.signal?.addEventListener("abort", stop, { once: true });
  const timer = setInterval(() => watch.progress?.(progressOf(options, counters)), PROGRESS_MS);
  try {
    return await Promise.race([measure(options, watch, counters, workers), death]);
  } finally {
    clearInterval(timer);
    watch.signal?.removeEventListener("abort", stop);
    for (const worker of workers) tell(worker, "end");
    await endWorkers(workers);
  }
}

async function measure(
  options: ConnectionsOptions,
  { signal }: LoadWatch,
  counters: ConnectionCounters,
  workers: readonly Worker[],
): Promise<ConnectionsResult> {
  const before = processUsage(options.pid);
  const ownBefore = process.cpuUsage();
  const startNs = nowNs();
  const answers = await Promise.all(workers.map(run));
  const after = processUsage(options.pid);
  const { user, system } = process.cpuUsage(ownBefore);
  const losses: string[] = [];
  for (const worker of workers) worker.on("message", ({ lost }: ConnectLoss) => losses.push(lost));
  if (options.hold !== undefined) await hold(options.hold, counters, signal);
  const seconds = (Math.max(...answers.map(({ endNs }) => endNs)) - startNs) / 1e9;
  const made = Atomics.load(counters, ConnectionCell.made);
  const { rssKiB } = processUsage(options.pid);
  const cpuSeconds = after.user + after.system - before.user - before.system;
  const broker = {
    cpuUsPerConnect: made === 0 ? 0 : (cpuSeconds * 1e6) / made,
    rssKiB,
    rssBytesPerConnection: made === 0 ? 0 : ((rssKiB - before.rssKiB) * 1024) / made,
  };
  const own = cpuUse(user / 1e6, system / 1e6, seconds, made);
  const result = resultOf(counters, answers, seconds);
  return { ...result, reasons: [...result.reasons, ...losses].slice(0, REASONS_LIMIT), own, broker };
}

/** Seconds, or until nothing is left to hold. */
async function hold(seconds: number, counters: ConnectionCounters, signal: AbortSignal | undefined): Promise<void> {
  const untilNs = nowNs() + seconds * 1e9;
  for (;;) {
    const leftMs = (untilNs - nowNs()) / 1e6;
    const [made, dropped] = [ConnectionCell.made, ConnectionCell.dropped].map((cell) => Atomics.load(counters, cell));
    if (leftMs <= 0 || signal?.aborted === true || made === dropped) return;
    await sleep(Math.min(leftMs, LOOK_MS), undefined, signal === undefined ? {} : { signal }).catch(() => {});
  }
}

function resultOf(
  counters: ConnectionCounters,
  answers: readonly ConnectAnswer[],
  seconds: number,
): Omit<ConnectionsResult, "broker" | "own"> {
  const latencies = new LatencyHistogram();
  for (const answer of answers) latencies.merge(answer.latencies);
  const [made, failed, dropped] = [0, 1, 2].map((cell) => Atomics.load(counters, cell)) as [number, number, number];
  return {
    ok: failed === 0 && dropped === 0,
    connections: made,
    failed,
    dropped,
    reasons: answers.flatMap(({ reasons }) => reasons),
    seconds,
    connectsPerSecond: seconds > 0 ? Math.round(made / seconds) : 0,
    connectUs: latencies.percentiles(),
    times: answers.flatMap(({ times }) => times),
  };
}

function progressOf({ count }: ConnectionsOptions, counters: ConnectionCounters): LoadProgress {
  const ready = Atomics.load(counters, ConnectionCell.made);
  const failed = Atomics.load(counters, ConnectionCell.failed);
  return { isRunning: false, ready, failed, connections: count, sent: 0, received: 0 };
}

async function startThread(data: ConnectThreadData): Promise<Worker> {
  const worker = startWorker("connect-thread", data);
  // Its first message says that all is loaded.
  await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
  return worker;
}

function run(worker: Worker): Promise<ConnectAnswer> {
  const answered = new Promise<ConnectAnswer>((resolve, reject) => worker.once("message", resolve).once("error", reject));
  tell(worker, "run");
  return answered;
}

function tell(worker: Worker, command: ConnectCommand): void {
  worker.postMessage(command, []);
}
