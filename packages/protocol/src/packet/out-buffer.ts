import { bytes } from "./bytes.ts";

const EMPTY: Uint8Array = new Uint8Array(0);
/** Sizes that are pooled: most flushes of a quiet connection fit the first, a busy one fills the last. */
const POOLED = [4096, 16_384, 65_536] as const;
/** Arrays kept of each size: 256 x 84 KiB = 21 MiB at most in the process. */
const POOL_LIMIT = 256;
/** An array and the view that writes words to it, made once for both. */
interface Room {
  readonly bytes: Uint8Array;
  readonly words: DataView;
}

const NO_ROOM: Room = { bytes: EMPTY, words: new DataView(EMPTY.buffer) };
const pools: Room[][] = [[], [], []];

function take(size: number): Room {
  for (let i = 0; i < POOLED.length; i++) {
    if (size <= POOLED[i]!) return pools[i]!.pop() ?? make(POOLED[i]!);
  }
  return make(size);
}

function make(size: number): Room {
  const array = bytes.alloc(size);
  return { bytes: array, words: new DataView(array.buffer, array.byteOffset, array.byteLength) };
}

function give(room: Room): void {
  const index = POOLED.indexOf(room.bytes.length as (typeof POOLED)[number]);
  if (index >= 0 && pools[index]!.length < POOL_LIMIT) pools[index]!.push(room);
}

/**
 * A growing byte buffer that encoders append to: they call `ensure`, write to `buffer` at `end` and move `end`. It holds no
 * memory while empty: arrays come from a pool on the first byte and go back when the transport has taken them whole.
 */
export class OutBuffer {
  buffer: Uint8Array = EMPTY;
  /** Over `buffer`. */
  words: DataView = NO_ROOM.words;
  end = 0;
  private room = NO_ROOM;
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
    if (reusable) give(this.room);
    this.hint = this.end;
    this.use(NO_ROOM);
    this.end = 0;
  }

  private grow(needed: number): void {
    const old = this.buffer;
    const next = take(Math.max(needed, old.length === 0 ? this.hint : old.length * 2));
    if (this.end > 0) bytes.copy(old, next.bytes, 0, 0, this.end);
    if (old.length > 0) give(this.room);
    this.use(next);
  }

  private use(room: Room): void {
    this.room = room;
    this.buffer = room.bytes;
    this.words = room.words;
  }
}
