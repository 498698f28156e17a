import { randomBytes } from "node:crypto";

/** One frame of RFC 6455. */
export interface Frame {
  readonly opcode: number;
  readonly payload: Buffer;
  /** Whether one of the reserved bits is set, which nobody agreed to. */
  readonly hasReservedBits: boolean;
}

export const Opcode = { Continuation: 0, Text: 1, Binary: 2, Close: 8, Ping: 9, Pong: 10 } as const;

/** A frame as a client sends it, masked. */
export function encodeFrame(opcode: number, payload: Uint8Array): Buffer {
  const length = payload.length;
  const extra = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const head = Buffer.alloc(6 + extra);
  head[0] = 0x80 | opcode;
  head[1] = 0x80 | (extra === 0 ? length : extra === 2 ? 126 : 127);
  if (extra === 2) head.writeUInt16BE(length, 2);
  if (extra === 8) head.writeBigUInt64BE(BigInt(length), 2);
  const mask = randomBytes(4);
  mask.copy(head, 2 + extra);
  const masked = Buffer.from(payload.map((byte, i) => byte ^ (mask[i % 4] ?? 0)));
  return Buffer.concat([head, masked]);
}

/** More than any answer of a server that is asked so little; as for packets. */
export const FRAME_LENGTH_MAX: number = 1 << 20;

/** Takes frames apart that a server sends; keeps the one that is not whole, and stops for good at one that would be too long to keep. */
export class FrameReader {
  /** The length that such a frame announces. */
  tooLong: number | undefined;
  private rest: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): Frame[] {
    if (this.tooLong !== undefined) return [];
    this.rest = Buffer.concat([this.rest, chunk]);
    const frames: Frame[] = [];
    for (let frame = this.next(); frame !== undefined; frame = this.next()) frames.push(frame);
    return frames;
  }

  private next(): Frame | undefined {
    const { rest } = this;
    if (rest.length < 2) return undefined;
    const [first = 0, second = 0] = rest;
    const short = second & 0x7f;
    const extra = short < 126 ? 0 : short === 126 ? 2 : 8;
    if (rest.length < 2 + extra) return undefined;
    const length = extra === 0 ? short : extra === 2 ? rest.readUInt16BE(2) : Number(rest.readBigUInt64BE(2));
    if (length > FRAME_LENGTH_MAX) {
      this.tooLong = length;
      this.rest = Buffer.alloc(0);
      return undefined;
    }
    const maskSize = second & 0x80 ? 4 : 0;
    const end = 2 + extra + maskSize + length;
    if (rest.length < end) return undefined;
    this.rest = rest.subarray(end);
    return { opcode: first & 0x0f, payload: rest.subarray(end - length, end), hasReservedBits: (first & 0x70) !== 0 };
  }
}
