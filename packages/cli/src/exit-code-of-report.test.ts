import type { Finding, Report } from "@bowline/doctor";
import { type ErrorCode, errorInfo } from "@bowline/protocol";
import { expect, test } from "vitest";
import { exitCodeOfReport } from "./exit-code-of-report.ts";

// The table of docs/doctor.md.

function report(id: ErrorCode | undefined, severity: Finding["severity"] = "fail"): Report {
  const cause = id === undefined ? null : { ...errorInfo(id), id, severity };
  return { healthy: severity !== "fail" || id === undefined, cause } as unknown as Report;
}

test.each<readonly [code: number, id: ErrorCode | undefined]>([
  [0, undefined],
  [2, "URL_INVALID"],
  [2, "URL_AS_HOST"],
  [2, "SCHEME_UNKNOWN"],
  [3, "DNS_NXDOMAIN"],
  [3, "TCP_REFUSED"],
  [3, "TLS_EXPIRED"],
  [3, "WS_404"],
  [3, "SILENT"],
  [3, "SERVER_BUSY"],
  [4, "BAD_CREDENTIALS"],
  [4, "NOT_AUTHORIZED"],
  [4, "JWT_EXPIRED"],
  [4, "WS_403"],
  [4, "SUB_DENIED"],
  [4, "AWS_NO_CONNECT"],
  [1, "TAKEOVER"],
  [1, "PACKET_TOO_LARGE"],
  [1, "PING_TIMEOUT"],
])("%i for %s", (code, id) => {
  expect(exitCodeOfReport(report(id))).toBe(code);
});

test("warnings are well, but for the strict", () => {
  expect(exitCodeOfReport(report("TLS_WEAK", "warn"))).toBe(0);
  expect(exitCodeOfReport(report("TLS_WEAK", "warn"), true)).toBe(1);
  expect(exitCodeOfReport(report(undefined), true)).toBe(0);
});
