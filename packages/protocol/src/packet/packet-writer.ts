import { bytes } from "./bytes.ts";
import type { OutBuffer } from "./out-buffer.ts";
import { unencodable } from "./packet-fault.ts";
import { hasLoneSurrogate, scanText, TEXT_HAS_NUL, TEXT_HAS_WILDCARD } from "./utf8.ts";
import { MAXIMUM_VARIABLE_BYTE_INTEGER } from "./variable-byte-integer.ts";
import { copyBytes, putVariableByteInteger, variableByteLength } from "./write-publish.ts";

const LONGEST_FIELD = 65_535;
/** A body this large is rare; its buffer is given back rather than kept for ever. */
const KEPT_CAPACITY = 65_536;

/**
 * Gathers the body of one packet before anything goes to an out-buffer, so that a packet which cannot be encoded leaves no bytes
 * behind, and lengths need not be counted in advance. Throws PACKET_INVALID, naming the field.
 */
export class PacketWriter {
  buffer: Uint8Array = bytes.alloc(1024);
  at = 0;

  /** Begins a new body. */
  reset(): this {
    this.at = 0;
    return this;
  }

  byte(value: number): void {
    this.room(1);
    this.buffer[this.at++] = value;
  }

  integer(value: number, size: 1 | 2 | 4, field: string): void {
    const limit = size === 4 ? 0xffff_ffff : size === 2 ? 0xffff : 0xff;
    if (!Number.isInteger(value) || value < 0 || value > limit) throw unencodable(`${field} must be an integer from 0 to ${limit}`);
    this.room(size);
    for (let shift = (size - 1) * 8; shift >= 0; shift -= 8) this.buffer[this.at++] = (value >>> shift) & 0xff;
  }

  packetIdentifier(value: number): void {
    this.integer(checkedIdentifier(value), 2, "packetIdentifier");
  }

  variableByteInteger(value: number, field: string): void {
    if (!Number.isInteger(value) || value < 0 || value > MAXIMUM_VARIABLE_BYTE_INTEGER) {
      throw unencodable(`${field} must be an integer from 0 to 268,435,455`);
    }
    this.room(4);
    this.at = putVariableByteInteger(this.buffer, this.at, value);
  }

  /** @returns What `scanText` says of the string. */
  string(text: string, field: string): number {
    if (typeof text !== "string") throw unencodable(`${field} must be a string`);
    if (text.length > LONGEST_FIELD) throw unencodable(`${field} is longer than 65,535 bytes`);
    this.room(2 + text.length * 3);
    const start = this.at + 2;
    const length = bytes.writeUtf8(this.buffer, text, start);
    if (length > LONGEST_FIELD) throw unencodable(`${field} is longer than 65,535 bytes`);
    // [MQTT-1.5.4-1]
    if (length !== text.length && hasLoneSurrogate(text)) throw unencodable(`${field} holds half a surrogate pair`);
    const found = scanText(this.buffer, start, start + length);
    // [MQTT-1.5.4-2]
    if ((found & TEXT_HAS_NUL) !== 0) throw unencodable(`${field} holds the character U+0000`);
    this.buffer[this.at] = length >>> 8;
    this.buffer[this.at + 1] = length & 0xff;
    this.at = start + length;
    return found;
  }

  /** @throws TOPIC_NAME */
  topicName(text: string, field: string): void {
    // [MQTT-3.3.2-2]
    if (text === "" || (this.string(text, field) & TEXT_HAS_WILDCARD) !== 0)
      throw unencodable(`${field} is empty or holds a wildcard`, "TOPIC_NAME");
  }

  binaryData(data: Uint8Array, field: string): void {
    if (!isByteArray(data)) throw unencodable(`${field} must be a Uint8Array`);
    if (data.length > LONGEST_FIELD) throw unencodable(`${field} is longer than 65,535 bytes`);
    this.integer(data.length, 2, field);
    this.room(data.length);
    this.at = copyBytes(this.buffer, this.at, data, 0, data.length);
  }

  /** Puts the length of what was written since `start` before it, as a Variable Byte Integer. */
  prefixLength(start: number): void {
    const length = this.at - start;
    const size = variableByteLength(length);
    this.room(size);
    this.buffer.copyWithin(start + size, start, this.at);
    putVariableByteInteger(this.buffer, start, length);
    this.at += size;
  }

  /** Appends the whole packet to the out-buffer. */
  finish(out: OutBuffer, firstByte: number): void {
    const length = this.at;
    if (length > MAXIMUM_VARIABLE_BYTE_INTEGER) throw unencodable("the packet is longer than 268,435,455 bytes");
    out.ensure(5 + length);
    const target = out.buffer;
    let at = out.end;
    target[at++] = firstByte;
    at = putVariableByteInteger(target, at, length);
    out.end = copyBytes(target, at, this.buffer, 0, length);
    if (this.buffer.length > KEPT_CAPACITY) this.buffer = bytes.alloc(1024);
  }

  private room(size: number): void {
    if (this.at + size <= this.buffer.length) return;
    const next = bytes.alloc(Math.max(this.at + size, this.buffer.length * 2));
    bytes.copy(this.buffer, next, 0, 0, this.at);
    this.buffer = next;
  }
}

/** Not `instanceof`: a test runner or a frame brings Uint8Arrays of another realm. */
export function isByteArray(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && (value as Uint8Array).BYTES_PER_ELEMENT === 1;
}

/** @throws PACKET_INVALID unless it is an integer from 1 to 65,535, [MQTT-2.2.1-3]. */
export function checkedIdentifier(packetIdentifier: number | undefined): number {
  if (packetIdentifier !== undefined && Number.isInteger(packetIdentifier) && packetIdentifier > 0 && packetIdentifier < 0x1_0000) {
    return packetIdentifier;
  }
  throw unencodable("packetIdentifier must be an integer from 1 to 65,535");
}

/** The writer of every encoder: an encoder runs to its end before another begins, and nothing of it outlives the call. */
let shared: PacketWriter | undefined;

export function newPacket(): PacketWriter {
  shared ??= new PacketWriter();
  return shared.reset();
}
