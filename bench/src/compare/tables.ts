import { type ClientComparison, nameOfClientCase } from "../clients/compare-clients.ts";
import type { CodecResult } from "../codec.ts";
import type { TopicResult } from "../topic.ts";
import { type BrokerComparison, nameOf } from "./compare-brokers.ts";
import type { OneReturn, ReturnOfMany } from "../restart/return-of-many.ts";
import type { ReloadOfSessions } from "../restart/reload-of-sessions.ts";
import type { ConnectSide } from "./compare-connects.ts";
import { SLOWER_AT_MOST, type TopicsComparison } from "./compare-topics.ts";
import type { IdleMemory } from "./measure-idle.ts";
import { median } from "./median.ts";
import type { LatencyComparison, LatencyRatio } from "./compare-latency.ts";

type Cells = readonly string[];

export function codecTable(results: readonly CodecResult[]): string {
  const rows = results.map(({ name, nsPerPacketOurs, nsPerPacketTheirs, ratio, target }) => [
    name,
    nsPerPacketOurs.toFixed(0),
    nsPerPacketTheirs.toFixed(0),
    `${ratio.toFixed(1)} x`,
    verdict(target, ratio >= target),
  ]);
  return table(["PUBLISH, 64 bytes, 100 topics", "ns", "mqtt-packet ns", "ratio", "target"], rows);
}

export function topicTable(results: readonly TopicResult[]): string {
  const rows = results.map(({ name, ns, otherName, otherNs }) => [name, ns.toFixed(0), otherNs.toFixed(0), otherName]);
  return table(["topics", "ns", "other ns", "other"], rows);
}

export const brokerHead: Cells = [
  "brokers",
  "bowline msg/s",
  "mosquitto msg/s",
  "rate",
  "bowline µs",
  "mosquitto µs",
  "CPU",
  "cores",
  "load",
  "verified",
  "target",
];

/** CPU is in µs per delivered message; `cores` are the broker's, `load` the generator's, at ours and at mosquitto. */
export function brokerRow(comparison: BrokerComparison): Cells {
  const { bowline, mosquitto, rateRatio, cpuRatio, isHeld, target } = comparison;
  return [
    nameOf(comparison),
    bowline.receivedPerSecond.toLocaleString("en"),
    mosquitto.receivedPerSecond.toLocaleString("en"),
    `${rateRatio.toFixed(1)} x`,
    bowline.cpuSecondsPerMillion.toFixed(3),
    mosquitto.cpuSecondsPerMillion.toFixed(2),
    `${cpuRatio.toFixed(1)} x`,
    `${bowline.cores.toFixed(2)} ${mosquitto.cores.toFixed(2)}`,
    `${bowline.ownCores.toFixed(2)} ${mosquitto.ownCores.toFixed(2)}`,
    `${verified(bowline)} ${verified(mosquitto)}`,
    target === undefined ? "" : verdict(target, isHeld === true),
  ];
}

export function latencyTable(comparisons: readonly LatencyComparison[]): string {
  const rows = comparisons.flatMap(({ rate, bowline, mosquitto, p50, p99 }) =>
    Object.entries({ bowline, mosquitto }).map(([name, side]) => [
      `${rate.toLocaleString("en")}/s`,
      name,
      side.p50Us.toFixed(0),
      side.p99Us.toFixed(0),
      side.cpuSecondsPerMillion.toFixed(1),
      verified(side),
      name === "bowline" ? atMost(p50) : "",
      name === "bowline" ? atMost(p99) : "",
    ]),
  );
  return table(["pairs 20, QoS 0", "broker", "p50 µs", "p99 µs", "CPU µs/message", "verified", "p50 target", "p99 target"], rows);
}

function atMost({ ratio, most }: LatencyRatio): string {
  const words = `${ratio.toFixed(2)} x`;
  return most === undefined ? words : `${words} of ${most} x ${heldOr(ratio <= most)}`;
}

export function topicsTable(comparisons: readonly TopicsComparison[]): string {
  const rows = comparisons.map(({ qos, few, many, slower, isHeld }) => [
    `pairs 20, QoS ${qos}`,
    few.cpuSecondsPerMillion.toFixed(3),
    many.cpuSecondsPerMillion.toFixed(3),
    `${(slower * 100).toFixed(0)} %`,
    `${verified(few)} ${verified(many)}`,
    `${SLOWER_AT_MOST * 100} % ${heldOr(isHeld)}`,
  ]);
  return table(["20,000 topics, 10,000 wildcard filters", "few µs", "many µs", "slower", "verified", "target"], rows);
}

