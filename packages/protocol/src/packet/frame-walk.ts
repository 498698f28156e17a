import { bytes } from "./bytes.ts";
import { ReasonCode } from "./reason-codes.ts";

/** Who is told about whole packets. Not called again after `malformed`, nor after the decoder was closed. */
export interface FrameHandler {
  /**
   * One whole Control Packet in chunk[start, end), its variable header at `bodyStart`. The array is valid during the call only.
   *
   * @returns False to end the walk after it was closed, or to stop a FrameDecoder: nothing more is handed over before `resume()`. Do
   * not call `push` or `resume` from here.
   */
  frame(chunk: Uint8Array, start: number, bodyStart: number, end: number): boolean;
  /** The bytes cannot be followed any further: 0x81, 0x82 for a packet type that is not accepted now, 0x95 for one too large. */
  malformed(reasonCode: number, detail: string): void;
}

/** Types 1 to 15; type 0 is reserved. */
const EVERY_TYPE = 0xfffe;
/** What is set aside at once for a packet that has not arrived: a peer that declares 256 MB and sends nothing gets no more. */
const EAGER_CAPACITY = 65_536;
const NOTHING: Uint8Array = new Uint8Array(0);

/** Of a walk; only a FrameDecoder is ever stopped. */
export const FramePhase = { Open: 0, Stopped: 1, Closed: 2 } as const;
export type FramePhase = (typeof FramePhase)[keyof typeof FramePhase];

/**
 * Finds Control Packets in a byte stream that is cut anywhere. Owns the bytes of the packet that is not whole yet; owns no meaning
 * beyond the fixed header. Lives as long as the Network Connection. What reads without ever stopping in between, as a client does,
 * needs no more than this.
 *
 * Whole packets inside a chunk are never copied. One that spans chunks is gathered in an array of exactly its size, after its
 * type and size were found to be acceptable. The walk is a loop, so a million packets in a chunk need no more stack than one.
 */
export class FrameWalk {
  /** Longest packet in bytes, fixed header included, section 3.1.2.11.4; may change between packets. */
  maximumPacketSize: number;
  /** Bit n allows Control Packet type n. Others are refused by their first byte, before anything is kept of them. */
  acceptedTypes: number = EVERY_TYPE;
  /**
   * Set by a handler, from inside `frame`, to the position where the walk goes on: past a run of packets that it took at once,
   * or, when it stops a FrameDecoder, at `start` to be handed the same packet again by `resume`. -1 for the packet's end.
   */
  continueAt = -1;

  protected readonly handler: FrameHandler;
  protected phase: FramePhase = FramePhase.Open;
  /** First bytes of the packet under way. */
  protected filled = 0;
  /** The packet under way. Empty when there is none. */
  protected partial: Uint8Array = NOTHING;
  /** Its whole size, 0 while its fixed header is not complete. */
  private partialSize = 0;
  private partialBodyStart = 0;

  constructor(handler: FrameHandler, maximumPacketSize: number) {
    this.handler = handler;
    this.maximumPacketSize = maximumPacketSize;
  }

  /** Takes the next bytes. Nothing of `chunk` is kept by reference when the call returns. */
  push(chunk: Uint8Array): void {
    if (this.phase === FramePhase.Open) this.consume(chunk, 0);
  }

  /** Forgets everything and ignores what still comes. Allowed from inside `frame`. */
  close(): void {
    this.phase = FramePhase.Closed;
    // The walk, which may be under way, reads this for each packet and ends here: no second check in the hot loop.
    this.acceptedTypes = 0;
    this.partial = NOTHING;
    this.filled = 0;
  }

  /** A call, since the compiler does not see that a handler changes the phase. */
  protected is(phase: FramePhase): boolean {
    return this.phase === phase;
  }

  /** After a `frame` that answered false: where the walk ends. */
  protected stop(end: number): number {
    return end;
  }

  /** Hands over a packet that was gathered. */
  protected offerGathered(packet: Uint8Array, bodyStart: number): void {
    this.handler.frame(packet, 0, bodyStart, packet.length);
    this.continueAt = -1;
  }

  /** Hands over what is whole in chunk[at, length) and returns the position up to which it was used. */
  protected consume(chunk: Uint8Array, at: number): number {
    if (this.filled > 0) {
      at = this.fill(chunk, at);
      if (!this.is(FramePhase.Open)) return at;
    }
    return this.walk(chunk, at);
  }

