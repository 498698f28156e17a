import type { ConnectionsResult } from "../run-connections.ts";
import type { CpuUse, LoadResult, Percentiles } from "../load-result.ts";
import type { BenchKind } from "./bench-kind.ts";
import type { BenchOrder } from "./bench-order.ts";

/** What `bowline bench --json` prints; `v` changes when a field changes its meaning or goes. */
export interface BenchRecord {
  readonly v: 1;
  readonly type: "bench";
  readonly kind: BenchKind;
  /** Everything was delivered once and in order, acknowledged, and no connection failed, at every broker and in every round. */
  readonly ok: boolean;
  /** What ended the bench after some of its runs. */
  readonly failure?: string;
  readonly options: Readonly<Record<string, number | string | boolean>>;
  /** The broker of the first word, and that of --vs. */
  readonly brokers: readonly BrokerRecord[];
  /** The first broker's value by the second's, round by round; with --vs. */
  readonly ratios?: Readonly<Record<string, Spread>>;
}

export interface BrokerRecord {
  readonly url: string;
  /** Version of MQTT that was spoken. */
  readonly mqtt: string;
  readonly runs: readonly RunRecord[];
}

export interface RunRecord {
  readonly ok: boolean;
  readonly seconds: number;
  /** Messages delivered, of `pub` sent, of `conn` connections made: a second. */
  readonly rate: number;
  readonly latencyUs: Percentiles;
  readonly messages?: {
    readonly sentPerSecond: number;
    readonly receivedPerSecond: number;
    readonly expected: number;
    readonly received: number;
    readonly lost: number;
    readonly doubled: number;
    /** Came after a later one. */
    readonly outOfOrder: number;
    /** Another topic, size, QoS, flag or content than was sent. */
    readonly damaged: number;
    readonly unacknowledged: number;
    /** Due by the end of an open loop, and not sent. */
    readonly unsent: number;
  };
  readonly connections: {
    readonly made?: number;
    readonly failed: number;
    readonly dropped?: number;
    readonly reasons: readonly string[];
  };
  readonly cpu: {
    /** Of the generator itself. */
    readonly own?: CpuRecord;
    /** With --server-pid or --vs-pid. */
    readonly server?: CpuRecord & { readonly memoryBytes: number; readonly memoryBytesPerConnection?: number };
  };
}

interface CpuRecord {
  /** Of a message, or of a connection. */
  readonly usEach: number;
  readonly cores?: number;
}

export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export function flowRecord(result: LoadResult, kind: BenchKind, pid: number): RunRecord {
  const { ok, seconds, sentPerSecond, receivedPerSecond, expected, received, lost, unacknowledged, failed, reasons } = result;
  const server = { ...cpuOf(result.broker), memoryBytes: result.broker.rssKiB * 1024 };
  return {
    ok,
    seconds,
    rate: kind === "pub" ? sentPerSecond : receivedPerSecond,
    latencyUs: result.latencyUs,
    messages: {
      sentPerSecond,
      receivedPerSecond,
      expected,
      received,
      lost,
      doubled: result.duplicates,
      outOfOrder: result.late,
      damaged: result.bad,
      unacknowledged,
      unsent: result.unsent,
    },
    connections: { failed, reasons },
    cpu: { own: cpuOf(result.own), ...(pid === 0 ? {} : { server }) },
  };
}

export function connectionsRecord(result: ConnectionsResult, pid: number, isHeld: boolean): RunRecord {
  const { ok, seconds, connectsPerSecond, connectUs, connections, failed, dropped, reasons, broker } = result;
  const server = {
    usEach: broker.cpuUsPerConnect,
    memoryBytes: broker.rssKiB * 1024,
    ...(isHeld ? { memoryBytesPerConnection: Math.round(broker.rssBytesPerConnection) } : {}),
  };
  return {
    ok,
    seconds,
    rate: connectsPerSecond,
    latencyUs: connectUs,
    connections: { made: connections, failed, dropped, reasons },
    // Without file descriptors left nothing can be read of the server either.
    cpu: { own: cpuOf(result.own), ...(pid === 0 || broker.rssKiB === 0 ? {} : { server }) },
  };
}

export function optionsRecord({ kind, flow, connect, rounds }: BenchOrder): BenchRecord["options"] {
  if (kind === "conn") {
    const { count, atOnce, rate, hold, threads } = connect;
    return { clients: count, rate, threads, rounds, ...(rate > 0 ? {} : { atOnce }), ...(hold === undefined ? {} : { hold }) };
  }
  const { prefix, publishers, subscribers, topics, qos, size, rate, seconds, count, ramp, threads, window, inflight, warm } = flow;
  const length = count > 0 ? { count } : { duration: seconds, warm };
  const loop = rate > 0 ? { rate } : { window, inflight };
  const { message, retain } = flow;
  const own =
    message === undefined
      ? {}
      : { ownPayloads: message.payloads.length, template: message.isTemplate, topicAliases: message.hasAliases };
  return { publishers, subscribers, topic: prefix, topics, qos, size, retain, ramp, threads, rounds, ...own, ...length, ...loop };
}

/** How the first broker compares, from runs of the same round; fields that are 0 at the second say nothing. */
export function ratiosOf([ours, theirs]: readonly BrokerRecord[]): Record<string, Spread> {
  const fields: Record<string, (run: RunRecord) => number | undefined> = {
    rate: ({ rate }) => rate,
    p50: ({ latencyUs }) => latencyUs.p50,
    p99: ({ latencyUs }) => latencyUs.p99,
    serverCpu: ({ cpu }) => cpu.server?.usEach,
  };
  const ratios: Record<string, Spread> = {};
  for (const [name, valueOf] of Object.entries(fields)) {
    const pairs = (ours?.runs ?? []).map((run, i) => [valueOf(run), theirs?.runs[i] && valueOf(theirs.runs[i])] as const);
    const values = pairs.flatMap(([a, b]) => (a && b ? [a / b] : []));
    if (values.length > 0) ratios[name] = spreadOf(values);
  }
  return ratios;
}

function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (i: number): number => sorted[i] ?? 0;
  const middle = (sorted.length - 1) / 2;
  const median = (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2;
  return { min: precise(at(0)), median: precise(median), max: precise(at(sorted.length - 1)) };
}

function precise(value: number): number {
  return Number(value.toPrecision(4));
}

function cpuOf({ cores, secondsPerMillion }: CpuUse): Required<CpuRecord> {
  return { usEach: secondsPerMillion, cores };
}