export function connectTable(sides: readonly ConnectSide[]): string {
  const rows = sides.map((side) => [
    side.kind,
    side.connectsPerSecond.toLocaleString("en"),
    `${side.ratio.toFixed(2)} x`,
    side.p99Us.toFixed(0),
    side.cpuUsPerConnect.toFixed(0),
    verified(side),
    side.target === undefined ? "" : verdict(side.target, side.ratio >= side.target),
  ]);
  return table(["connect and close, 64 at once", "per second", "ratio", "p99 µs", "CPU µs", "verified", "target"], rows);
}

export function idleTable(results: readonly IdleMemory[]): string {
  const rows = results.map(({ transport, runs, bytes, isVerified, mostBytes }) => [
    `${runs[0]!.connections.toLocaleString("en")} ${transport}`,
    bytes.toFixed(0),
    runs.map(({ broker }) => broker.rssBytesPerConnection.toFixed(0)).join(" "),
    median(runs.map(({ broker }) => broker.cpuUsPerConnect)).toFixed(0),
    `${mostBytes} ${heldOr(isVerified && bytes <= mostBytes)}`,
  ]);
  return table(["idle connections", "bytes each", "of each run", "CPU µs to connect", "target"], rows);
}

export function returnTable({ clients, coldPerSecond, returns }: ReturnOfMany, mostSeconds: number): string {
  const rows = returns.map((one) => [
    one.kind === "backoff" ? "clients with their own delays" : "clients that come each second",
    one.seconds.toFixed(1),
    refusals(one),
    `${mostSeconds} s ${heldOr(one.seconds <= mostSeconds)}`,
  ]);
  const head = [`${clients.toLocaleString("en")} passwords after a kill`, "back after s", "refused", "target"];
  return `${table(head, rows)}\nCold logins: ${coldPerSecond.toFixed(0)} per second`;
}

export function reloadTable(
  { sessions, subscriptions, cleanSeconds, killedSeconds }: ReloadOfSessions,
  mostSeconds: number,
): string {
  const rows = [
    ["after a stop", cleanSeconds.toFixed(1), `${mostSeconds} s ${heldOr(cleanSeconds < mostSeconds)}`],
    ["after a kill, the store is walked", killedSeconds.toFixed(1), ""],
  ];
  const words = `${sessions.toLocaleString("en")} sessions, ${subscriptions.toLocaleString("en")} subscriptions`;
  return table([words, "ready after s", "target"], rows);
}

/** CPU is in µs per message, of the client's process. */
export function clientTable(comparisons: readonly ClientComparison[]): string {
  const rows = comparisons.flatMap((comparison) =>
    comparison.sides.map(({ library, form, cpuSecondsPerMillion, perSecond, ratio, runs, verified: count, isHeld }) => [
      nameOfClientCase(comparison),
      library,
      form,
      cpuSecondsPerMillion.toFixed(3),
      Math.round(perSecond).toLocaleString("en"),
      `${ratio.toFixed(1)} x`,
      `${count}/${runs}`,
      isHeld === undefined || comparison.target === undefined ? "" : verdict(comparison.target, isHeld),
    ]),
  );
  return table(["clients, 64 bytes", "client", "form", "CPU µs", "per second", "ratio", "verified", "target"], rows);
}

/** Columns as wide as their widest cell; the first to the left, the others to the right. */
export function table(head: Cells, rows: readonly Cells[]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]!.length)));
  const line = (row: Cells): string =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  ");
  return [head, ...rows].map(line).join("\n");
}

function verified({ runs, verified: count }: { runs: readonly unknown[]; verified: number }): string {
  return `${count}/${runs.length}`;
}

function refusals({ refused }: OneReturn): string {
  const words = Object.entries(refused).map(([code, count]) => `${count} x 0x${Number(code).toString(16)}`);
  return words.length === 0 ? "none" : words.join(", ");
}

function verdict(target: number, isHeld: boolean): string {
  return `${target} x ${heldOr(isHeld)}`;
}

function heldOr(isHeld: boolean): string {
  return isHeld ? "held" : "MISSED";
}
