import { grouped } from "../../terminal/progress.ts";
import { timeText } from "../time-text.ts";
import type { BenchRecord, RunRecord, Spread } from "./bench-record.ts";

/** What people read of a bench. */
export function benchText(record: BenchRecord): string {
  const { kind, options, brokers, ratios, failure } = record;
  const end = failure === undefined ? [] : ["", `ended early: ${failure}`];
  const lines = [`${kind}: ${headline(record)}`];
  if (ratios === undefined) {
    for (const { url, mqtt, runs } of brokers)
      for (const run of runs) lines.push("", `${url}  MQTT ${mqtt}`, ...runText(run, record).map((line) => `  ${line}`));
    return `${[...lines, ...end].join("\n")}\n`;
  }
  for (const [i, { url, mqtt }] of brokers.entries()) lines.push(`  ${"AB"[i]}  ${url}  MQTT ${mqtt}`);
  lines.push("", ...turns(record), "", `A by B, min / median / max of ${options["rounds"]} rounds`);
  for (const [name, spread] of Object.entries(ratios))
    lines.push(`  ${(RATIO_NAMES[name] ?? name).padEnd(18)} ${spreadText(spread)}`);
  return `${[...lines, ...end].join("\n")}\n`;
}

const COLUMNS = ["round", "", "a second", "p50", "p99", "own CPU", "server"] as const;
const WIDTHS = [5, 2, 14, 10, 10, 10, 10] as const;

/** A row for each turn, and what was wrong with it below. */
function turns(record: BenchRecord): string[] {
  const rows = [row(COLUMNS)];
  for (let round = 0; round < Number(record.options["rounds"]); round++) {
    for (const [i, { runs }] of record.brokers.entries()) {
      const run = runs[round];
      if (run !== undefined) rows.push(...turn(run, round, "AB"[i] ?? "", record));
    }
  }
  return rows;
}

function turn(run: RunRecord, round: number, name: string, record: BenchRecord): string[] {
  const { rate, latencyUs, cpu, messages } = run;
  const times = latencyUs.max > 0 ? [timeText(latencyUs.p50), timeText(latencyUs.p99)] : ["-", "-"];
  const each = [cpu.own, cpu.server].map((use) => (use === undefined ? "-" : timeText(use.usEach)));
  const faults = run.ok || messages === undefined ? [] : [verdictText(record, messages, false)];
  return [
    row([String(round + 1), name, grouped(rate), ...times, ...each]),
    ...[...faults, ...connectionsText(run)].map((line) => `       ${line}`),
  ];
}

function row(cells: readonly string[]): string {
  return `  ${cells.map((cell, i) => cell.padStart(WIDTHS[i] ?? 0)).join("  ")}`;
}

const RATIO_NAMES: Readonly<Record<string, string>> = {
  rate: "rate",
  p50: "latency p50",
  p99: "latency p99",
  serverCpu: "server's CPU each",
};

function headline({ kind, options }: BenchRecord): string {
  if (kind === "conn") {
    const loop = options["rate"] ? `${grouped(Number(options["rate"]))} a second` : `${options["atOnce"]} at once`;
    const end = options["hold"] === undefined ? "each ends after its CONNACK" : `held for ${options["hold"]} s`;
    return `${grouped(Number(options["clients"]))} connections, ${loop}, ${end}`;
  }
  const sides = [counted(options["publishers"], "publisher"), counted(options["subscribers"], "subscriber")].filter(Boolean);
  const loop = options["rate"] === undefined ? "as fast as they go" : `${grouped(Number(options["rate"]))} a second`;
  const content =
    options["ownPayloads"] === undefined ? `${options["size"]} bytes` : counted(Number(options["ownPayloads"]), "own payload");
  const size = kind === "sub" ? [] : [content, loop];
  return [...sides, `QoS ${options["qos"]}`, ...size].join(", ");
}

