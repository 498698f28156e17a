import { parentPort, workerData } from "node:worker_threads";
import type { ConnectionTimes } from "./connection-times.ts";
import { ConnectionCell, type ConnectionCounters, type ConnectionsOptions } from "./connections-options.ts";
import { LatencyHistogram } from "./latency-histogram.ts";
import { nowNs } from "./monotonic-time.ts";
import { DISCONNECT, packetEnd, PINGREQ } from "./packet-end.ts";
import { ReadBuffer } from "./read-buffer.ts";
import { readConnack } from "./read-connack.ts";
import { wireOpener } from "./open-wire.ts";
import type { Wire, WireOwner } from "./wire.ts";

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
  readonly times: readonly ConnectionTimes[];
}

/** A connection that was held is over. */
export interface ConnectLoss {
  readonly lost: string;
}

/** What an attempt may take, ms. */
const PATIENCE_MS = 20_000;
const REASONS_LIMIT = 3;
/** How often attempts that take too long are looked for, ms. */
const LATE_STEP_MS = 1_000;
/** How often connections that are due are begun, ms. */
const STEP_MS = 5;

const { options, thread, counters } = workerData as ConnectThreadData;
const times: ConnectionTimes[] = [];
const open = await wireOpener(options.server, options.hasTimes ? times : undefined);
const latencies = new LatencyHistogram();
const input = new ReadBuffer(0);
const underWay = new Set<Attempt>();
const held = new Set<Wire>();
const reasons: string[] = [];
let pings: NodeJS.Timeout | undefined;
let watch: NodeJS.Timeout | undefined;
let begun = 0;
let isStopped = false;
let isAnswered = false;

parentPort!.on("message", (command: ConnectCommand) => {
  if (command === "run") run();
  else if (command === "stop") stop();
  else end();
});
// All is loaded, and the measuring may begin.
parentPort!.postMessage("ready", []);

/** One connection on its way to its CONNACK, and what becomes of it. */
class Attempt implements WireOwner {
  readonly fromNs: number;
  private readonly wire: Wire;
  private isMade = false;
  private isFollowed = false;

  /** @param fromNs its time counts from then */
  constructor(number: number, fromNs: number) {
    this.fromNs = fromNs;
    this.wire = open(number, input, this);
    underWay.add(this);
  }

  walk(start: number, until: number): number {
    if (this.isMade) return until;
    const behind = until - start < 2 ? until + 1 : packetEnd(input.bytes, start, until);
    if (behind > until) return start;
    const { refusal, keepAlive } = readConnack(input.bytes, start, behind, options.server);
    if (refusal === undefined) this.made(keepAlive);
    else this.wire.fail(refusal);
    return until;
  }

  drained(): void {
    // Nothing that is sent is as large as that.
  }

  closed(reason: string): void {
    count(this.isMade ? "dropped" : "failed");
    held.delete(this.wire);
    told(reason);
    this.over();
  }

  /** It takes too long, with all its attempts. */
  late(): void {
    this.wire.close();
    this.closed("no CONNACK in time");
  }

  /** Ends it without counting it. */
  giveUp(): void {
    this.wire.close();
    this.over();
  }

  private made(keepAlive: number): void {
    this.isMade = true;
    this.wire.mark("connack");
    count("made");
    if (options.hold === undefined) {
      this.wire.leave(DISCONNECT, this.left);
      // The server has it: whoever waits to be accepted is no more than before.
      this.another();
      return;
    }
    latencies.add(nowNs() - this.fromNs, 1);
    held.add(this.wire);
    if (keepAlive > 0) pings ??= setInterval(pingAll, keepAlive * 500);
    this.over();
  }

  private readonly left = (): void => {
    latencies.add(nowNs() - this.fromNs, 1);
    this.over();
  };

  /** In a closed loop the next one begins when this one is answered or has failed. */
  private another(): void {
    if (options.rate > 0 || this.isFollowed) return;
    this.isFollowed = true;
    beginNext(nowNs());
  }

  private over(): void {
    if (!underWay.delete(this)) return;
    this.another();
    answerWhenDone();
  }
}

function run(): void {
  const { atOnce, rate, threads } = options;
  watch = setInterval(endLate, LATE_STEP_MS);
  if (rate > 0) openLoop(nowNs());
  else for (let i = 0; i < Math.ceil(atOnce / threads); i++) beginNext(nowNs());
  answerWhenDone();
}

/** Number of this thread's next connection. */
function nextNumber(): number {
  return begun * options.threads + thread;
}

function isLast(): boolean {
  return isStopped || nextNumber() >= options.count;
}

function beginNext(fromNs: number): void {
  if (isLast()) return;
  const number = nextNumber();
  begun++;
  new Attempt(number, fromNs);
}

/** Begins each connection when it is due; its time counts from then, so that a stalled thread is charged for the wait. */
function openLoop(startNs: number): void {
  const timer = setInterval(() => {
    for (;;) {
      const dueNs = startNs + (nextNumber() * 1e9) / options.rate;
      if (dueNs > nowNs() || isLast()) break;
      beginNext(dueNs);
    }
    if (!isLast()) return;
    clearInterval(timer);
    answerWhenDone();
  }, STEP_MS);
}

/** Ends attempts that take too long. */
function endLate(): void {
  const sinceNs = nowNs() - PATIENCE_MS * 1e6;
  for (const attempt of underWay) if (attempt.fromNs < sinceNs) attempt.late();
}

function answerWhenDone(): void {
  if (isAnswered || underWay.size > 0 || !isLast()) return;
  isAnswered = true;
  clearInterval(watch);
  const answer: ConnectAnswer = { latencies: latencies.snapshot(), reasons, endNs: nowNs(), times };
  parentPort!.postMessage(answer, []);
}

/** Why something went wrong, of the first few. */
function told(reason: string): void {
  if (reasons.length === REASONS_LIMIT) return;
  reasons.push(reason);
  if (!isAnswered) return;
  const loss: ConnectLoss = { lost: reason };
  parentPort!.postMessage(loss, []);
}

/** No more are begun, and what is under way is not waited for. */
function stop(): void {
  isStopped = true;
  for (const attempt of underWay) attempt.giveUp();
  answerWhenDone();
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
