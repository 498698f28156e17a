import type { Packet, ProtocolVersion } from "@bowline/protocol";
import { decodePacket, type ErrorFacts, FrameWalk } from "@bowline/protocol/internal";

const firstBytesMax = 64;
const receivedPacketMax = 1 << 20;

/** Makes packets of bytes, and keeps what tells of bytes that are none. */
export class PacketInbox {
  firstBytes: Uint8Array = new Uint8Array(0);
  /** Set when the bytes cannot be followed any further. */
  fault: ErrorFacts | undefined;
  private readonly version: ProtocolVersion;
  private readonly packets: Packet[] = [];
  private readonly walk: FrameWalk;

  constructor(version: ProtocolVersion) {
    this.version = version;
    this.walk = new FrameWalk(
      {
        frame: (chunk, start, bodyStart, end) => this.decode(chunk.slice(), start, bodyStart, end),
        malformed: (_reasonCode, detail) => this.fail("MALFORMED_PACKET", detail),
      },
      receivedPacketMax,
    );
  }

  read(bytes: Uint8Array): void {
    const room = firstBytesMax - this.firstBytes.length;
    if (room > 0) this.firstBytes = Uint8Array.of(...this.firstBytes, ...bytes.subarray(0, room));
    if (this.fault === undefined) this.walk.push(bytes);
  }

  shift(): Packet | undefined {
    return this.packets.shift();
  }

  /** @param code Undefined where the words alone are known. */
  fail(code: string | undefined, message: string): void {
    this.fault ??= code === undefined ? { message } : { code, message };
  }

  private decode(chunk: Uint8Array, start: number, bodyStart: number, end: number): boolean {
    try {
      this.packets.push(decodePacket(chunk, start, bodyStart, end, this.version));
      return true;
    } catch (error) {
      this.fail("MALFORMED_PACKET", error instanceof Error ? error.message : String(error));
      return false;
    }
  }
}
