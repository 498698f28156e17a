/** Largest value of a Variable Byte Integer, section 1.5.5; also the largest Remaining Length. */
export const MAXIMUM_VARIABLE_BYTE_INTEGER = 268_435_455;

/**
 * Reads a Variable Byte Integer that begins at `at` and must end before `end`; its size is `variableByteLength` of the value.
 *
 * @returns The value, or -1 when it is cut off, longer than four bytes or longer than needed, [MQTT-1.5.5-1].
 */
export function readVariableByteInteger(chunk: Uint8Array, at: number, end: number): number {
  let value = 0;
  for (let shift = 0; shift <= 21; shift += 7) {
    if (at >= end) return -1;
    const byte = chunk[at++]!;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return byte === 0 && shift > 0 ? -1 : value;
  }
  return -1;
}
