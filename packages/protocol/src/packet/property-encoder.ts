import { ownBytes } from "./bytes.ts";
import { unencodable } from "./packet-fault.ts";
import { newPacket, type PacketWriter } from "./packet-writer.ts";
import type { Properties } from "./packets.ts";
import { checkProperty, type PropertyPlace, type PropertyRow, propertyRows, PropertyType } from "./properties.ts";

const rowsByName: ReadonlyMap<string, PropertyRow> = new Map(propertyRows.map((row) => [row.name, row]));

/**
 * Writes the property length and the properties, in the order of the object's fields.
 *
 * @throws PACKET_INVALID for an unknown property, one that may not stand in `place`, or a bad value.
 */
export function writeProperties(writer: PacketWriter, properties: Properties | undefined, place: PropertyPlace): void {
  if (properties === undefined) {
    writer.byte(0);
    return;
  }
  const start = writer.at;
  writePropertyList(writer, properties, place);
  writer.prefixLength(start);
}

/** `writeProperties` without the length. */
export function writePropertyList(writer: PacketWriter, properties: Properties, place: PropertyPlace): void {
  for (const name of Object.keys(properties)) {
    const row = rowsByName.get(name);
    if (row === undefined) throw unencodable(`there is no property ${name}`);
    const value: unknown = properties[row.name];
    if (value === undefined) continue;
    if (!row.repeats) writeProperty(writer, row, value, place);
    else if (!Array.isArray(value)) throw unencodable(`${name} must be a list`);
    else for (const item of value) writeProperty(writer, row, item, place);
  }
}

function writeProperty(writer: PacketWriter, row: PropertyRow, value: unknown, place: PropertyPlace): void {
  writer.byte(row.id);
  const start = writer.at;
  writeValue(writer, row, value);
  // The rules of the receiving side: what it would refuse must not be sent.
  if (checkProperty(writer.buffer, start, writer.at, row.id, place) < 0) {
    throw unencodable(`property ${row.name} may not stand here or is out of range`);
  }
}

/** The value's type is checked by the writer, since callers without a compiler pass anything. */
function writeValue(writer: PacketWriter, row: PropertyRow, value: unknown): void {
  switch (row.type) {
    case PropertyType.Byte:
      writer.integer(value as number, 1, row.name);
      return;
    case PropertyType.TwoByteInteger:
      writer.integer(value as number, 2, row.name);
      return;
    case PropertyType.FourByteInteger:
      writer.integer(value as number, 4, row.name);
      return;
    case PropertyType.VariableByteInteger:
      writer.variableByteInteger(value as number, row.name);
      return;
    case PropertyType.BinaryData:
      writer.binaryData(value as Uint8Array, row.name);
      return;
    case PropertyType.Utf8String:
      writer.string(value as string, row.name);
      return;
    case PropertyType.Utf8StringPair: {
      if (!Array.isArray(value)) throw unencodable(`${row.name} must be pairs of a name and a value`);
      const [name, text] = value as readonly unknown[];
      writer.string(name as string, row.name);
      writer.string(text as string, row.name);
    }
  }
}

/**
 * The properties as bytes of their own, without their length: what a kept message carries.
 *
 * @throws PACKET_INVALID for an unknown property, one that may not stand in `place`, or a bad value.
 */
export function encodeProperties(properties: Properties, place: PropertyPlace): Uint8Array {
  const writer = newPacket();
  writePropertyList(writer, properties, place);
  return ownBytes(writer.buffer, 0, writer.at);
}
