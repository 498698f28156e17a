import { malformed, packetFault, protocolError } from "./packet-fault.ts";
import type { PacketReader } from "./packet-reader.ts";
import type { Properties, UserProperty } from "./packets.ts";
import { checkProperty, onceBit, type PropertyPlace, type PropertyRow, propertyRow, PropertyType } from "./properties.ts";

/** `Properties` while it is filled by the table: the row says which value its field takes. */
type PropertyBag = { [name in keyof Properties]?: unknown };

/**
 * Reads the property length and the properties at the reader, as may stand in `place`.
 *
 * @returns The properties, or undefined when there are none.
 * @throws MALFORMED_PACKET (0x81) for an unknown property, one of another packet, or a bad value; PROTOCOL_ERROR (0x82) for a
 * repeated one, a value out of range or a bad Response Topic; ALIAS (0x94) for Topic Alias 0.
 */
export function readProperties(reader: PacketReader, place: PropertyPlace): Properties | undefined {
  const length = reader.variableByteInteger();
  if (length === 0) return undefined;
  if (length > reader.left) throw malformed("the properties are longer than the packet");
  return readPropertyList(reader, reader.at + length, place);
}

/** `readProperties` without the length: the properties end at `end`. */
export function readPropertyList(reader: PacketReader, end: number, place: PropertyPlace): Properties {
  const bag: PropertyBag = {};
  let seen = 0;
  while (reader.at < end) {
    const id = reader.byte();
    const row = propertyRow(id);
    const next = checkProperty(reader.chunk, reader.at, end, id, place);
    if (row === undefined || next < 0) throw packetFault(-next, `property ${row?.name ?? id}`);
    const once = onceBit(id);
    if ((seen & once) !== 0) throw protocolError(`property ${row.name} occurs twice`);
    seen |= once;
    addProperty(bag, row, reader);
  }
  return bag as Properties;
}

function addProperty(bag: PropertyBag, row: PropertyRow, reader: PacketReader): void {
  const value = readValue(row, reader);
  if (!row.repeats) {
    bag[row.name] = value;
    return;
  }
  const list = bag[row.name] as unknown[] | undefined;
  if (list === undefined) bag[row.name] = [value];
  else list.push(value);
}

function readValue(row: PropertyRow, reader: PacketReader): number | string | Uint8Array | UserProperty {
  switch (row.type) {
    case PropertyType.Byte:
      return reader.byte();
    case PropertyType.TwoByteInteger:
      return reader.twoByteInteger();
    case PropertyType.FourByteInteger:
      return reader.fourByteInteger();
    case PropertyType.VariableByteInteger:
      return reader.variableByteInteger();
    case PropertyType.BinaryData:
      return reader.binaryData();
    case PropertyType.Utf8String:
      return reader.string();
    case PropertyType.Utf8StringPair:
      return [reader.string(), reader.string()];
  }
}
