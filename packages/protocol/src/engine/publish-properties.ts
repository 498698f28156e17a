import { bytes } from "../packet/bytes.ts";
import { PacketReader } from "../packet/packet-reader.ts";
import { PacketType } from "../packet/packet-type.ts";
import { PacketWriter } from "../packet/packet-writer.ts";
import type { Properties } from "../packet/packets.ts";
import { readPropertyList } from "../packet/property-decoder.ts";
import { writePropertyList } from "../packet/property-encoder.ts";

let writer: PacketWriter | undefined;

/**
 * Encodes the properties of a PUBLISH without their length, as a Message keeps them.
 *
 * @throws MqttError PACKET_INVALID
 */
export function encodePublishProperties(properties: Properties): Uint8Array {
  writer ??= new PacketWriter();
  writePropertyList(writer.reset(), properties, PacketType.PUBLISH);
  const encoded = bytes.alloc(writer.at);
  bytes.copy(writer.buffer, encoded, 0, 0, writer.at);
  return encoded;
}

/** Decodes the properties in chunk[start, end) of a PUBLISH that was checked before. */
export function decodePublishProperties(chunk: Uint8Array, start: number, end: number): Properties {
  return readPropertyList(new PacketReader(chunk, start, end, PacketType.PUBLISH), end, PacketType.PUBLISH);
}
