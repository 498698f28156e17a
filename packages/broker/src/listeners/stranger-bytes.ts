import type { Socket } from "node:net";
import type { WebSocket } from "ws";

/** What each piece costs beside its bytes: who sends single bytes must not have us hold a hundred times as much. */
const PIECE_BYTES = 256;

/**
 * Bounds what a WebSocket of somebody unknown can make us hold. A message is collected whole before anybody sees it, and it may be as large
 * as the largest packet, since a client that is known may send that; so until then what has come since the last message is counted at the socket.
 */
export function limitStranger(webSocket: WebSocket, socket: Socket, maximumBytes: number, tooMuch: () => void): () => void {
  let held = 0;
  const count = (chunk: Buffer): void => {
    held += chunk.length + PIECE_BYTES;
    if (held > maximumBytes) tooMuch();
  };
  const passed = (): void => {
    held = 0;
  };
  // Before the WebSocket reads the chunk: a message that ends in it is then counted and forgotten in this order.
  socket.prependListener("data", count);
  webSocket.on("message", passed);
  return () => {
    socket.off("data", count);
    webSocket.off("message", passed);
  };
}
