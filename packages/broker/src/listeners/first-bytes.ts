/**
 * What the first bytes of a connection are. `more` asks for further bytes: so far they could still become two of the others.
 * `other` is anything else, and every MQTT packet that is not a CONNECT: whoever speaks MQTT on the port knows best what to answer.
 */
export type FirstBytes = "tls" | "http" | "mqtt" | "proxy" | "ssh" | "other" | "more";

const HTTP_METHODS = ["GET ", "POST ", "PUT ", "HEAD ", "OPTIONS ", "DELETE ", "PATCH ", "CONNECT ", "TRACE ", "PRI "];
const PROXY_V1 = "PROXY ";
/** The first twelve bytes of a binary PROXY header, chosen by its authors to be no other protocol's beginning. */
export const PROXY_V2_SIGNATURE = "\r\n\r\n\0\r\nQUIT\n";
const TLS_HANDSHAKE_RECORD = 0x16;
const MQTT_CONNECT = 0x10;

export function classifyFirstBytes(bytes: Uint8Array): FirstBytes {
  const first = bytes[0];
  if (first === undefined) return "more";
  // One byte decides between the two protocols of these ports, so that neither waits for more.
  if (first === TLS_HANDSHAKE_RECORD) return "tls";
  if (first === MQTT_CONNECT) return "mqtt";
  let isPrefix = false;
  for (const [text, kind] of TEXTS) {
    const match = matchLength(bytes, text);
    if (match === text.length) return kind;
    if (match === bytes.length) isPrefix = true;
  }
  return isPrefix ? "more" : "other";
}

const TEXTS: readonly (readonly [string, FirstBytes])[] = [
  ...HTTP_METHODS.map((method) => [method, "http"] as const),
  [PROXY_V1, "proxy"],
  [PROXY_V2_SIGNATURE, "proxy"],
  ["SSH-", "ssh"],
];

function matchLength(bytes: Uint8Array, text: string): number {
  const end = Math.min(bytes.length, text.length);
  for (let i = 0; i < end; i++) {
    if (bytes[i] !== text.charCodeAt(i)) return i;
  }
  return end;
}
