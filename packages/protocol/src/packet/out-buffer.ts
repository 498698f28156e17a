import { bytes } from "./bytes.ts";

const EMPTY: Uint8Array = new Uint8Array(0);
/** Sizes that are pooled: most flushes of a quiet connection fit the first, a busy one fills the last. */
const POOLED = [4096, 16_384, 65_536] as const;
/** Arrays kept of each size: 256 x 84 KiB = 21 MiB at most in the process. */
const POOL_LIMIT = 256;
const pools: Uint8Array[][] = [[], [], []];

function take(size: number): Uint8Array {
  for (let i = 0; i < POOLED.length; i++) {
    if (size <= POOLED[i]!) return pools[i]!.pop() ?? bytes.alloc(POOLED[i]!);
  }
  return bytes.alloc(size);
}

function give(buffer: Uint8Array): void {
  const index = POOLED.indexOf(buffer.length as (typeof POOLED)[number]);
  if (index >= 0 && pools[index]!.length < POOL_LIMIT) pools[index]!.push(buffer);
}

/**
 * A growing byte buffer that encoders append to: they call `ensure`, write to `buffer` at `end` and move `end`. It holds no
 * memory while empty: arrays come from a pool on the first byte and go back when the transport has taken them whole.
 */
export class OutBuffer {
  buffer: Uint8Array = EMPTY;
  end = 0;
  /** Bytes of the last batch: the next one begins with an array of that size, so a busy connection does not grow twice. */
  private hint: number;

  constructor(capacity = 0) {
    this.hint = capacity;
  }

  /** Makes room for `size` more bytes, growing to at least twice the capacity when there is none. */
  ensure(size: number): void {
    const needed = this.end + size;
    if (needed > this.buffer.length) this.grow(needed);
  }

  /** The bytes written, for a transport to take; `release` must follow. */
  view(): Uint8Array {
    return this.end === this.buffer.length ? this.buffer : this.buffer.subarray(0, this.end);
  }

  /** Empties the buffer. `reusable` tells that nobody else refers to its array any more. */
  release(reusable: boolean): void {
    if (reusable) give(this.buffer);
    this.hint = this.end;
    this.buffer = EMPTY;
    this.end = 0;
  }

  private grow(needed: number): void {
    const old = this.buffer;
    const next = take(Math.max(needed, old.length === 0 ? this.hint : old.length * 2));
    if (this.end > 0) bytes.copy(old, next, 0, 0, this.end);
    if (old.length > 0) give(old);
    this.buffer = next;
  }
}
