import type { OutBuffer } from "./out-buffer.ts";
import { openPacket } from "./packet-reader.ts";
import { checkEncodableReason, checkReason } from "./packet-reasons.ts";
import { PacketType } from "./packet-type.ts";
import { newPacket } from "./packet-writer.ts";
import type { DisconnectPacket, ProtocolVersion } from "./packets.ts";
import { readProperties } from "./property-decoder.ts";
import { writeProperties } from "./property-encoder.ts";
import { ReasonCode } from "./reason-codes.ts";

const DISCONNECT = PacketType.DISCONNECT;

/**
 * Decodes a DISCONNECT; one without a body means Reason Code 0. Any code from 0x80 on is taken, known or not, since it tells the
 * user more than our own complaint would.
 *
 * @throws MALFORMED_PACKET (0x81), PROTOCOL_ERROR (0x82).
 */
export function decodeDisconnect(
  chunk: Uint8Array,
  start: number,
  bodyStart: number,
  end: number,
  version: ProtocolVersion,
): DisconnectPacket {
  // [MQTT-3.14.1-1]
  const reader = openPacket(chunk, start, bodyStart, end, version);
  const packet: DisconnectPacket = { type: DISCONNECT, reasonCode: ReasonCode.NormalDisconnection };
  if (version === 5 && reader.left > 0) {
    packet.reasonCode = reader.byte();
    checkReason(DISCONNECT, packet.reasonCode);
    const properties = reader.left > 0 ? readProperties(reader, DISCONNECT) : undefined;
    if (properties !== undefined) packet.properties = properties;
  }
  reader.finish();
  return packet;
}

/**
 * Appends a DISCONNECT in its shortest form. A fault that it has no Reason Code for goes as the nearest it has; before MQTT 5.0
 * Reason Code and properties are left out.
 *
 * @param sayable the Reason Code as a DISCONNECT of this side can say it
 * @throws PACKET_INVALID, with nothing written.
 */
export function encodeDisconnect(
  out: OutBuffer,
  packet: DisconnectPacket,
  version: ProtocolVersion,
  sayable: (reasonCode: number) => number,
): void {
  const { reasonCode, properties } = packet;
  checkEncodableReason(DISCONNECT, reasonCode);
  const body = newPacket();
  if (version === 5 && (reasonCode !== ReasonCode.NormalDisconnection || properties !== undefined)) {
    body.byte(reasonCode >= 0x80 ? sayable(reasonCode) : reasonCode);
    if (properties !== undefined) writeProperties(body, properties, DISCONNECT);
  }
  body.finish(out, DISCONNECT << 4);
}
