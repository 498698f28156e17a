/**
 * CRC-32C (Castagnoli), the checksum every stored record carries because LMDB has none. Node offers only the other CRC-32.
 * Eight bytes a step over eight tables: in JavaScript about five times faster than one byte a step.
 */

const polynomial = 0x82f63b78;
const tables = makeTables();
const [t0, t1, t2, t3, t4, t5, t6, t7] = [0, 1, 2, 3, 4, 5, 6, 7].map(table) as [T, T, T, T, T, T, T, T];
type T = Int32Array;

/** Continues `crc` (0 to begin) over the bytes from `start` to `end`; the result is unsigned. */
export function crc32c(crc: number, bytes: Uint8Array, start: number = 0, end: number = bytes.length): number {
  let state = ~crc;
  let at = start;
  for (const last = end - 8; at <= last; at += 8) {
    state ^=
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
    state =
      (t7[state & 0xff] as number) ^
      (t6[(state >>> 8) & 0xff] as number) ^
      (t5[(state >>> 16) & 0xff] as number) ^
      (t4[state >>> 24] as number) ^
      (t3[bytes[at + 4] as number] as number) ^
      (t2[bytes[at + 5] as number] as number) ^
      (t1[bytes[at + 6] as number] as number) ^
      (t0[bytes[at + 7] as number] as number);
  }
  for (; at < end; at++) state = (t0[(state ^ (bytes[at] as number)) & 0xff] as number) ^ (state >>> 8);
  return ~state >>> 0;
}

function table(index: number): Int32Array {
  return tables.subarray(index * 256, index * 256 + 256);
}

function makeTables(): Int32Array {
  const made = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1;
    made[byte] = value;
  }
  for (let index = 256; index < made.length; index++) {
    const before = made[index - 256] as number;
    made[index] = (before >>> 8) ^ (made[before & 0xff] as number);
  }
  return made;
}
