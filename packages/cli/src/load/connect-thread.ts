import { parentPort, workerData } from "node:worker_threads";
import { ConnectionCell, type ConnectionCounters, type ConnectionsOptions } from "./connections-options.ts";
import { LatencyHistogram } from "./latency-histogram.ts";
import { nowNs } from "./monotonic-time.ts";
import { DISCONNECT, packetEnd, PINGREQ } from "./packet-end.ts";
import { ReadBuffer } from "./read-buffer.ts";
import { readConnack } from "./read-connack.ts";
import { wireOpener } from "./open-wire.ts";
import type { Wire } from "./wire.ts";

/** What a thread is started with. */
export interface ConnectThreadData {
  readonly options: ConnectionsOptions;
  readonly thread: number;
  readonly counters: ConnectionCounters;
}

/** What a thread is told. */
export type ConnectCommand = "run" | "stop" | "end";

/** When the last connection was made or over, and how it went. */
export interface ConnectAnswer {
  readonly latencies: Float64Array;
  /** Of the first few failures. */
  readonly reasons: readonly string[];
  readonly endNs: number;
}

/** What an attempt may take, ms. */
const PATIENCE_MS = 20_000;
const REASONS_LIMIT = 3;
/** How often connections that are due are begun, ms. */
const STEP_MS = 5;

const { options, thread, counters } = workerData as ConnectThreadData;
const open = await wireOpener(options.server);
const latencies = new LatencyHistogram();
const input = new ReadBuffer(0);
const held = new Set<Wire>();
const reasons: string[] = [];
let pings: NodeJS.Timeout | undefined;
let begun = 0;
let isStopped = false;

parentPort!.on("message", (command: ConnectCommand) => {
  if (command === "run") void run();
  else if (command === "stop") isStopped = true;
  else end();
});
// All is loaded, and the measuring may begin.
parentPort!.postMessage("ready", []);

async function run(): Promise<void> {
  const { atOnce, rate, threads } = options;
  if (rate > 0) await openLoop(nowNs());
  else await Promise.all(Array.from({ length: Math.ceil(atOnce / threads) }, line));
  const answer: ConnectAnswer = { latencies: latencies.snapshot(), reasons, endNs: nowNs() };
  parentPort!.postMessage(answer, []);
}

/** The next connection of this thread; undefined when there is none. */
function next(): number | undefined {
  const number = begun * options.threads + thread;
  if (isStopped || number >= options.count) return undefined;
  begun++;
  return number;
}

/** One connection after the other, as many as are this thread's. */
async function line(): Promise<void> {
  for (let number = next(); number !== undefined; number = next()) await connectOnce(number, nowNs());
}

/** Begins each connection when it is due; its time counts from then, so that a stalled thread is charged for the wait. */
async function openLoop(startNs: number): Promise<void> {
  const attempts: Promise<void>[] = [];
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      while (startNs + ((begun * options.threads + thread) * 1e9) / options.rate <= nowNs()) {
        const dueNs = startNs + ((begun * options.threads + thread) * 1e9) / options.rate;
        const number = next();
        if (number === undefined) {
          clearInterval(timer);
          resolve();
          return;
        }
        attempts.push(connectOnce(number, dueNs));
      }
    }, STEP_MS);
  });
  await Promise.all(attempts);
}

/** Resolves when it is over, or held open. */
function connectOnce(number: number, fromNs: number): Promise<void> {
  return new Promise((resolve) => {
    let isMade = false;
    const timer = setTimeout(() => wire.fail("no CONNACK in time"), PATIENCE_MS);
    const wire = open(number, input, {
      walk: (start, until) => {
        if (isMade) return until;
        const behind = until - start < 2 ? until + 1 : packetEnd(input.bytes, start, until);
        if (behind > until) return start;
        clearTimeout(timer);
        const { refusal, keepAlive } = readConnack(input.bytes, start, behind, options.server);
        if (refusal !== undefined) wire.fail(refusal);
        else {
          isMade = true;
          made();
          if (options.hold === undefined) wire.leave(DISCONNECT, left);
          else hold(keepAlive);
        }
        return until;
      },
      drained: () => {},
      closed: (reason) => {
        clearTimeout(timer);
        count(isMade ? "dropped" : "failed");
        held.delete(wire);
        if (reasons.length < REASONS_LIMIT) reasons.push(reason);
        resolve();
      },
    });
    const made = (): void => {
      count("made");
      if (options.hold !== undefined) latencies.add(nowNs() - fromNs, 1);
    };
    const left = (): void => {
      latencies.add(nowNs() - fromNs, 1);
      resolve();
    };
    const hold = (keepAlive: number): void => {
      held.add(wire);
      if (keepAlive > 0) pings ??= setInterval(pingAll, keepAlive * 500);
      resolve();
    };
  });
}

function pingAll(): void {
  for (const wire of held) wire.write(PINGREQ);
}

function count(cell: keyof typeof ConnectionCell): void {
  Atomics.add(counters, ConnectionCell[cell], 1);
}

function end(): void {
  clearInterval(pings);
  for (const wire of held) wire.leave(DISCONNECT);
  parentPort!.close();
}
