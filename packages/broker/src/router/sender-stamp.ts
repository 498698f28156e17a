import { PacketType } from "@bowline/protocol";
import { checkProperty } from "@bowline/protocol/internal";

/** The User Property in which a tenant's broker says who sent a message. */
const STAMP_NAME = "bowline-principal";

const USER_PROPERTY = 0x26;
const NAME: Buffer = Buffer.from(STAMP_NAME);

/** The encoded property that names the sender; empty for one without a name, whose messages carry none. */
export function encodeStamp(principal: string): Uint8Array {
  if (principal === "") return new Uint8Array(0);
  const value = Buffer.from(principal);
  const stamp = Buffer.alloc(5 + NAME.length + value.length);
  let at = stamp.writeUInt8(USER_PROPERTY, 0);
  at = stamp.writeUInt16BE(NAME.length, at);
  at += NAME.copy(stamp, at);
  at = stamp.writeUInt16BE(value.length, at);
  value.copy(stamp, at);
  return stamp;
}

/** The properties of a message with the stamp, and without what its sender wrote under that name. */
export function stamped(properties: Uint8Array, stamp: Uint8Array): Uint8Array {
  const kept: Uint8Array[] = [];
  for (let at = 0; at < properties.length; ) {
    const end = checkProperty(properties, at + 1, properties.length, properties[at]!, PacketType.PUBLISH);
    // They were checked when they came in.
    if (end < 0) break;
    if (!isStamp(properties, at)) kept.push(properties.subarray(at, end));
    at = end;
  }
  return Buffer.concat([...kept, stamp]);
}

function isStamp(properties: Uint8Array, at: number): boolean {
  if (properties[at] !== USER_PROPERTY) return false;
  const length = (properties[at + 1]! << 8) | properties[at + 2]!;
  return length === NAME.length && NAME.equals(properties.subarray(at + 3, at + 3 + length));
}
