import { bytes } from "./bytes.ts";

/**
 * A growing byte buffer that encoders append to. The owner decides when to hand `buffer[0, end)` to a transport and sets
 * `end` back to 0 (the transport took it) or replaces `buffer` (it did not). Encoders call `ensure` before they write.
 */
export class OutBuffer {
  buffer: Uint8Array;
  end = 0;

  constructor(capacity: number) {
    this.buffer = bytes.alloc(capacity);
  }

  /** Makes room for `size` more bytes, growing to at least twice the capacity when there is none. */
  ensure(size: number): void {
    const needed = this.end + size;
    if (needed > this.buffer.length) this.grow(needed);
  }

  private grow(needed: number): void {
    const next = bytes.alloc(Math.max(needed, this.buffer.length * 2));
    if (this.end > 0) bytes.copy(this.buffer, next, 0, 0, this.end);
    this.buffer = next;
  }
}
