import type { Socket } from "node:net";
import type { InnerProtocol } from "../tls/tenant-tls.ts";
import { classifyFirstBytes } from "./first-bytes.ts";

/**
 * Tells what is spoken inside of TLS, for a client that did not say so by ALPN, and the bytes that were read to know it; the socket goes on
 * reading. `told` is called once, with `late` when the socket was closed for it, or never when the socket closes before.
 */
export function readInnerFirstBytes(
  socket: Socket,
  timeoutMs: number,
  told: (protocol: InnerProtocol | "tls" | "late", first: Buffer) => void,
): void {
  let bytes: Buffer = Buffer.alloc(0);
  const deadline = setTimeout(() => {
    settle();
    socket.destroy();
    told("late", bytes);
  }, timeoutMs);
  const onData = (chunk: Buffer): void => {
    bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
    const kind = classifyFirstBytes(bytes);
    if (kind === "more") return;
    settle();
    // All else may be MQTT, if only a wrong packet to begin with: the engine knows how to answer.
    told(kind === "http" || kind === "tls" ? kind : "mqtt", bytes);
  };
  const settle = (): void => {
    clearTimeout(deadline);
    socket.removeListener("data", onData).removeListener("close", settle);
  };
  socket.on("data", onData).on("close", settle);
}
