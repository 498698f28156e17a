import type { Duplex } from "node:stream";

/** How long a refused peer may take to read our answer and close. */
const REFUSAL_DEADLINE_MS = 500;

/** Fatal TLS alerts, by the names of RFC 8446 section 6. */
export const TLS_ALERTS = { unexpectedMessage: 10, accessDenied: 49, decodeError: 50, unrecognizedName: 112 } as const;

/** A TLS record with a fatal alert; it needs no handshake before it. */
export function tlsAlert(description: number): Buffer {
  return Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, description]);
}

/** A whole HTTP answer with a text, after which the connection closes. */
export function httpAnswer(status: string, text: string, headers = ""): Buffer {
  const body = `${text}\n`;
  const head = `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n`;
  return Buffer.from(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n${headers}\r\n${body}`);
}

/**
 * Sends a last answer and closes. What the peer still sends is read and dropped: closing over unread bytes makes the system send a reset,
 * which can overtake the answer.
 */
export function closeWith(socket: Duplex, answer: Uint8Array): void {
  socket.on("error", ignoreError);
  const deadline = setTimeout(destroyStream, REFUSAL_DEADLINE_MS, socket);
  socket.once("close", () => clearTimeout(deadline));
  socket.end(answer);
  socket.resume();
}

/** The peer is being refused; how that fails is nobody's concern. */
function ignoreError(): void {}

function destroyStream(stream: Duplex): void {
  stream.destroy();
}
