export { examine } from "./examine.ts";
export type { DoctorOptions, Resolver } from "./options.ts";
export { printReport } from "./print-report.ts";
export { reportJson } from "./report-json.ts";
export type { LogLine } from "./run-log.ts";
export type { Finding, Fix, Limits, Report, ReportFacts, Severity, StageLine } from "./report.ts";
export { type BundleParts, supportBundle } from "./support-bundle.ts";