  /** The hot loop of broker and client: one turn for each packet, and nothing is allocated in it. */
  private walk(chunk: Uint8Array, at: number): number {
    const handler = this.handler;
    const available = chunk.length;
    while (at < available) {
      if (((this.acceptedTypes >>> (chunk[at]! >>> 4)) & 1) === 0) return this.refuseType(chunk[at]!, at);
      let bodyStart = at + 1;
      if (bodyStart === available) return this.begin(chunk, at, 0, 0);
      let length = chunk[bodyStart++]!;
      if (length > 0x7f) {
        length &= 0x7f;
        let shift = 7;
        let more = true;
        while (more) {
          // [MQTT-1.5.5-1] four bytes at the most
          if (shift > 21) return this.fail(ReasonCode.MalformedPacket, "the Remaining Length is longer than four bytes", at);
          if (bodyStart === available) return this.begin(chunk, at, 0, 0);
          const byte = chunk[bodyStart++]!;
          length |= (byte & 0x7f) << shift;
          shift += 7;
          more = byte > 0x7f;
        }
      }
      const end = bodyStart + length;
      if (end - at > this.maximumPacketSize) return this.refuseSize(end - at, at);
      if (end > available) return this.begin(chunk, at, end - at, bodyStart - at);
      if (!handler.frame(chunk, at, bodyStart, end)) return this.stop(end);
      at = end;
      if (this.continueAt >= 0) at = this.takeContinueAt();
    }
    return at;
  }

  protected takeContinueAt(): number {
    const at = this.continueAt;
    this.continueAt = -1;
    return at;
  }

  /** Keeps the beginning of a packet whose size is known, or 0 when its fixed header is cut. */
  private begin(chunk: Uint8Array, at: number, size: number, bodyStart: number): number {
    const available = chunk.length - at;
    this.partialSize = size;
    this.partialBodyStart = bodyStart;
    this.partial = bytes.alloc(size === 0 ? 5 : eagerCapacity(size, available));
    this.filled = available;
    bytes.copy(chunk, this.partial, 0, at, chunk.length);
    return chunk.length;
  }

  /** Completes the packet under way as far as the chunk goes. */
  private fill(chunk: Uint8Array, at: number): number {
    while (this.partialSize === 0) {
      if (at === chunk.length) return at;
      this.partial[this.filled++] = chunk[at++]!;
      if (!this.readPartialHeader()) return at;
    }
    const take = Math.min(this.partialSize - this.filled, chunk.length - at);
    this.makeRoom(this.filled + take);
    bytes.copy(chunk, this.partial, this.filled, at, at + take);
    this.filled += take;
    return this.filled === this.partialSize ? this.finish(at + take) : at + take;
  }

  private finish(at: number): number {
    const packet = this.partial;
    const bodyStart = this.partialBodyStart;
    this.partial = NOTHING;
    this.filled = 0;
    this.offerGathered(packet, bodyStart);
    return at;
  }

  /** After each byte of a fixed header that came in pieces; false when it was refused. */
  private readPartialHeader(): boolean {
    const last = this.partial[this.filled - 1]!;
    if (last > 0x7f) {
      if (this.filled < 5) return true;
      this.fail(ReasonCode.MalformedPacket, "the Remaining Length is longer than four bytes", 0);
      return false;
    }
    let length = 0;
    for (let i = this.filled - 1; i > 0; i--) length = length * 128 + (this.partial[i]! & 0x7f);
    const size = this.filled + length;
    if (size > this.maximumPacketSize) {
      this.refuseSize(size, 0);
      return false;
    }
    this.partialSize = size;
    this.partialBodyStart = this.filled;
    const header = this.partial;
    this.partial = bytes.alloc(eagerCapacity(size, this.filled));
    bytes.copy(header, this.partial, 0, 0, this.filled);
    return true;
  }

  /** Doubles up to the exact size, so that memory follows what really arrived. */
  private makeRoom(needed: number): void {
    if (needed <= this.partial.length) return;
    const next = bytes.alloc(Math.min(this.partialSize, Math.max(needed, this.partial.length * 2)));
    bytes.copy(this.partial, next, 0, 0, this.filled);
    this.partial = next;
  }

  private refuseType(firstByte: number, at: number): number {
    const type = firstByte >>> 4;
    if (type === 0) return this.fail(ReasonCode.MalformedPacket, "Control Packet type 0 is reserved", at);
    return this.fail(ReasonCode.ProtocolError, `Control Packet type ${type} is not allowed here`, at);
  }

  private refuseSize(size: number, at: number): number {
    return this.fail(ReasonCode.PacketTooLarge, `a packet of ${size} bytes is above the limit of ${this.maximumPacketSize}`, at);
  }

  private fail(reasonCode: number, detail: string, at: number): number {
    if (this.phase === FramePhase.Closed) return at;
    this.close();
    this.handler.malformed(reasonCode, detail);
    return at;
  }
}

function eagerCapacity(size: number, available: number): number {
  return Math.min(size, Math.max(EAGER_CAPACITY, available));
}
