import {
  type ClientComparison,
  clientCases,
  compareClients,
  missedByClients,
  nameOfClientCase,
} from "../clients/compare-clients.ts";
import { benchCodec } from "../codec.ts";
import { clientTable, codecTable, topicTable } from "../compare/tables.ts";
import { benchTopic } from "../topic.ts";
import type { Report } from "./report.ts";

export async function codecPart(report: Report): Promise<void> {
  const results = await benchCodec();
  report.show("codec", results, codecTable(results));
  for (const { name, ratio, target } of results) if (ratio < target) report.miss(`${name}: ${ratio.toFixed(1)} of ${target}`);
}

export async function topicPart(report: Report): Promise<void> {
  const results = benchTopic();
  report.show("topic", results, topicTable(results));
}

export async function clientsPart(report: Report): Promise<void> {
  const { isQuick } = report;
  const comparisons: ClientComparison[] = [];
  for (const one of clientCases) {
    report.doing(nameOfClientCase(one));
    const theirs = one.qos === 0 ? 400_000 : 100_000;
    const pace = {
      rounds: isQuick ? 1 : 5,
      warm: 50_000,
      ours: isQuick ? 500_000 : 1_000_000,
      theirs: isQuick ? theirs / 2 : theirs,
    };
    const comparison = await compareClients(one, pace, ["callbacks", "promises"]);
    comparisons.push(comparison);
    report.miss(...missedByClients(comparison));
  }
  report.show("clients", comparisons, clientTable(comparisons));
}
