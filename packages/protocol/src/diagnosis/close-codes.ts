import { type Finding, withWords } from "./verdict.ts";

const names: Readonly<Record<number, string>> = {
  1000: "normal closure",
  1001: "going away",
  1002: "protocol error",
  1003: "unsupported data",
  1005: "no code given",
  1006: "abnormal closure",
  1007: "invalid payload",
  1008: "policy violation",
  1009: "message too big",
  1010: "extension missing",
  1011: "server error",
  1012: "service restart",
  1013: "try again later",
  1014: "bad gateway",
  1015: "TLS handshake failed",
  3000: "unauthorized",
  3003: "forbidden",
  3008: "timeout",
};

/** The registered name of a WebSocket close code; those from 4000 belong to the application. */
export function closeCodeName(code: number): string {
  return names[code] ?? (code >= 4000 ? "code of the application" : "unknown code");
}

/** What a close code says after the WebSocket had opened. */
export function closeCodeFinding(code: number, reason: string | undefined): Finding {
  const finding: Finding = { code: "WS_CLOSE_CODE", evidence: withWords(`close code ${code}`, reason) };
  if ([1008, 3000, 3003].includes(code)) return { ...finding, retry: "new-credentials" };
  if (code === 1009) return { ...finding, code: "PACKET_TOO_LARGE", stage: "ws" };
  return [1002, 1003, 1007].includes(code) ? { ...finding, retry: "loop-guard" } : finding;
}
