/** The fields of Control Packets as bytes. Nothing here checks anything: wrong packets are built of the same pieces. */

/** One byte as a number, or bytes. */
export type Piece = number | Uint8Array;

export function join(...pieces: readonly Piece[]): Buffer {
  return Buffer.concat(pieces.map((piece) => (typeof piece === "number" ? Buffer.from([piece]) : piece)));
}

export function twoByteInteger(value: number): Buffer {
  return Buffer.from([(value >> 8) & 0xff, value & 0xff]);
}

export function fourByteInteger(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** In the fewest bytes, or in at least as many as `length` says, which is wrong but decodes to the same value. */
export function variableByteInteger(value: number, length = 1): Buffer {
  const bytes: number[] = [];
  let rest = value;
  do {
    const byte = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 || bytes.length + 1 < length ? byte | 0x80 : byte);
  } while (rest > 0 || bytes.length < length);
  return Buffer.from(bytes);
}

/** With its length in two bytes: Binary Data, and a UTF-8 Encoded String where the bytes are given to make it a wrong one. */
export function binaryData(bytes: Uint8Array): Buffer {
  return join(twoByteInteger(bytes.length), bytes);
}

export function utf8String(text: string | Uint8Array): Buffer {
  return binaryData(typeof text === "string" ? Buffer.from(text, "utf8") : text);
}

/** A packet of a first byte and what follows the Remaining Length. */
export function packet(firstByte: number, ...body: readonly Piece[]): Buffer {
  const rest = join(...body);
  return join(firstByte, variableByteInteger(rest.length), rest);
}
