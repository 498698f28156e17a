import type { Message } from "@bowline/client";

/** Standard output, or what stands for it in a test. */
export interface OutputStream {
  write(bytes: Uint8Array, done: (error?: Error | null) => void): boolean;
  once(event: "drain", listener: () => void): unknown;
}

/** More is written at once, without waiting for the end of the turn. */
const BATCH_BYTES = 65_536;

/**
 * Writes what is printed of messages in few pieces, and acknowledges each message when its piece has been written: none is lost on the
 * way to a file or a pipe. Who reads our output slowly makes us wait, and with us the broker.
 */
export class MessageOutput {
  private readonly stream: OutputStream;
  private readonly hold: (isHeld: boolean) => void;
  private pieces: Uint8Array[] = [];
  private bytes = 0;
  private unacknowledged: Message[] = [];
  private isScheduled = false;
  private isWaiting = false;
  private underway = 0;
  private settled: (() => void) | undefined;

  /** @param hold has the broker wait, or go on */
  constructor(stream: OutputStream, hold: (isHeld: boolean) => void) {
    this.stream = stream;
    this.hold = hold;
  }

  add(message: Message, pieces: readonly (string | Uint8Array)[]): void {
    for (const piece of pieces) {
      const bytes = typeof piece === "string" ? Buffer.from(piece) : piece;
      this.pieces.push(bytes);
      this.bytes += bytes.length;
    }
    if (message.qos > 0) this.unacknowledged.push(message);
    if (this.bytes >= BATCH_BYTES) this.flush();
    else if (!this.isScheduled) {
      this.isScheduled = true;
      setImmediate(() => this.flush());
    }
  }

  /** Resolves when all is written and acknowledged. */
  async end(): Promise<void> {
    this.flush();
    while (this.underway > 0) {
      // oxlint-disable-next-line no-await-in-loop -- Until the last one is written.
      await new Promise<void>((resolve) => {
        this.settled = resolve;
      });
    }
  }

  private flush(): void {
    this.isScheduled = false;
    const { pieces, unacknowledged } = this;
    if (pieces.length === 0 && unacknowledged.length === 0) return;
    this.pieces = [];
    this.unacknowledged = [];
    this.bytes = 0;
    this.underway++;
    const hasRoom = this.stream.write(Buffer.concat(pieces), (error) => {
      if (!error) for (const message of unacknowledged) message.ack();
      this.underway--;
      this.settled?.();
    });
    if (hasRoom || this.isWaiting) return;
    this.isWaiting = true;
    this.hold(true);
    this.stream.once("drain", () => {
      this.isWaiting = false;
      this.hold(false);
    });
  }
}
