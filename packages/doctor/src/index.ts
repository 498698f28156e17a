export { examine } from "./examine.ts";
export type { DoctorOptions, Resolver } from "./options.ts";
export { printReport } from "./print-report.ts";
export type { Finding, Fix, Limits, Report, Severity, StageLine } from "./report.ts";