function counted(value: number | string | boolean | undefined, what: string): string {
  const count = Number(value);
  return count === 0 ? "" : `${grouped(count)} ${what}${count === 1 ? "" : "s"}`;
}

function runText(run: RunRecord, record: BenchRecord): string[] {
  const { kind, options } = record;
  const { rate, seconds, latencyUs, messages, cpu } = run;
  const what = kind === "conn" ? "connections" : kind === "pub" ? "sent" : "delivered";
  const lines = [`${what.padEnd(11)} ${grouped(rate)} a second, for ${timeText(seconds * 1_000_000)}`];
  if (latencyUs.max > 0) lines.push(`${"latency".padEnd(11)} ${percentilesText(latencyUs)}${queueNote(kind, options)}`);
  if (messages !== undefined) lines.push(`${"verified".padEnd(11)} ${verdictText(record, messages, run.ok)}`);
  lines.push(...connectionsText(run));
  if (cpu.own !== undefined)
    lines.push(`${"own CPU".padEnd(11)} ${cpu.own.usEach.toFixed(2)} µs each, ${cpu.own.cores?.toFixed(2)} cores`);
  if (cpu.server !== undefined) lines.push(`${"server".padEnd(11)} ${serverText(cpu.server)}`);
  return lines;
}

function percentilesText({ p50, p90, p99, p999, max }: RunRecord["latencyUs"]): string {
  return `p50 ${timeText(p50)}, p90 ${timeText(p90)}, p99 ${timeText(p99)}, p99.9 ${timeText(p999)}, max ${timeText(max)}`;
}

/** A closed loop keeps queues full, so its latency is their length. */
function queueNote(kind: BenchRecord["kind"], options: BenchRecord["options"]): string {
  return kind === "conn" || options["rate"] !== undefined ? "" : "\n              (of full queues; --rate measures latency)";
}

function verdictText({ kind, options }: BenchRecord, messages: NonNullable<RunRecord["messages"]>, isWell: boolean): string {
  const { expected, received, lost, doubled, outOfOrder, damaged, unacknowledged, unsent } = messages;
  const faults = { lost, doubled, "out of order": outOfOrder, damaged, unacknowledged, "due and not sent": isWell ? 0 : unsent };
  const found = Object.entries(faults).filter(([, amount]) => amount !== 0);
  if (found.length > 0)
    return `NOT WELL: ${found.map(([name, amount]) => `${grouped(amount)} ${name}`).join(", ")} of ${grouped(expected)}`;
  if (kind === "pub" && options["qos"] === 0) return "nothing: QoS 0 has no answer, and nobody received them";
  if (kind === "pub") return "no message was refused; nobody received them";
  return kind === "sub"
    ? `${grouped(received)} came, none missing by their numbers`
    : `all ${grouped(received)} once, whole and in order`;
}

function connectionsText({ connections: { made, failed, dropped, reasons } }: RunRecord): string[] {
  const faults = [
    failed > 0 ? `${grouped(failed)} failed` : "",
    (dropped ?? 0) > 0 ? `${grouped(dropped ?? 0)} dropped` : "",
  ].filter(Boolean);
  if (faults.length === 0) return [];
  const of = made === undefined ? "" : `, ${grouped(made)} made`;
  return [`${"connections".padEnd(11)} ${faults.join(", ")}${of}: ${reasons.join("; ")}`];
}

function serverText(server: NonNullable<RunRecord["cpu"]["server"]>): string {
  const cores = server.cores === undefined ? "" : `, ${server.cores.toFixed(2)} cores`;
  const each = server.memoryBytesPerConnection === undefined ? "" : `, ${grouped(server.memoryBytesPerConnection)} bytes each`;
  return `${server.usEach.toFixed(2)} µs each${cores}, ${(server.memoryBytes / 1_048_576).toFixed(1)} MiB${each}`;
}

function spreadText({ min, median, max }: Spread): string {
  return [min, median, max].map((value) => (value < 10 ? value.toPrecision(3) : grouped(value))).join(" / ");
}
