/** Of a packet more is not kept: enough for a CONNECT with a large token or a SUBSCRIBE with some hundred filters. */
export const HEAD_BYTES_MAX = 16_384;
/** The first byte, and at most four of the Remaining Length ([MQTT-1.5.5-1]). */
const HEADER_BYTES_MAX = 5;
const NOTHING: Uint8Array = new Uint8Array(0);

/** The beginning of one packet, valid during the call, where its variable header begins, and how long the packet is. */
export type OnPacket = (head: Uint8Array, bodyStart: number, packetBytes: number) => void;

/**
 * Finds the packets in the bytes of one direction of a connection, wherever they are cut, and keeps the beginning of each: whatever a
 * peer declares, it holds no more than one head. Judges nothing: a stream that cannot be followed is silent from there on.
 */
export class PacketHeads {
  readonly #onPacket: OnPacket;
  /** Of a packet that is not whole yet. */
  #head: Uint8Array = NOTHING;
  /** Bytes of it that have come, also of those that are not kept. */
  #seen = 0;
  /** 0 while its fixed header is not whole. */
  #size = 0;
  #bodyStart = 0;
  #isLost = false;

  constructor(onPacket: OnPacket) {
    this.#onPacket = onPacket;
  }

  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length && !this.#isLost) {
      const next = this.#seen === 0 ? this.#takeWhole(chunk, at) : at;
      at = next > at ? next : this.#gather(chunk, at);
    }
  }

  /** A packet that is whole in the chunk is not copied. Answers where it ends, or `at` when it is not whole. */
  #takeWhole(chunk: Uint8Array, at: number): number {
    const header = readHeader(chunk, at);
    if (header === undefined || at + header.size > chunk.length) return at;
    const { bodyStart, size } = header;
    this.#onPacket(chunk.subarray(at, at + Math.min(size, HEAD_BYTES_MAX)), bodyStart, size);
    return at + size;
  }

  #gather(chunk: Uint8Array, at: number): number {
    if (this.#seen === 0) this.#head = new Uint8Array(HEADER_BYTES_MAX);
    while (this.#size === 0 && at < chunk.length) {
      this.#head[this.#seen++] = chunk[at++]!;
      this.#readGatheredHeader();
      if (this.#isLost) return at;
    }
    if (this.#size === 0) return at;
    const taken = Math.min(this.#size - this.#seen, chunk.length - at);
    const room = this.#head.length - this.#seen;
    if (room > 0) this.#head.set(chunk.subarray(at, at + Math.min(taken, room)), this.#seen);
    this.#seen += taken;
    if (this.#seen === this.#size) this.#finish();
    return at + taken;
  }

  #readGatheredHeader(): void {
    const header = readHeader(this.#head.subarray(0, this.#seen), 0);
    if (header === undefined) {
      this.#isLost = this.#seen === HEADER_BYTES_MAX;
      return;
    }
    this.#size = header.size;
    this.#bodyStart = header.bodyStart;
    const head = new Uint8Array(Math.max(this.#seen, Math.min(header.size, HEAD_BYTES_MAX)));
    head.set(this.#head.subarray(0, this.#seen));
    this.#head = head;
  }

  #finish(): void {
    const head = this.#head;
    const [bodyStart, size] = [this.#bodyStart, this.#size];
    this.#head = NOTHING;
    this.#seen = 0;
    this.#size = 0;
    this.#onPacket(head, bodyStart, size);
  }
}

/** Sizes are counted from the packet's first byte. Undefined while the header is not whole, and for one that never will be. */
function readHeader(chunk: Uint8Array, at: number): { bodyStart: number; size: number } | undefined {
  let length = 0;
  for (let bodyStart = 1; bodyStart < HEADER_BYTES_MAX && at + bodyStart < chunk.length; bodyStart++) {
    const byte = chunk[at + bodyStart]!;
    length += (byte & 0x7f) * 128 ** (bodyStart - 1);
    if (byte < 0x80) return { bodyStart: bodyStart + 1, size: bodyStart + 1 + length };
  }
  return undefined;
}
