import { bytes } from "./bytes.ts";
import { malformed, protocolError } from "./packet-fault.ts";
import { packetName, PacketType } from "./packet-type.ts";
import type { ProtocolVersion } from "./packets.ts";
import { decodeText, isText } from "./utf8.ts";
import { readVariableByteInteger } from "./variable-byte-integer.ts";
import { variableByteLength } from "./write-publish.ts";

/**
 * A cursor over the body of one packet that is not a PUBLISH: these are small or rare, so clarity wins over offsets.
 * Every method throws a malformed packet fault (0x81) rather than read past the packet.
 */
export class PacketReader {
  readonly chunk: Uint8Array;
  readonly end: number;
  at: number;
  private readonly type: number;

  /** @param type Of the packet, for the message of a fault. */
  constructor(chunk: Uint8Array, bodyStart: number, end: number, type: number) {
    this.chunk = chunk;
    this.at = bodyStart;
    this.end = end;
    this.type = type;
  }

  /** Of the packet. */
  private get name(): string {
    return packetName(this.type);
  }

  get left(): number {
    return this.end - this.at;
  }

  byte(): number {
    this.need(1);
    return this.chunk[this.at++]!;
  }

  twoByteInteger(): number {
    this.need(2);
    const value = (this.chunk[this.at]! << 8) | this.chunk[this.at + 1]!;
    this.at += 2;
    return value;
  }

  /** @throws PROTOCOL_ERROR for 0, [MQTT-2.2.1-3]. */
  packetIdentifier(): number {
    const value = this.twoByteInteger();
    if (value === 0) throw protocolError(`${this.name} with Packet Identifier 0`, "MQTT-2.2.1-3");
    return value;
  }

  fourByteInteger(): number {
    const high = this.twoByteInteger();
    return high * 0x1_0000 + this.twoByteInteger();
  }

  variableByteInteger(): number {
    const value = readVariableByteInteger(this.chunk, this.at, this.end);
    if (value < 0) throw malformed(`${this.name} with a bad Variable Byte Integer`, "MQTT-1.5.5-1");
    this.at += variableByteLength(value);
    return value;
  }

  /** A copy, since it outlives the chunk. */
  binaryData(): Uint8Array {
    const length = this.twoByteInteger();
    this.need(length);
    const copy = bytes.alloc(length);
    bytes.copy(this.chunk, copy, 0, this.at, this.at + length);
    this.at += length;
    return copy;
  }

  string(): string {
    const length = this.twoByteInteger();
    this.need(length);
    const start = this.at;
    this.at += length;
    if (!isText(this.chunk, start, this.at)) throw malformed(`${this.name} with a string that is not UTF-8`, "MQTT-1.5.4-1");
    return decodeText(this.chunk, start, this.at);
  }

  /** The packet must end here. */
  finish(): void {
    if (this.at !== this.end) throw malformed(`${this.name} is longer than its content`);
  }

  private need(count: number): void {
    if (this.at + count > this.end) throw malformed(`${this.name} ends too early`);
  }
}

/** Packets whose fixed header has bit 1 set, sections 3.6.1, 3.8.1 and 3.10.1; its other flags, and those of all other packets, are 0. */
const FLAGGED = (1 << PacketType.PUBREL) | (1 << PacketType.SUBSCRIBE) | (1 << PacketType.UNSUBSCRIBE);

/** Whether the flags in the fixed header of a packet other than PUBLISH are those it must have ([MQTT-2.1.3-1]). */
function hasItsFlags(firstByte: number, version: ProtocolVersion): boolean {
  // MQTT 3.1 has DUP in some packets and leaves the flags of the others open.
  return version === 3 || (firstByte & 15) === ((FLAGGED >>> (firstByte >>> 4)) & 1) * 2;
}

/**
 * A reader at the body of the packet at chunk[start].
 *
 * @throws MALFORMED_PACKET (0x81) for other flags in its fixed header than it must have.
 */
export function openPacket(
  chunk: Uint8Array,
  start: number,
  bodyStart: number,
  end: number,
  version: ProtocolVersion,
): PacketReader {
  const first = chunk[start]!;
  const type = first >>> 4;
  if (!hasItsFlags(first, version)) throw malformed(`${packetName(type)} with bad flags in its fixed header`, "MQTT-2.1.3-1");
  return new PacketReader(chunk, bodyStart, end, type);
}
