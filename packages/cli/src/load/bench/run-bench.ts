import type { ConnectionTarget } from "../../connection-options.ts";
import { LiveLine } from "../live-line.ts";
import { type LoadServer, loopbackAddresses } from "../load-server.ts";
import { loadServerOf } from "../load-server-of.ts";
import { grouped } from "../../terminal/progress.ts";
import { runConnections } from "../run-connections.ts";
import { type LoadProgress, runLoad } from "../run-load.ts";
import type { BenchOrder } from "./bench-order.ts";
import { type BenchRecord, connectionsRecord, flowRecord, optionsRecord, ratiosOf, type RunRecord } from "./bench-record.ts";

interface Side {
  readonly url: string;
  readonly server: LoadServer;
  readonly pid: number;
  readonly runs: RunRecord[];
}

const VERSION_NAMES = { 3: "3.1", 4: "3.1.1", 5: "5.0" } as const;

/**
 * Measures all brokers in turns.
 *
 * @throws MqttError that says why a broker cannot be measured
 */
export async function runBench(order: BenchOrder, targets: readonly ConnectionTarget[], signal: AbortSignal): Promise<BenchRecord> {
  const sides: Side[] = [];
  for (const [i, target] of targets.entries())
    sides.push(await sideOf(order, target, i === 0 ? order.serverPid : (order.vs?.pid ?? 0)));
  const live = new LiveLine();
  for (let round = 0; round < order.rounds && !signal.aborted; round++) {
    for (const side of sides) {
      if (signal.aborted) break;
      const where = order.vs === undefined ? "" : `${side.url} round ${round + 1}/${order.rounds}  `;
      side.runs.push(await runOnce(order, side, signal, ratesShown(live, where)));
      live.clear();
    }
  }
  const brokers = sides.map(({ url, server, runs }) => ({ url, mqtt: VERSION_NAMES[server.target.protocolVersion], runs }));
  return {
    v: 1,
    type: "bench",
    kind: order.kind,
    ok: sides.every(({ runs }) => runs.every(({ ok }) => ok)),
    options: optionsRecord(order),
    brokers,
    ...(order.vs === undefined ? {} : { ratios: ratiosOf(brokers) }),
  };
}

async function sideOf(order: BenchOrder, target: ConnectionTarget, pid: number): Promise<Side> {
  const server = await loadServerOf(target, `bench-${process.pid}-%i`);
  const given = [...order.localAddresses, ...server.localAddresses];
  const localAddresses = given.length === 0 && order.kind === "conn" ? loopbackAddresses(server.address) : given;
  return {
    url: server.target.url,
    server: { ...server, localAddresses },
    pid,
    runs: [],
  };
}

async function runOnce(
  { kind, flow, connect }: BenchOrder,
  { server, pid }: Side,
  signal: AbortSignal,
  progress: (progress: LoadProgress) => void,
): Promise<RunRecord> {
  const watch = { signal, progress };
  if (kind !== "conn") return flowRecord(await runLoad({ ...flow, server, pid }, watch), kind, pid);
  return connectionsRecord(await runConnections({ ...connect, server, pid }, watch), pid, connect.hold !== undefined);
}

/** Shows each second what happened in it. */
function ratesShown(live: LiveLine, where: string): (progress: LoadProgress) => void {
  let last = { sent: 0, received: 0, ready: 0 };
  return ({ isRunning, ready, connections, sent, received }) => {
    const text = isRunning
      ? `sent ${grouped(sent - last.sent)}/s  received ${grouped(received - last.received)}/s`
      : `${grouped(ready)} of ${grouped(connections)} connections  ${grouped(ready - last.ready)}/s`;
    live.show(`${where}${text}`);
    last = { sent, received, ready };
  };
}
