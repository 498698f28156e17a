// npm run bench [-- --quick] [--only codec|topic|clients|brokers] [--json FILE]
// Compares with mqtt-packet, MQTT.js and mosquitto in one run, prints tables, and ends with 1 when a target is missed.
import { writeFile } from "node:fs/promises";
import { availableParallelism, cpus, release } from "node:os";
import { parseArgs } from "node:util";
import type { BrokerProcess } from "./brokers/broker-process.ts";
import { startBowline } from "./brokers/start-bowline.ts";
import { findMosquitto, mosquittoIsMissing, startMosquitto } from "./brokers/start-mosquitto.ts";
import {
  type ClientComparison,
  clientCases,
  compareClients,
  missedByClients,
  nameOfClientCase,
} from "./clients/compare-clients.ts";
import { benchCodec } from "./codec.ts";
import { type BrokerComparison, brokerCases, compareBrokers, missedBy, nameOf } from "./compare/compare-brokers.ts";
import { compareConnects } from "./compare/compare-connects.ts";
import { compareLatency, type LatencyComparison } from "./compare/compare-latency.ts";
import { brokerHead, brokerRow, clientTable, codecTable, connectTable, latencyTable, table, topicTable } from "./compare/tables.ts";
import { benchTopic } from "./topic.ts";

const { values: flags } = parseArgs({
  options: { quick: { type: "boolean" }, only: { type: "string" }, json: { type: "string" } },
});
const pace = flags.quick === true ? { rounds: 1, seconds: 2, warm: 1 } : { rounds: 3, seconds: 3, warm: 1 };
const report: Record<string, unknown> = {
  node: process.version,
  machine: `${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, ${process.platform} ${release()}`,
  date: new Date().toISOString(),
  pace,
};
const missed: string[] = [];

console.log(`Node ${process.version}, ${String(report["machine"])}\n`);
if (isWanted("codec")) await codec();
if (isWanted("topic")) topic();
if (isWanted("clients")) await clients();
if (isWanted("brokers")) await brokers();
if (flags.json !== undefined) await writeFile(flags.json, `${JSON.stringify({ ...report, missed }, undefined, 2)}\n`);
console.log(
  missed.length === 0 ? "Every target that was measured is held." : `MISSED\n${missed.map((one) => `- ${one}`).join("\n")}`,
);
process.exitCode = missed.length === 0 ? 0 : 1;

function isWanted(part: string): boolean {
  return flags.only === undefined || flags.only === part;
}

async function codec(): Promise<void> {
  const results = await benchCodec();
  report["codec"] = results;
  console.log(`${codecTable(results)}\n`);
  for (const { name, ratio, target } of results) if (ratio < target) missed.push(`${name}: ${ratio.toFixed(1)} of ${target}`);
}

function topic(): void {
  const results = benchTopic();
  report["topic"] = results;
  console.log(`${topicTable(results)}\n`);
}

async function clients(): Promise<void> {
  const quick = flags.quick === true;
  const comparisons: ClientComparison[] = [];
  for (const one of clientCases) {
    process.stderr.write(`  ${nameOfClientCase(one)} ...\n`);
    const theirs = one.qos === 0 ? 400_000 : 100_000;
    const clientPace = {
      rounds: quick ? 1 : 5,
      warm: 50_000,
      ours: quick ? 500_000 : 1_000_000,
      theirs: quick ? theirs / 2 : theirs,
    };
    const comparison = await compareClients(one, clientPace, ["callbacks", "promises"]);
    comparisons.push(comparison);
    missed.push(...missedByClients(comparison));
  }
  console.log(`${clientTable(comparisons)}\n`);
  report["clients"] = comparisons;
}

async function brokers(): Promise<void> {
  const path = findMosquitto();
  if (path === undefined) {
    console.log(`Brokers are not compared. ${mosquittoIsMissing}\n`);
    if (process.env["CI"] === "true") missed.push(mosquittoIsMissing);
    return;
  }
  const mosquitto = await startMosquitto(path);
  try {
    const bowline = await startBowline();
    try {
      await compareAll(bowline, mosquitto);
    } finally {
      await bowline.stop();
    }
  } finally {
    await mosquitto.stop();
  }
}

async function compareAll(bowline: BrokerProcess, mosquitto: BrokerProcess): Promise<void> {
  console.log(
    `bowline ${bowline.version} and mosquitto ${mosquitto.version} in turns, ${pace.rounds} x ${pace.seconds} s, medians`,
  );
  const comparisons: BrokerComparison[] = [];
  for (const one of brokerCases) {
    process.stderr.write(`  ${nameOf(one)} ...\n`);
    const comparison = await compareBrokers({ bowline, mosquitto }, one, pace);
    comparisons.push(comparison);
    missed.push(...missedBy(comparison));
  }
  console.log(`${table(brokerHead, comparisons.map(brokerRow))}\n`);
  const latencies: LatencyComparison[] = [];
  for (const rate of [5000, 50_000]) latencies.push(await compareLatency({ bowline, mosquitto }, { ...pace, rate }));
  console.log(`${latencyTable(latencies)}\n`);
  const connects = await compareConnects({ bowline, mosquitto }, { rounds: pace.rounds, count: 3000 });
  console.log(`${connectTable(connects)}\n`);
  report["brokers"] = { versions: { bowline: bowline.version, mosquitto: mosquitto.version }, comparisons, latencies, connects };
}
