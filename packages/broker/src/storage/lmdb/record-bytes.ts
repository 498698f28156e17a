import { crc32c } from "./crc32c.ts";

/**
 * The bytes of one record: a CRC-32C over key and body, then the body. Field by field, big-endian, no names: a queue entry takes
 * 13 bytes. The checksum covers the key too, since a row under a wrong key is as damaged as one with wrong content.
 */

const checksumBytes = 4;

/** Fills a record. `bodyBytesMax` is an upper bound of what will be written; the record is cut to what was. */
export class RecordWriter {
  readonly #bytes: Buffer;
  #at = checksumBytes;

  constructor(bodyBytesMax: number) {
    this.#bytes = Buffer.allocUnsafe(checksumBytes + bodyBytesMax);
  }

  uint8(value: number): this {
    this.#at = this.#bytes.writeUInt8(value, this.#at);
    return this;
  }

  uint16(value: number): this {
    this.#at = this.#bytes.writeUInt16BE(value, this.#at);
    return this;
  }

  uint32(value: number): this {
    this.#at = this.#bytes.writeUInt32BE(value, this.#at);
    return this;
  }

  /** Ids and wall times in ms: whole numbers below 2^48. */
  uint48(value: number): this {
    this.#at = this.#bytes.writeUIntBE(value, this.#at, 6);
    return this;
  }

  float64(value: number): this {
    this.#at = this.#bytes.writeDoubleBE(value, this.#at);
    return this;
  }

  /** At most 5 bytes, for values below 2^32. */
  varint(value: number): this {
    let rest = value;
    while (rest > 0x7f) {
      this.uint8((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    return this.uint8(rest);
  }

  bytes(value: Uint8Array): this {
    this.varint(value.length);
    return this.rest(value);
  }

  /** Bytes without their length: the last field only. */
  rest(value: Uint8Array): this {
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
    return this;
  }

  string(value: string): this {
    this.varint(Buffer.byteLength(value));
    this.#at += this.#bytes.write(value, this.#at);
    return this;
  }

  /** The record, sealed for this key. */
  seal(key: Uint8Array): Buffer {
    this.#bytes.writeUInt32BE(checksum(key, this.#bytes, this.#at), 0);
    return this.#bytes.subarray(0, this.#at);
  }
}

/** Reads a record field by field. The constructor checks the sum; a read past the end throws RangeError, which means damage too. */
export class RecordReader {
  readonly #bytes: Buffer;
  #at = checksumBytes;

  constructor(key: Uint8Array, record: Uint8Array) {
    this.#bytes = Buffer.from(record.buffer, record.byteOffset, record.length);
    if (record.length < checksumBytes || this.#bytes.readUInt32BE(0) !== checksum(key, record, record.length)) {
      throw new RangeError("the checksum does not match");
    }
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  uint8(): number {
    return this.#bytes.readUInt8(this.#advance(1));
  }

  uint16(): number {
    return this.#bytes.readUInt16BE(this.#advance(2));
  }

  uint32(): number {
    return this.#bytes.readUInt32BE(this.#advance(4));
  }

  uint48(): number {
    return this.#bytes.readUIntBE(this.#advance(6), 6);
  }

  float64(): number {
    return this.#bytes.readDoubleBE(this.#advance(8));
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.uint8();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError("a number has no end");
  }

  /** A copy: what LMDB lends is valid only until the next read. */
  bytes(): Uint8Array {
    return this.#copy(this.varint());
  }

  rest(): Uint8Array {
    return this.#copy(this.#bytes.length - this.#at);
  }

  string(): string {
    const length = this.varint();
    const start = this.#advance(length);
    return this.#bytes.toString("utf8", start, start + length);
  }

  #copy(length: number): Uint8Array {
    const start = this.#advance(length);
    return new Uint8Array(this.#bytes.subarray(start, start + length));
  }

  /** Subarrays shorten in silence, so the border is checked here. */
  #advance(length: number): number {
    const start = this.#at;
    if (start + length > this.#bytes.length) throw new RangeError("the record is too short");
    this.#at = start + length;
    return start;
  }
}

function checksum(key: Uint8Array, record: Uint8Array, end: number): number {
  return crc32c(crc32c(0, key), record, checksumBytes, end);
}

/** An upper bound of the bytes a string field takes. */
export function stringBytesMax(...values: string[]): number {
  let bytes = 0;
  for (const value of values) bytes += 5 + 3 * value.length;
  return bytes;
}

/** An upper bound of the bytes a field of bytes takes. */
export function bytesMax(...values: (Uint8Array | undefined)[]): number {
  let bytes = 0;
  for (const value of values) bytes += 5 + (value?.length ?? 0);
  return bytes;
}
