import { once } from "node:events";
import { connect } from "node:net";
import { encodeToBytes } from "@bowline/protocol/internal";
import { LatencyHistogram } from "./latency-histogram.ts";
import type { LoadOptions } from "./load-options.ts";
import { nowNs } from "./monotonic-time.ts";
import { processUsage } from "./process-usage.ts";

/** What connecting costs; one JSON line of the generator. */
export interface ChurnResult extends Pick<LoadOptions, "label" | "mode" | "n" | "version"> {
  /** Every connection got its CONNACK. */
  readonly ok: boolean;
  readonly connections: number;
  readonly failed: number;
  readonly seconds: number;
  readonly connectsPerSecond: number;
  /** From the first SYN to the CONNACK. */
  readonly connectUs: { readonly p50: number; readonly p99: number };
  readonly broker: { readonly cpuUsPerConnect: number; readonly rssKiB: number };
}

const DISCONNECT = Uint8Array.of(0xe0, 0);

/** Makes `count` connections, `n` of them under way at once: TCP, CONNECT, CONNACK, DISCONNECT, close. */
export async function runChurn(options: LoadOptions): Promise<ChurnResult> {
  const { label, mode, n, version, count, pid } = options;
  const latencies = new LatencyHistogram();
  const startNs = nowNs();
  const before = processUsage(pid);
  let begun = 0;
  let failed = 0;
  const line = async (): Promise<void> => {
    while (begun < count) {
      const fromNs = nowNs();
      const isConnected = await connectOnce(options, `churn-${process.pid}-${begun++}`);
      if (isConnected) latencies.add(nowNs() - fromNs, 1);
      else failed++;
    }
  };
  await Promise.all(Array.from({ length: n }, line));
  const after = processUsage(pid);
  const seconds = (nowNs() - startNs) / 1e9;
  const cpuSeconds = after.user + after.system - before.user - before.system;
  return {
    label,
    mode,
    n,
    version,
    ok: failed === 0,
    connections: count,
    failed,
    seconds,
    connectsPerSecond: Math.round((count - failed) / seconds),
    connectUs: { p50: latencies.percentile(0.5), p99: latencies.percentile(0.99) },
    broker: { cpuUsPerConnect: (cpuSeconds * 1e6) / count, rssKiB: after.rssKiB },
  };
}

async function connectOnce({ host, port, version }: LoadOptions, clientIdentifier: string): Promise<boolean> {
  const socket = connect({ host, port, noDelay: true });
  const packet = encodeToBytes({ type: 1, protocolVersion: version, clientIdentifier, cleanStart: true, keepAlive: 0 }, version);
  socket.once("connect", () => socket.write(packet));
  let isAccepted = false;
  socket.once("data", (chunk) => {
    isAccepted = chunk[0] === 0x20 && chunk[3] === 0;
    socket.end(DISCONNECT);
  });
  // "close" says it all; an error comes before it.
  socket.on("error", () => {});
  await once(socket, "close");
  return isAccepted;
}
