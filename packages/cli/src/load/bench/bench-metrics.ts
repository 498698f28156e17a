import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { MqttError } from "@bowline/protocol";
import type { LoadProgress } from "../run-load.ts";
import type { RunRecord } from "./bench-record.ts";

const QUANTILES = { p50: "0.5", p90: "0.9", p99: "0.99", p999: "0.999", max: "1" } as const;

/** What a run counts, and what the last one of each broker found, for Prometheus to fetch from the loopback while a bench runs. */
export class BenchMetrics {
  private readonly server: Server;
  /** Of the run that is on, by broker. */
  private readonly progress = new Map<string, LoadProgress>();
  private readonly found = new Map<string, RunRecord>();

  private constructor() {
    this.server = createServer((request, response) => {
      const isKnown = request.url === "/metrics" && (request.method === "GET" || request.method === "HEAD");
      response.writeHead(isKnown ? 200 : 404, { "content-type": "text/plain; version=0.0.4; charset=utf-8" });
      response.end(isKnown ? this.text() : "the metrics are at /metrics\n");
    });
  }

  /** @throws MqttError OPTION_INVALID */
  static async listen(port: number): Promise<BenchMetrics> {
    const metrics = new BenchMetrics();
    const { server } = metrics;
    server.listen(port, "127.0.0.1");
    try {
      await once(server, "listening");
    } catch (cause) {
      const { code = "" } = cause as NodeJS.ErrnoException;
      throw new MqttError("OPTION_INVALID", { detail: `--prometheus ${port}: ${code}`, cause });
    }
    return metrics;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/metrics`;
  }

  counted(broker: string, progress: LoadProgress): void {
    this.progress.set(broker, progress);
  }

  ended(broker: string, run: RunRecord): void {
    this.found.set(broker, run);
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private text(): string {
    const counts = [...this.progress];
    const runs = [...this.found];
    return [
      ...family("bowline_bench_sent_total", "counter", "Messages sent in this run.", counts, (of) => of.sent),
      ...family("bowline_bench_received_total", "counter", "Messages delivered in this run.", counts, (of) => of.received),
      ...family("bowline_bench_connections", "gauge", "Connections that came about.", counts, (of) => of.ready),
      ...family("bowline_bench_connections_wanted", "gauge", "Connections of this run.", counts, (of) => of.connections),
      ...family("bowline_bench_connections_failed_total", "counter", "Connections that failed.", counts, (of) => of.failed),
      ...family("bowline_bench_rate", "gauge", "Messages or connections a second, of the last run.", runs, (of) => of.rate),
      ...family("bowline_bench_ok", "gauge", "1 when the last run was well.", runs, (of) => (of.ok ? 1 : 0)),
      ...this.latencies(runs),
      "",
    ].join("\n");
  }

  private latencies(runs: readonly (readonly [string, RunRecord])[]): string[] {
    const name = "bowline_bench_latency_seconds";
    const lines = runs.flatMap(([broker, { latencyUs }]) =>
      Object.entries(QUANTILES).map(
        ([field, quantile]) =>
          `${name}{${label(broker)},quantile="${quantile}"} ${latencyUs[field as keyof typeof QUANTILES] / 1_000_000}`,
      ),
    );
    return lines.length === 0 ? [] : [`# HELP ${name} Latency of the last run.`, `# TYPE ${name} gauge`, ...lines];
  }
}

function family<Of>(
  name: string,
  type: "counter" | "gauge",
  help: string,
  all: readonly (readonly [string, Of])[],
  valueOf: (of: Of) => number,
): string[] {
  if (all.length === 0) return [];
  const values = all.map(([broker, of]) => `${name}{${label(broker)}} ${valueOf(of)}`);
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...values];
}

function label(broker: string): string {
  return `broker="${broker.replace(/[\\"\n]/g, "_")}"`;
}
