import type { Duplex } from "node:stream";

/** What ended a wait. */
export type Awaited = "data" | "ended" | "late";

// More than any first answer; what floods is cut.
const receivedMax = 1 << 20;

/** A socket whose bytes are read when asked for, and whose end is remembered. */
export class Link {
  readonly socket: Duplex;
  closedBy: "fin" | "reset" | undefined;
  error: NodeJS.ErrnoException | undefined;
  private chunks: Buffer[] = [];
  private size = 0;
  private wake: (() => void) | undefined;

  constructor(socket: Duplex) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => this.keep(chunk));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      this.error ??= error;
      this.end(error.code === "ECONNRESET" || error.code === "EPIPE" ? "reset" : "fin");
    });
    socket.once("end", () => this.end("fin"));
    socket.once("close", () => this.end("fin"));
  }

  /** Resolves when there are bytes to take, when the peer has ended, or after so many ms. */
  async wait(ms: number): Promise<Awaited> {
    if (this.chunks.length > 0) return "data";
    if (this.closedBy !== undefined) return "ended";
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wake = undefined;
    if (this.chunks.length > 0) return "data";
    return this.closedBy === undefined ? "late" : "ended";
  }

  /** The bytes since the last call. */
  take(): Buffer {
    const taken = Buffer.concat(this.chunks);
    this.chunks = [];
    this.size = 0;
    return taken;
  }

  /** Puts bytes back that belong to the next layer. */
  giveBack(rest: Buffer): void {
    if (rest.length > 0) this.chunks.unshift(rest);
  }

  write(bytes: Uint8Array | string): void {
    if (this.closedBy === undefined) this.socket.write(bytes);
  }

  destroy(): void {
    this.socket.destroy();
  }

  private keep(chunk: Buffer): void {
    this.size += chunk.length;
    if (this.size <= receivedMax) this.chunks.push(chunk);
    else this.socket.destroy();
    this.wake?.();
  }

  private end(by: "fin" | "reset"): void {
    this.closedBy ??= by;
    // An error after the end of the stream tells more than the end.
    if (by === "reset") this.closedBy = by;
    this.wake?.();
  }
}
