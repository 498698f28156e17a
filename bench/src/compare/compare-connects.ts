import type { BowlineProcess } from "../brokers/start-bowline.ts";
import type { BrokerProcess } from "../brokers/broker-process.ts";
import type { ConnectionsResult } from "../load/generate.ts";
import { isJudgedByRate } from "./compare-brokers.ts";
import { measureConnections } from "./measure.ts";
import { median } from "./median.ts";

/** Who connects: to mosquitto anonymous clients, to ours those, and clients whose password is remembered. */
export type ConnectKind = "mosquitto" | "anonymous" | "password";

/** What connecting costs: TCP, CONNECT, CONNACK, DISCONNECT, close; 64 clients at once. */
export interface ConnectSide {
  readonly kind: ConnectKind;
  readonly runs: readonly ConnectionsResult[];
  readonly verified: number;
  readonly connectsPerSecond: number;
  readonly p99Us: number;
  readonly cpuUsPerConnect: number;
  /** Of mosquitto's rate, by CPU where that judges. */
  readonly ratio: number;
  /** What the ratio must reach; undefined for mosquitto. */
  readonly target: number | undefined;
}

const TARGETS: Readonly<Record<ConnectKind, number | undefined>> = { mosquitto: undefined, anonymous: 0.4, password: 0.3 };
const KINDS = Object.keys(TARGETS) as ConnectKind[];
const AT_ONCE = 64;
/** One thread makes some 20,000 connections in a second, which is less than mosquitto takes. */
const THREADS = 3;

/** Runs all in turns. */
export async function compareConnects(
  { bowline, mosquitto }: { bowline: BowlineProcess; mosquitto: BrokerProcess },
  { rounds, count }: { rounds: number; count: number },
): Promise<ConnectSide[]> {
  const runs: Record<ConnectKind, ConnectionsResult[]> = { mosquitto: [], anonymous: [], password: [] };
  // The first round is not counted: until the code of connecting is compiled it costs twice as much.
  for (let round = 0; round <= rounds; round++) {
    for (const kind of KINDS) {
      const login = kind === "password" ? bowline.login : {};
      const options = { mode: "churn", n: AT_ONCE, count, threads: THREADS, ...login } as const;
      const result = await measureConnections(kind === "mosquitto" ? mosquitto : bowline, options);
      if (round > 0) runs[kind].push(result);
    }
  }
  const sides = KINDS.map((kind) => sideOf(kind, runs[kind]));
  const theirs = sides[0]!;
  return sides.map((side) => ({
    ...side,
    ratio: isJudgedByRate ? side.connectsPerSecond / theirs.connectsPerSecond : theirs.cpuUsPerConnect / side.cpuUsPerConnect,
  }));
}

function sideOf(kind: ConnectKind, runs: readonly ConnectionsResult[]): ConnectSide {
  const verified = runs.filter((run) => run.ok);
  return {
    kind,
    runs,
    verified: verified.length,
    connectsPerSecond: median(verified.map((run) => run.connectsPerSecond)),
    p99Us: median(verified.map((run) => run.connectUs.p99)),
    cpuUsPerConnect: median(verified.map((run) => run.broker.cpuUsPerConnect)),
    ratio: 0,
    target: TARGETS[kind],
  };
}
