import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { openStorage, type Storage, type StorageVisitor } from "@bowline/broker/internal";
import { open, type RootDatabase } from "lmdb";

/**
 * What durable storage costs, against the library alone: batches of 100 messages of 256 bytes, each awaited until it is on the
 * disk, and then what a broker does, appending in every turn with 2,000 outstanding. All in one run and in turns, since the time
 * of a flush changes more between two minutes than between two programs.
 */
export interface StorageFigures {
  /** Rows per second in batches of 100, each awaited: the library's own put, and ours with keys, checksums and records. */
  libraryPerSecond: number;
  oursPerSecond: number;
  /** Operations per second with 2,000 outstanding, by durability, and what the event loop of the same process felt. */
  durable: FlowFigures;
  relaxed: FlowFigures;
}

export interface FlowFigures {
  perSecond: number;
  /** Operations per commit, on average: groups grow by themselves. */
  group: number;
  /** Ms from append to commit. */
  latencyP50: number;
  latencyP99: number;
  /** Ms the event loop was late. */
  lagP99: number;
}

const batch = 100;
const outstandingMax = 2_000;
const perTurn = 5;
const payloads = randomBytes(2 ** 20);

export async function benchStorage(options: { rounds?: number; msPerRound?: number } = {}): Promise<StorageFigures[]> {
  const { rounds = 5, msPerRound = 1_000 } = options;
  const directory = await mkdtemp(join(tmpdir(), "bowline-bench-"));
  const library = open<Uint8Array, Uint8Array>({
    path: join(directory, "library"),
    encoding: "binary",
    keyEncoding: "binary",
  } as object);
  const durable = await loaded(join(directory, "durable"), "durable");
  const relaxed = await loaded(join(directory, "relaxed"), "relaxed");
  try {
    const figures: StorageFigures[] = [];
    for (let round = 0; round < rounds; round++) {
      figures.push({
        libraryPerSecond: await libraryInBatches(library, msPerRound),
        oursPerSecond: await oursInBatches(durable, msPerRound),
        durable: await flow(durable, msPerRound),
        relaxed: await flow(relaxed, msPerRound),
      });
    }
    return figures;
  } finally {
    await Promise.all([library.close(), durable.close(), relaxed.close()]);
    await rm(directory, { recursive: true });
  }
}

const nobody: StorageVisitor = { message() {}, session() {}, retained() {}, user() {}, rule() {} };

async function loaded(directory: string, durability: "durable" | "relaxed"): Promise<Storage> {
  const storage = await openStorage({ directory, durability });
  await storage.load(nobody);
  return storage;
}

let nextId = 1;

function payloadOf(id: number): Uint8Array {
  const start = (id * 261) % (payloads.length - 256);
  return payloads.subarray(start, start + 256);
}

/** Rows a second of the library alone: batches of 100, each awaited until it is on the disk. */
export async function libraryInBatches(library: RootDatabase<Uint8Array, Uint8Array>, ms: number): Promise<number> {
  const start = performance.now();
  let rows = 0;
  for (; performance.now() - start < ms; rows += batch) {
    let last: Promise<boolean> | undefined;
    for (let count = 0; count < batch; count++) {
      const key = Buffer.allocUnsafe(6);
      key.writeUIntBE(nextId, 0, 6);
      last = library.put(key, payloadOf(nextId++));
    }
    await last;
    await library.flushed;
  }
  return (rows / (performance.now() - start)) * 1_000;
}

async function oursInBatches(storage: Storage, ms: number): Promise<number> {
  const start = performance.now();
  let rows = 0;
  for (; performance.now() - start < ms; rows += batch) {
    for (let count = 0; count < batch; count++) putOne(storage);
    await storage.flush();
  }
  return (rows / (performance.now() - start)) * 1_000;
}

const topicName = Buffer.from("sensors/kitchen/temperature");

function putOne(storage: Storage): number {
  const id = nextId++;
  return storage.putMessage({
    id,
    tenant: "default",
    topicName,
    payload: payloadOf(id),
    properties: undefined,
    qos: 1,
    retain: false,
    expiresAt: 0,
    publisher: "alice/dash-1",
  });
}

/** A few appends a turn, as packets come in, and no more than `outstandingMax` that are not committed. */
async function flow(storage: Storage, ms: number): Promise<FlowFigures> {
  const waiting: { commit: number; at: number }[] = [];
  const latencies: number[] = [];
  let groups = 0;
  let wake: () => void = () => {};
  storage.onCommitted = (n) => {
    groups += 1;
    const kept = waiting.findIndex((turn) => turn.commit > n);
    for (const turn of waiting.splice(0, kept === -1 ? waiting.length : kept)) latencies.push(performance.now() - turn.at);
    wake();
  };
  const lag = monitorEventLoopDelay({ resolution: 1 });
  lag.enable();
  const start = performance.now();
  while (performance.now() - start < ms) {
    let commit = 0;
    for (let count = 0; count < perTurn; count++) commit = putOne(storage);
    waiting.push({ commit, at: performance.now() });
    if (waiting.length * perTurn < outstandingMax) await new Promise(setImmediate);
    else await new Promise<void>((resolve) => (wake = resolve));
  }
  await storage.flush();
  const seconds = (performance.now() - start) / 1_000;
  lag.disable();
  latencies.sort((a, b) => a - b);
  const operations = latencies.length * perTurn;
  return {
    perSecond: operations / seconds,
    group: operations / groups,
    latencyP50: latencies[latencies.length >> 1] ?? 0,
    latencyP99: latencies[Math.floor(latencies.length * 0.99)] ?? 0,
    // The monitor counts its own resolution of 1 ms.
    lagP99: Math.max(0, lag.percentile(99) / 1e6 - 1),
  };
}
