/** What a peer speaks, judged by the first bytes it sent. */
export type SpokenProtocol =
  | "connack"
  | "disconnect"
  | "auth"
  | "tls-alert"
  | "tls-handshake"
  | "http"
  | "ssh"
  | "smtp-or-ftp"
  | "redis"
  | "amqp"
  | "nats"
  | "unknown";

const banners: readonly (readonly [start: string, protocol: SpokenProtocol])[] = [
  ["HTTP/", "http"],
  ["SSH-", "ssh"],
  ["220 ", "smtp-or-ftp"],
  ["220-", "smtp-or-ftp"],
  ["-ERR", "redis"],
  ["+", "redis"],
  ["AMQP", "amqp"],
  ["INFO {", "nats"],
];

/**
 * Names what answered. Give the bytes that came where MQTT or TLS was expected, at least one of them.
 */
export function classifyFirstBytes(bytes: Uint8Array): SpokenProtocol {
  const [first, second] = bytes;
  if (first === 0x15 && second === 0x03) return "tls-alert";
  if (first === 0x16 && second === 0x03) return "tls-handshake";
  if (first === 0x20) return "connack";
  if (first === 0xe0) return "disconnect";
  if (first === 0xf0) return "auth";
  for (const [start, protocol] of banners) if (startsWith(bytes, start)) return protocol;
  return "unknown";
}

/** The alert number of a TLS alert record, or undefined for anything else. */
export function tlsAlertOf(bytes: Uint8Array): number | undefined {
  return classifyFirstBytes(bytes) === "tls-alert" ? bytes[6] : undefined;
}

/** The status of an HTTP answer, or undefined for anything else. */
export function httpStatusOf(bytes: Uint8Array): number | undefined {
  const match = /^HTTP\/\d(?:\.\d)? (\d{3})/.exec(printable(bytes));
  return match === null ? undefined : Number(match[1]);
}

/** The bytes as one line that can be shown: what is no printable ASCII becomes a dot. */
export function printable(bytes: Uint8Array): string {
  let line = "";
  for (const byte of bytes.subarray(0, 64)) line += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".";
  return line;
}

function startsWith(bytes: Uint8Array, start: string): boolean {
  for (let index = 0; index < start.length; index++) if (bytes[index] !== start.charCodeAt(index)) return false;
  return true;
}
