import type { ErrorCode } from "../errors/catalogue.ts";

const alerts: readonly (readonly [number: number, name: string, code: ErrorCode])[] = [
  [10, "unexpected message", "TLS_FAILED"],
  [20, "bad record mac", "TLS_FAILED"],
  [40, "handshake failure", "TLS_CIPHER"],
  [42, "bad certificate", "MTLS_OTHER"],
  [43, "unsupported certificate", "MTLS_OTHER"],
  [44, "certificate revoked", "MTLS_OTHER"],
  [45, "certificate expired", "MTLS_EXPIRED"],
  [46, "certificate unknown", "MTLS_OTHER"],
  [47, "illegal parameter", "TLS_FAILED"],
  [48, "unknown ca", "MTLS_UNKNOWN_CA"],
  [49, "access denied", "MTLS_OTHER"],
  [50, "decode error", "TLS_FAILED"],
  [51, "decrypt error", "TLS_FAILED"],
  [70, "protocol version", "TLS_VERSION"],
  [71, "insufficient security", "TLS_CIPHER"],
  [80, "internal error", "TLS_FAILED"],
  [86, "inappropriate fallback", "TLS_VERSION"],
  [112, "unrecognized name", "TLS_SNI"],
  [115, "unknown psk identity", "TLS_FAILED"],
  [116, "certificate required", "MTLS_REQUIRED_13"],
  [120, "no application protocol", "TLS_ALPN_WRONG"],
];

/** The name of an alert as the specification of TLS writes it, or its number. */
export function alertName(alert: number): string {
  return alerts.find(([number]) => number === alert)?.[1] ?? `alert ${alert}`;
}

/** What an alert from the server means, before what was requested is looked at. */
export function alertCode(alert: number): ErrorCode {
  return alerts.find(([number]) => number === alert)?.[2] ?? "TLS_FAILED";
}

// OpenSSL packs library and reason into one number; the TLS library is 0x0A, and its reasons above 1000 are the alerts received.
const tlsLibrary = 0x0a000000;
const firstAlertReason = 1000;

/**
 * The alert in the text of a Node error. The same alert is a code of its own on a read, and EPROTO with OpenSSL's line on a write.
 */
export function alertIn(text: string): number | undefined {
  const numbered = /SSL alert number (\d+)/i.exec(text);
  if (numbered !== null) return Number(numbered[1]);
  const packed = /\berror:(0A[0-9A-F]{6})/i.exec(text);
  const reason = packed === null ? 0 : Number.parseInt(packed[1] ?? "0", 16) - tlsLibrary;
  if (reason > firstAlertReason) return reason - firstAlertReason;
  const words = text.toLowerCase().replaceAll("_", " ");
  if (!/\balert\b|err ssl tlsv1 unrecognized name/.test(words)) return undefined;
  return alerts.find(([, name]) => words.includes(name))?.[0];
}
