import type { Report } from "./report.ts";

/** The report as one line of JSON, as `schema/report-v1.json` describes it: bytes are written in hexadecimal. */
export function reportJson(report: Report): string {
  return JSON.stringify(plain(report));
}

/** A copy that JSON can hold. Bytes know a form of their own for JSON, which nobody reads. */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]));
}
