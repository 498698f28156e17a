import { startBowline } from "../brokers/start-bowline.ts";
import type { ConnectionsResult } from "../load/run-connections.ts";
import { measureConnections } from "./measure.ts";

/** What an idle connection costs in anonymous memory. */
export interface IdleMemory {
  readonly transport: "TCP" | "TLS";
  readonly run: ConnectionsResult;
  readonly bytes: number;
  readonly mostBytes: number;
}

const CASES = [
  { transport: "TCP", count: 10_000, mostBytes: 6 * 1024 },
  { transport: "TLS", count: 3000, mostBytes: 50 * 1024 },
] as const;

/** Holds the connections of one kind at a fresh process, with the password of one user. */
export async function measureIdle(): Promise<IdleMemory[]> {
  const results: IdleMemory[] = [];
  for (const { transport, count, mostBytes } of CASES) {
    const broker = await startBowline({ limits: {} });
    try {
      const port = transport === "TLS" ? broker.tlsPort : broker.port;
      const tls = transport === "TLS" ? 1 : 0;
      const options = { mode: "hold", n: 64, count, tls, port, seconds: 5, ...broker.login } as const;
      const run = await measureConnections(broker, options);
      results.push({ transport, run, bytes: run.broker.rssBytesPerConnection, mostBytes });
    } finally {
      await broker.stop();
    }
  }
  return results;
}
