export { brokerCases } from "./broker/broker-cases.ts";
export { addressOf, judgeBroker } from "./broker/broker-command.ts";
export type { BrokerContext } from "./broker/broker-context.ts";
export type { BrokerTarget } from "./broker/broker-target.ts";
export type { CaseResult } from "./case-run.ts";
export { chapterOf, type ConformanceCase } from "./case.ts";
export { type Divergence, type Divergences, type Verdict, verdictOf } from "./divergences.ts";
export { failureCount, failureLines, reportLines } from "./report.ts";
