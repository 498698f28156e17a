// The host's UTF-8 coders, made when they are first needed: Jest's page and older React Native have none, and there importing a package
// must not be what fails.
let encoder: TextEncoder | undefined;
let decoder: TextDecoder | undefined;

export function utf8Encoder(): TextEncoder {
  return (encoder ??= new TextEncoder());
}

/** Takes what is no UTF-8 for U+FFFD. */
export function utf8Decoder(): TextDecoder {
  return (decoder ??= new TextDecoder());
}

/**
 * The four byte functions the codec takes from its host. The standard ones run anywhere; Buffer's are two to three times
 * faster in Node, so the broker and the Node client install those once, before the first packet. One suite runs both.
 */
export interface Bytes {
  /** Copies source[sourceStart, sourceEnd) to target at targetStart. */
  copy(source: Uint8Array, target: Uint8Array, targetStart: number, sourceStart: number, sourceEnd: number): void;
  /** Decodes source[start, end), all below 0x80, to a string. */
  latin1(source: Uint8Array, start: number, end: number): string;
  /** Writes the text as UTF-8 at `at`, which has room for it, and returns the number of bytes written. */
  writeUtf8(target: Uint8Array, text: string, at: number): number;
  /** A new byte array of that size; its content is not defined. */
  alloc(size: number): Uint8Array;
}

/** Up to here a concatenation is two to ten times faster than the decoder: names and values of User Properties. */
const SHORT_STRING = 8;

export const standardBytes: Bytes = {
  copy(source, target, targetStart, sourceStart, sourceEnd) {
    const whole = sourceStart === 0 && sourceEnd === source.length;
    target.set(whole ? source : source.subarray(sourceStart, sourceEnd), targetStart);
  },
  latin1(source, start, end) {
    // ASCII is UTF-8 too, and Node 20 decodes that 15 % faster than Latin-1.
    if (end - start > SHORT_STRING) return utf8Decoder().decode(source.subarray(start, end));
    let text = "";
    for (let i = start; i < end; i++) text += String.fromCharCode(source[i]!);
    return text;
  },
  writeUtf8(target, text, at) {
    return utf8Encoder().encodeInto(text, target.subarray(at)).written;
  },
  alloc(size) {
    return new Uint8Array(size);
  },
};

/** The functions in use. Its fields are replaced by installBytes, so hot loops read them from here. */
export const bytes: Bytes = { ...standardBytes };

/** Replaces the byte functions for the whole process; call it once at start. */
export function installBytes(host: Bytes): void {
  Object.assign(bytes, host);
}

/**
 * Copies source[start, end) to memory of its own, for what outlives the chunk it came in. Not `source.slice`: on a Buffer that is a
 * view, and the next read of the socket would change what was kept.
 */
export function ownBytes(source: Uint8Array, start: number, end: number): Uint8Array {
  return Uint8Array.prototype.slice.call(source, start, end);
}

/** The memory that an array lies in. */
export interface Place {
  buffer: ArrayBufferLike;
  byteOffset: number;
}

let placed: Uint8Array = new Uint8Array(0);
const place: Place = { buffer: placed.buffer, byteOffset: 0 };

/**
 * Where an array's bytes are, valid until the next call; for a view of each message in a chunk. The last one is remembered, since
 * to ask an array for its buffer is a call out of the compiled code, which costs about as much as the view.
 */
export function placeOf(array: Uint8Array): Place {
  if (array !== placed) {
    placed = array;
    place.buffer = array.buffer;
    place.byteOffset = array.byteOffset;
  }
  return place;
}
