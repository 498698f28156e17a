import { startBowline } from "../brokers/start-bowline.ts";
import type { ConnectionsResult } from "../load/generate.ts";
import { measureConnections } from "./measure.ts";
import { median } from "./median.ts";

/** What an idle connection costs in anonymous memory. */
export interface IdleMemory {
  readonly transport: "TCP" | "TLS";
  readonly runs: readonly ConnectionsResult[];
  /** Median: when garbage was last collected before a reading is a matter of chance, and moves it by some hundred bytes. */
  readonly bytes: number;
  readonly isVerified: boolean;
  readonly mostBytes: number;
}

const CASES = [
  { transport: "TCP", count: 10_000, mostBytes: 6 * 1024 },
  { transport: "TLS", count: 3000, mostBytes: 50 * 1024 },
] as const;

/** Holds the connections of one kind at a fresh process each time, with the password of one user and the limits of those who set none. */
export async function measureIdle(rounds: number): Promise<IdleMemory[]> {
  const results: IdleMemory[] = [];
  for (const { transport, count, mostBytes } of CASES) {
    const runs: ConnectionsResult[] = [];
    for (let round = 0; round < rounds; round++) runs.push(await hold(transport, count));
    const bytes = median(runs.map(({ broker }) => broker.rssBytesPerConnection));
    results.push({ transport, runs, bytes, isVerified: runs.every(({ ok }) => ok), mostBytes });
  }
  return results;
}

async function hold(transport: IdleMemory["transport"], count: number): Promise<ConnectionsResult> {
  const broker = await startBowline({ limits: {} });
  try {
    const port = transport === "TLS" ? broker.tlsPort : broker.port;
    const tls = transport === "TLS" ? 1 : 0;
    return await measureConnections(broker, { mode: "hold", n: 64, count, tls, port, seconds: 5, ...broker.login });
  } finally {
    await broker.stop();
  }
}
