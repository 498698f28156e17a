import { MqttError } from "@bowline/protocol";
import type { ConnectionTarget } from "../../connection-options.ts";
import { grouped } from "../../terminal/progress.ts";
import { LiveLine } from "../live-line.ts";
import { runConnections } from "../run-connections.ts";
import { type LoadProgress, type LoadWatch, runLoad } from "../run-load.ts";
import { BenchMetrics } from "./bench-metrics.ts";
import type { BenchOrder } from "./bench-order.ts";
import { type BenchRecord, connectionsRecord, flowRecord, optionsRecord, ratiosOf, type RunRecord } from "./bench-record.ts";
import { type Side, sideOf } from "./bench-sides.ts";
import { QualityLog } from "./quality-log.ts";

const VERSION_NAMES = { 3: "3.1", 4: "3.1.1", 5: "5.0" } as const;

/**
 * Measures all brokers in turns.
 *
 * @throws MqttError that says why a broker cannot be measured; when some runs are over, the record says so instead
 */
export async function runBench(order: BenchOrder, targets: readonly ConnectionTarget[], signal: AbortSignal): Promise<BenchRecord> {
  const sides: Side[] = [];
  for (const [i, target] of targets.entries())
    sides.push(await sideOf(order, target, i === 0 ? order.serverPid : (order.vs?.pid ?? 0), signal));
  const bench = new Bench(order, sides);
  try {
    await bench.begin();
    await bench.run(signal);
  } catch (error) {
    // What was measured until then is not thrown away.
    if (sides.every(({ runs }) => runs.length === 0)) throw error;
    return recordOf(order, sides, error as Error);
  } finally {
    bench.end();
  }
  return recordOf(order, sides, undefined);
}

function recordOf(order: BenchOrder, sides: readonly Side[], error: Error | undefined): BenchRecord {
  const brokers = sides.map(({ url, server, runs }) => ({ url, mqtt: VERSION_NAMES[server.target.protocolVersion], runs }));
  const failure = MqttError.is(error) && error.code === "ABORTED" ? undefined : error?.message;
  return {
    v: 1,
    type: "bench",
    kind: order.kind,
    ok: failure === undefined && sides.every(({ runs }) => runs.every(({ ok }) => ok)),
    ...(failure === undefined ? {} : { failure }),
    options: optionsRecord(order),
    brokers,
    ...(order.vs === undefined ? {} : { ratios: ratiosOf(brokers) }),
  };
}

/** The rounds of a bench, and those who watch them. */
class Bench {
  private readonly order: BenchOrder;
  private readonly sides: readonly Side[];
  private readonly live = new LiveLine();
  private metrics: BenchMetrics | undefined;
  private quality: QualityLog | undefined;

  constructor(order: BenchOrder, sides: readonly Side[]) {
    this.order = order;
    this.sides = sides;
  }

  async begin(): Promise<void> {
    const { qoe, metricsPort } = this.order;
    if (qoe !== undefined) this.quality = new QualityLog(qoe);
    if (metricsPort === undefined) return;
    this.metrics = await BenchMetrics.listen(metricsPort);
    process.stderr.write(`note: metrics at ${this.metrics.url}\n`);
  }

  async run(signal: AbortSignal): Promise<void> {
    for (let round = 0; round < this.order.rounds; round++) {
      for (const side of this.sides) {
        if (signal.aborted) return;
        const run = await this.runOnce(side, round, signal);
        side.runs.push(run);
        this.metrics?.ended(side.url, run);
        this.live.clear();
      }
    }
  }

  end(): void {
    this.live.clear();
    this.metrics?.close();
    this.quality?.close();
  }

  private async runOnce({ url, server, pid }: Side, round: number, signal: AbortSignal): Promise<RunRecord> {
    const { kind, flow, connect, vs, rounds } = this.order;
    const show = this.ratesShown(vs === undefined ? "" : `${url} round ${round + 1}/${rounds}  `);
    const progress = (now: LoadProgress): void => {
      show(now);
      this.metrics?.counted(url, now);
    };
    const watch: LoadWatch = { signal, progress };
    if (kind === "conn") {
      const result = await runConnections({ ...connect, server, pid }, watch);
      this.quality?.write(result.times, server, round + 1);
      return connectionsRecord(result, pid, connect.hold !== undefined);
    }
    const result = await runLoad({ ...flow, server, pid }, watch);
    this.quality?.write(result.times, server, round + 1);
    return flowRecord(result, kind, pid);
  }

  /** Shows each second what happened in it: on a terminal over the line before, with --verbose below it. */
  private ratesShown(where: string): (progress: LoadProgress) => void {
    let last = { sent: 0, received: 0, ready: 0 };
    let seconds = 0;
    return ({ isRunning, ready, connections, sent, received }) => {
      seconds++;
      const text = isRunning
        ? `sent ${grouped(sent - last.sent)}/s  received ${grouped(received - last.received)}/s`
        : `${grouped(ready)} of ${grouped(connections)} connections  ${grouped(ready - last.ready)}/s`;
      last = { sent, received, ready };
      if (this.order.isVerbose) process.stderr.write(`${where}${seconds} s  ${text}\n`);
      else this.live.show(`${where}${text}`);
    };
  }
}
