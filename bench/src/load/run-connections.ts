import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { ConnectAnswer, ConnectCommand, ConnectThreadData } from "./connect-thread.ts";
import { LatencyHistogram } from "./latency-histogram.ts";
import type { LoadOptions } from "./load-options.ts";
import { nowNs } from "./monotonic-time.ts";
import { processUsage } from "./process-usage.ts";

/** What connecting, or being connected, costs; one JSON line of the generator. */
export interface ConnectionsResult extends Pick<LoadOptions, "label" | "mode" | "n" | "tls" | "users" | "version"> {
  /** Every connection got its CONNACK. */
  readonly ok: boolean;
  readonly connections: number;
  readonly failed: number;
  readonly seconds: number;
  readonly connectsPerSecond: number;
  /** From the first SYN to the CONNACK (hold), or to the end of the connection (churn). */
  readonly connectUs: { readonly p50: number; readonly p99: number };
  readonly broker: {
    readonly cpuUsPerConnect: number;
    readonly rssKiB: number;
    /** Of what the process has taken since the first connection; says something only of a fresh process, and with `hold`. */
    readonly rssBytesPerConnection: number;
  };
}

/**
 * Makes `count` connections, `n` of them under way at once: TCP, TLS where asked for, CONNECT, CONNACK. With `churn` each is closed by
 * DISCONNECT at once, with `hold` all stay open for `seconds`, and then the broker's memory is read.
 */
export async function runConnections(options: LoadOptions): Promise<ConnectionsResult> {
  const workers = await Promise.all(Array.from({ length: options.threads }, (_, thread) => startThread({ options, thread })));
  try {
    const before = processUsage(options.pid);
    const startNs = nowNs();
    const answers = await Promise.all(workers.map(run));
    const after = processUsage(options.pid);
    if (options.mode === "hold") await sleep(options.seconds * 1000);
    const seconds = (Math.max(...answers.map(({ endNs }) => endNs)) - startNs) / 1e9;
    const cpuSeconds = after.user + after.system - before.user - before.system;
    const { rssKiB } = processUsage(options.pid);
    const rssBytesPerConnection = ((rssKiB - before.rssKiB) * 1024) / options.count;
    const cpuUsPerConnect = (cpuSeconds * 1e6) / options.count;
    return { ...resultOf(options, answers, seconds), broker: { cpuUsPerConnect, rssKiB, rssBytesPerConnection } };
  } finally {
    for (const worker of workers) tell(worker, "end");
  }
}

function resultOf(
  { label, mode, n, tls, users, version, count }: LoadOptions,
  answers: readonly ConnectAnswer[],
  seconds: number,
): Omit<ConnectionsResult, "broker"> {
  const latencies = new LatencyHistogram();
  for (const answer of answers) latencies.merge(answer.latencies);
  const failed = answers.reduce((sum, answer) => sum + answer.failed, 0);
  const connectsPerSecond = Math.round((count - failed) / seconds);
  const connectUs = { p50: latencies.percentile(0.5), p99: latencies.percentile(0.99) };
  return {
    label,
    mode,
    n,
    tls,
    users,
    version,
    ok: failed === 0,
    connections: count,
    failed,
    seconds,
    connectsPerSecond,
    connectUs,
  };
}

async function startThread(data: ConnectThreadData): Promise<Worker> {
  // Compiled, also for tests: Node 20 cannot run TypeScript.
  const program = new URL("./connect-thread.js", import.meta.url.replace("/src/load/", "/dist/load/"));
  const worker = new Worker(program, { workerData: data, execArgv: [] });
  await new Promise((resolve, reject) => worker.once("online", resolve).once("error", reject));
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
