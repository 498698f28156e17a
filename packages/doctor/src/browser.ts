export type { Finding, Fix, Limits, Report, ReportFacts, Severity, StageLine } from "./report.ts";
export { examine } from "./page/examine-page.ts";
export { mergeOutside } from "./page/merge-outside.ts";
export type { PageDoctorOptions } from "./page/page-options.ts";
export { printReport } from "./print-report.ts";
