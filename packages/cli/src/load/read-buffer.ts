import type { WireOwner } from "./wire.ts";

const READ_SIZE = 262_144;
/** Beyond its payload a packet has at most a fixed header, a topic, an identifier and a few properties. */
const HEADER_ROOM = 4096;

/**
 * What all connections of a thread are read into, in turn: packets are looked at in place and nothing is allocated for a read. Before the
 * region that is read into there is room for the beginning of a packet that the read before had cut.
 */
export class ReadBuffer {
  readonly bytes: Buffer;
  readonly view: DataView;
  /** Where a read begins. */
  readonly start: number;
  readonly region: Buffer;

  constructor(payloadSize: number) {
    this.start = payloadSize + HEADER_ROOM;
    this.bytes = Buffer.allocUnsafeSlow(this.start + READ_SIZE);
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
    this.region = this.bytes.subarray(this.start);
  }
}

const NOTHING = Buffer.alloc(0);

/** What one connection reads: whole packets are walked, and the beginning of one that a read has cut is kept for the next. */
export class Intake {
  private readonly input: ReadBuffer;
  private readonly owner: WireOwner;
  /** The unfinished packet, in its first `tailSize` bytes. */
  private tail: Buffer = NOTHING;
  private tailSize = 0;

  /** @param owner walks what was read */
  constructor(input: ReadBuffer, owner: WireOwner) {
    this.input = input;
    this.owner = owner;
  }

  /** So many bytes were read into the region. Answers false when a packet is too large for the buffer. */
  take(size: number): boolean {
    const { input } = this;
    const start = input.start - this.tailSize;
    const end = input.start + size;
    if (this.tailSize > 0) this.tail.copy(input.bytes, start, 0, this.tailSize);
    return this.keep(this.owner.walk(start, end), end);
  }

  private keep(start: number, end: number): boolean {
    const size = end - start;
    if (size > this.input.start) return false;
    if (size > this.tail.length) this.tail = Buffer.allocUnsafeSlow(Math.max(size * 2, 1024));
    this.tailSize = size;
    if (size > 0) this.input.bytes.copy(this.tail, 0, start, end);
    return true;
  }
}
