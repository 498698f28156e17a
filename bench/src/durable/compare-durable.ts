import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { open } from "lmdb";
import { median } from "../compare/median.ts";
import { libraryInBatches } from "../storage.ts";
import type { DurableAnswer, DurableRequest, LoopFigures } from "./durable-broker.ts";
import { OfflineLoad } from "./offline-load.ts";

/** Of the rate of the library alone, what durable QoS 1 must reach; with password hashes the half of that without. */
export const DURABLE_TARGETS = { ofLibrary: 0.4, withHashes: 0.5, lagMs: 20 } as const;
const HASHES = 4;

export interface DurableRate extends LoopFigures {
  /** Acknowledged messages a second. */
  perSecond: number;
}

/** Durable QoS 1 to Sessions that are away, beside LMDB's own batches of 100 on the same disk in the same run. */
export interface DurableComparison {
  libraryPerSecond: number;
  alone: DurableRate;
  /** With four password hashes in flight. */
  hashing: DurableRate;
}

/** Each round has a new store, and the library its turn before and after the broker: a disk is not the same twice. */
export async function compareDurable(pace: { rounds: number; seconds: number; warm: number }): Promise<DurableComparison> {
  const rounds: DurableComparison[] = [];
  // oxlint-disable-next-line no-await-in-loop -- What is compared has the machine for itself.
  for (let round = 0; round < pace.rounds; round++) rounds.push(await oneRound(pace));
  const figure = (of: (one: DurableComparison) => number): number => median(rounds.map(of));
  const rate = (of: (one: DurableComparison) => DurableRate): DurableRate => ({
    perSecond: figure((one) => of(one).perSecond),
    lagP99: figure((one) => of(one).lagP99),
    lagMax: figure((one) => of(one).lagMax),
    hashed: figure((one) => of(one).hashed),
  });
  return {
    libraryPerSecond: figure((one) => one.libraryPerSecond),
    alone: rate((one) => one.alone),
    hashing: rate((one) => one.hashing),
  };
}

export function missedByDurable({ libraryPerSecond, alone, hashing }: DurableComparison): string[] {
  const { ofLibrary, withHashes, lagMs } = DURABLE_TARGETS;
  const missed: string[] = [];
  const share = alone.perSecond / libraryPerSecond;
  if (share < ofLibrary) missed.push(`durable QoS 1: ${share.toFixed(2)} of the library's rate, not ${ofLibrary}`);
  const kept = hashing.perSecond / alone.perSecond;
  if (kept < withHashes)
    missed.push(`durable QoS 1 with password hashes: ${kept.toFixed(2)} of the rate without, not ${withHashes}`);
  if (alone.lagP99 > lagMs) missed.push(`durable QoS 1: the event loop is ${alone.lagP99.toFixed(1)} ms late, not under ${lagMs}`);
  return missed;
}

async function oneRound({ seconds, warm }: { seconds: number; warm: number }): Promise<DurableComparison> {
  const before = await libraryRate(seconds);
  const folder = await mkdtemp(join(tmpdir(), "bowline-bench-durable-"));
  const broker = await startDurable(folder);
  const load = new OfflineLoad(broker.port);
  try {
    await load.prepare();
    await load.start();
    await sleep(warm * 1_000);
    // A store and a heap that grow slow the later turns, so each side has an early and a late one.
    const turns: DurableRate[] = [];
    for (const hashes of [0, HASHES, HASHES, 0]) turns.push(await broker.measure(load, hashes, seconds / 2));
    const [alone, hashing] = [meanOf(turns[0]!, turns[3]!), meanOf(turns[1]!, turns[2]!)];
    load.stop();
    const kept = await broker.stop();
    if (kept < load.acknowledged) throw new Error(`${load.acknowledged} messages were acknowledged, and ${kept} are there`);
    return { libraryPerSecond: (before + (await libraryRate(seconds))) / 2, alone, hashing };
  } finally {
    load.stop();
    await broker.end();
    await rm(folder, { recursive: true });
  }
}

function meanOf(one: DurableRate, other: DurableRate): DurableRate {
  return {
    perSecond: (one.perSecond + other.perSecond) / 2,
    lagP99: (one.lagP99 + other.lagP99) / 2,
    lagMax: Math.max(one.lagMax, other.lagMax),
    hashed: one.hashed + other.hashed,
  };
}

async function libraryRate(seconds: number): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), "bowline-bench-library-"));
  const library = open<Uint8Array, Uint8Array>({ path: directory, encoding: "binary", keyEncoding: "binary" } as object);
  const rate = await libraryInBatches(library, seconds * 1_000);
  await library.close();
  await rm(directory, { recursive: true });
  return rate;
}

class DurableBroker {
  readonly port: number;
  private readonly child: ChildProcess;

  constructor(child: ChildProcess, port: number) {
    this.child = child;
    this.port = port;
  }

  async measure(load: OfflineLoad, hashes: number, seconds: number): Promise<DurableRate> {
    this.ask({ kind: "measure", hashes });
    const began = performance.now();
    const { acknowledged } = load;
    await sleep(seconds * 1_000);
    const perSecond = ((load.acknowledged - acknowledged) / (performance.now() - began)) * 1_000;
    this.ask({ kind: "measured" });
    const answer = (await answerOf(this.child)) as DurableAnswer & { kind: "figures" };
    return { perSecond, ...answer.figures };
  }

  /** Answers how many messages wait in the closed store. */
  async stop(): Promise<number> {
    this.ask({ kind: "stop" });
    const { kept } = (await answerOf(this.child)) as DurableAnswer & { kind: "stopped" };
    await once(this.child, "exit");
    return kept;
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const exited = once(this.child, "exit");
    this.child.kill("SIGKILL");
    await exited;
  }

  private ask(request: DurableRequest): void {
    this.child.send(request);
  }
}

async function startDurable(folder: string): Promise<DurableBroker> {
  const child = fork(
    fileURLToPath(new URL("./durable-broker.js", import.meta.url.replace("/src/durable/", "/dist/durable/"))),
    [folder],
    {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      execArgv: [],
    },
  );
  const answer = (await answerOf(child)) as DurableAnswer & { kind: "ready" };
  return new DurableBroker(child, answer.port);
}

async function answerOf(child: ChildProcess): Promise<DurableAnswer> {
  const gone = once(child, "exit").then(([code]) => {
    throw new Error(`the broker ended with ${code}`);
  });
  const [answer] = (await Promise.race([once(child, "message"), gone])) as [DurableAnswer];
  return answer;
}
