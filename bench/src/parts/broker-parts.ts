import { type BowlineProcess, startBowline } from "../brokers/start-bowline.ts";
import type { BrokerProcess } from "../brokers/broker-process.ts";
import { findMosquitto, mosquittoIsMissing, startMosquitto } from "../brokers/start-mosquitto.ts";
import { type BrokerComparison, brokerCases, compareBrokers, missedBy, nameOf } from "../compare/compare-brokers.ts";
import { compareConnects } from "../compare/compare-connects.ts";
import { compareLatency, LATENCY_RATES, type LatencyComparison, type LatencyRatio } from "../compare/compare-latency.ts";
import { compareTopics, SLOWER_AT_MOST, type TopicsComparison } from "../compare/compare-topics.ts";
import { measureIdle } from "../compare/measure-idle.ts";
import { brokerHead, brokerRow, connectTable, idleTable, latencyTable, table, topicsTable } from "../compare/tables.ts";
import type { Report } from "./report.ts";

/** A Prometheus server asks every 15 s; this one is closer, so that each run has some. */
const SCRAPE_MS = 2000;

interface Brokers {
  readonly bowline: BowlineProcess;
  readonly mosquitto: BrokerProcess;
}

/** Capacity: every shape, size and QoS, and many topics. */
export function brokersPart(report: Report): Promise<void> {
  return withBrokers(report, async (brokers) => {
    const pace = report.isQuick ? { rounds: 1, seconds: 2, warm: 1 } : { rounds: 3, seconds: 3, warm: 1 };
    const { bowline, mosquitto } = brokers;
    console.log(
      `bowline ${bowline.version}, mosquitto ${mosquitto.version}, in turns, ${pace.rounds} x ${pace.seconds} s, medians`,
    );
    const comparisons: BrokerComparison[] = [];
    for (const one of brokerCases) {
      report.doing(nameOf(one));
      const comparison = await compareBrokers(brokers, one, pace);
      comparisons.push(comparison);
      report.miss(...missedBy(comparison));
    }
    report.show("brokers", comparisons, table(brokerHead, comparisons.map(brokerRow)));
    const topics: TopicsComparison[] = [];
    for (const qos of [0, 1] as const) {
      report.doing(`20,000 topics, QoS ${qos}`);
      const comparison = await compareTopics(bowline, { qos, ...pace });
      topics.push(comparison);
      if (!comparison.isHeld) report.miss(`20,000 topics at QoS ${qos}: more than ${SLOWER_AT_MOST * 100} % slower`);
    }
    report.show("topics", topics, topicsTable(topics));
  });
}

/** Latency at fixed rates. */
export function latencyPart(report: Report): Promise<void> {
  return withBrokers(report, async (brokers) => {
    const pace = report.isQuick ? { rounds: 1, seconds: 3, warm: 1 } : { rounds: 5, seconds: 5, warm: 2 };
    const comparisons: LatencyComparison[] = [];
    for (const bar of LATENCY_RATES) {
      report.doing(`${bar.rate} messages per second`);
      const comparison = await compareLatency(brokers, bar, pace);
      comparisons.push(comparison);
      missLatency(report, comparison.rate, "p50", comparison.p50);
      missLatency(report, comparison.rate, "p99", comparison.p99);
    }
    report.show("latency", comparisons, latencyTable(comparisons));
  });
}

/** Connecting, and what stays of it while nothing happens. */
export async function connectionsPart(report: Report): Promise<void> {
  await withBrokers(report, async (brokers) => {
    report.doing("connect and close");
    const count = report.isQuick ? 10_000 : 20_000;
    const sides = await compareConnects(brokers, { rounds: report.isQuick ? 1 : 5, count });
    report.show("connects", sides, connectTable(sides));
    for (const { kind, ratio, target, runs, verified } of sides) {
      if (verified < runs.length) report.miss(`connects, ${kind}: ${runs.length - verified} runs not verified`);
      if (target !== undefined && !(ratio >= target)) report.miss(`connects, ${kind}: ${ratio.toFixed(2)} of ${target}`);
    }
  });
  report.doing("idle connections");
  const idle = await measureIdle(report.isQuick ? 1 : 3);
  report.show("idle", idle, idleTable(idle));
  for (const { transport, bytes, isVerified, mostBytes } of idle) {
    if (!isVerified || bytes > mostBytes) report.miss(`idle ${transport} connections: ${bytes.toFixed(0)} bytes of ${mostBytes}`);
  }
}

function missLatency(report: Report, rate: number, name: string, { ratio, most }: LatencyRatio): void {
  if (most !== undefined && !(ratio <= most)) report.miss(`latency at ${rate}/s: ${name} ${ratio.toFixed(2)} of ${most}`);
}

/** Runs the part with both brokers up and a scraper at ours; without mosquitto there is nothing to compare with. */
async function withBrokers(report: Report, part: (brokers: Brokers) => Promise<void>): Promise<void> {
  const path = findMosquitto();
  if (path === undefined) {
    console.log(`Brokers are not compared. ${mosquittoIsMissing}\n`);
    if (process.env["CI"] === "true") report.miss(mosquittoIsMissing);
    return;
  }
  const mosquitto = await startMosquitto(path);
  try {
    const bowline = await startBowline();
    const scraper = setInterval(() => void fetch(`${bowline.admin}/metrics`).then((answer) => answer.text()), SCRAPE_MS);
    try {
      await part({ bowline, mosquitto });
    } finally {
      clearInterval(scraper);
      await bowline.stop();
    }
  } finally {
    await mosquitto.stop();
  }
}
