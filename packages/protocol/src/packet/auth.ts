import type { OutBuffer } from "./out-buffer.ts";
import { malformed, unencodable } from "./packet-fault.ts";
import { openPacket } from "./packet-reader.ts";
import { checkEncodableReason, checkReason } from "./packet-reasons.ts";
import { PacketType } from "./packet-type.ts";
import { newPacket } from "./packet-writer.ts";
import type { AuthPacket, ProtocolVersion } from "./packets.ts";
import { readProperties } from "./property-decoder.ts";
import { writeProperties } from "./property-encoder.ts";
import { ReasonCode } from "./reason-codes.ts";

const AUTH = PacketType.AUTH;

/**
 * Decodes an AUTH, which MQTT 5.0 alone has.
 *
 * @throws MALFORMED_PACKET (0x81), PROTOCOL_ERROR (0x82).
 */
export function decodeAuth(chunk: Uint8Array, start: number, bodyStart: number, end: number, version: ProtocolVersion): AuthPacket {
  if (version !== 5) throw malformed("Control Packet type 15 is reserved before MQTT 5.0");
  const reader = openPacket(chunk, start, bodyStart, end, version);
  // [section 3.15.2.1] without a body: Success and no properties
  const packet: AuthPacket = { type: AUTH, reasonCode: reader.left === 0 ? ReasonCode.Success : reader.byte() };
  checkReason(AUTH, packet.reasonCode);
  const properties = reader.left > 0 ? readProperties(reader, AUTH) : undefined;
  if (properties !== undefined) packet.properties = properties;
  reader.finish();
  return packet;
}

/**
 * Appends an AUTH in its shortest form.
 *
 * @throws PACKET_INVALID, with nothing written, also before MQTT 5.0.
 */
export function encodeAuth(out: OutBuffer, packet: AuthPacket, version: ProtocolVersion): void {
  const { reasonCode, properties } = packet;
  if (version !== 5) throw unencodable("AUTH needs MQTT 5.0");
  checkEncodableReason(AUTH, reasonCode);
  const body = newPacket();
  if (reasonCode !== ReasonCode.Success || properties !== undefined) {
    body.byte(reasonCode);
    writeProperties(body, properties, AUTH);
  }
  body.finish(out, AUTH << 4);
}
