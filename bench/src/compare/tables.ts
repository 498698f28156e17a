import { type ClientComparison, nameOfClientCase } from "../clients/compare-clients.ts";
import type { CodecResult } from "../codec.ts";
import type { TopicResult } from "../topic.ts";
import { type BrokerComparison, nameOf } from "./compare-brokers.ts";
import type { ConnectComparison } from "./compare-connects.ts";
import type { LatencyComparison } from "./compare-latency.ts";

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
  "64 bytes",
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
  const rows = comparisons.flatMap(({ rate, bowline, mosquitto }) =>
    Object.entries({ bowline, mosquitto }).map(([name, side]) => [
      `${rate.toLocaleString("en")}/s`,
      name,
      side.p50Us.toFixed(0),
      side.p99Us.toFixed(0),
      side.cpuSecondsPerMillion.toFixed(1),
      verified(side),
    ]),
  );
  return table(["pairs 20, QoS 0", "broker", "p50 µs", "p99 µs", "CPU µs/message", "verified"], rows);
}

export function connectTable({ bowline, mosquitto }: ConnectComparison): string {
  const rows = Object.entries({ bowline, mosquitto }).map(([name, side]) => [
    name,
    side.connectsPerSecond.toLocaleString("en"),
    side.p99Us.toFixed(0),
    side.cpuUsPerConnect.toFixed(0),
    verified(side),
  ]);
  return table(["connect and close, 64 at once", "per second", "p99 µs", "CPU µs", "verified"], rows);
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

function verdict(target: number, isHeld: boolean): string {
  return `${target} x ${isHeld ? "held" : "MISSED"}`;
}
