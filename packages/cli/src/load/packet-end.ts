/** Packets without content. */
export const PINGREQ: Uint8Array = Uint8Array.of(0xc0, 0);
export const DISCONNECT: Uint8Array = Uint8Array.of(0xe0, 0);

/** Where the packet at `at` ends, which is beyond `end` when it is not there whole. At least two bytes must be there. */
export function packetEnd(bytes: Uint8Array, at: number, end: number): number {
  let size = bytes[at + 1]! & 0x7f;
  let body = at + 2;
  for (let shift = 7; bytes[body - 1]! > 0x7f && body < end; shift += 7) size |= (bytes[body++]! & 0x7f) << shift;
  return bytes[body - 1]! > 0x7f ? end + 1 : body + size;
}
