import type { ChurnResult } from "../load/run-churn.ts";
import type { Brokers } from "./compare-brokers.ts";
import { measureChurn } from "./measure.ts";
import { median } from "./median.ts";

/** What connecting costs: TCP, CONNECT, CONNACK, DISCONNECT, close; 64 clients at once. */
export interface ConnectComparison {
  readonly bowline: ConnectSide;
  readonly mosquitto: ConnectSide;
}

export interface ConnectSide {
  readonly runs: readonly ChurnResult[];
  readonly verified: number;
  readonly connectsPerSecond: number;
  readonly p99Us: number;
  readonly cpuUsPerConnect: number;
}

const AT_ONCE = 64;

/** Runs both brokers in turns. */
export async function compareConnects(
  brokers: Brokers,
  { rounds, count }: { rounds: number; count: number },
): Promise<ConnectComparison> {
  const runs: { bowline: ChurnResult[]; mosquitto: ChurnResult[] } = { bowline: [], mosquitto: [] };
  // Until the code of connecting is compiled it costs twice as much.
  for (const broker of [brokers.mosquitto, brokers.bowline]) await measureChurn(broker, { n: AT_ONCE, count });
  for (let round = 0; round < rounds; round++) {
    for (const name of ["mosquitto", "bowline"] as const) {
      runs[name].push(await measureChurn(brokers[name], { n: AT_ONCE, count }));
    }
  }
  return { bowline: sideOf(runs.bowline), mosquitto: sideOf(runs.mosquitto) };
}

function sideOf(runs: readonly ChurnResult[]): ConnectSide {
  const verified = runs.filter((run) => run.ok);
  return {
    runs,
    verified: verified.length,
    connectsPerSecond: median(verified.map((run) => run.connectsPerSecond)),
    p99Us: median(verified.map((run) => run.connectUs.p99)),
    cpuUsPerConnect: median(verified.map((run) => run.broker.cpuUsPerConnect)),
  };
}
