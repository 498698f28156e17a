import type { OutBuffer } from "./out-buffer.ts";
import { malformed, protocolError, unencodable } from "./packet-fault.ts";
import { openPacket } from "./packet-reader.ts";
import { checkEncodableReason, checkReason } from "./packet-reasons.ts";
import { PacketType } from "./packet-type.ts";
import { newPacket } from "./packet-writer.ts";
import type { ConnackPacket, ProtocolVersion } from "./packets.ts";
import { readProperties } from "./property-decoder.ts";
import { writeProperties } from "./property-encoder.ts";
import { connackReason, connackReasonCode, connackReturnCode, ReasonCode } from "./reason-codes.ts";

/**
 * Decodes a CONNACK. Return codes of MQTT 3.1 and 3.1.1 come as the Reason Codes they stand for, and on a connection of MQTT 5.0
 * the short form of an older server that refuses is understood. Any code from 0x80 on is taken, known or not, since it tells
 * the user more than our own complaint would.
 *
 * @throws MALFORMED_PACKET (0x81), PROTOCOL_ERROR (0x82).
 */
export function decodeConnack(
  chunk: Uint8Array,
  start: number,
  bodyStart: number,
  end: number,
  version: ProtocolVersion,
): ConnackPacket {
  const reader = openPacket(chunk, start, bodyStart, end, version);
  const flags = reader.byte();
  // [MQTT-3.2.2-1]; MQTT 3.1 leaves the whole byte open.
  if (version !== 3 && flags > 1) throw malformed("CONNACK with reserved flags", "MQTT-3.2.2-1");
  const sessionPresent = version !== 3 && flags === 1;
  const code = reader.byte();
  const short = version !== 5 || (reader.left === 0 && code > 0 && code < 6);
  const reasonCode = short ? connackReasonCode(code) : code;
  if (sessionPresent && reasonCode !== 0) throw protocolError("CONNACK that refuses and claims a session", "MQTT-3.2.2-6");
  const packet: ConnackPacket = { type: PacketType.CONNACK, sessionPresent, reasonCode };
  if (short && code > 5) packet.returnCode = code;
  if (!short) {
    checkReason(PacketType.CONNACK, code);
    const properties = readProperties(reader, PacketType.CONNACK);
    if (properties !== undefined) packet.properties = properties;
  }
  reader.finish();
  return packet;
}

/**
 * Appends a CONNACK. A Reason Code of other packets goes as the nearest that CONNACK has; before MQTT 5.0 as a return code, and
 * properties are left out.
 *
 * @throws PACKET_INVALID, with nothing written.
 */
export function encodeConnack(out: OutBuffer, packet: ConnackPacket, version: ProtocolVersion): void {
  const { reasonCode, sessionPresent } = packet;
  checkEncodableReason(PacketType.CONNACK, reasonCode);
  // [MQTT-3.2.2-6]
  if (sessionPresent && reasonCode !== ReasonCode.Success) throw unencodable("sessionPresent goes with success only");
  const body = newPacket();
  body.byte(sessionPresent && version !== 3 ? 1 : 0);
  if (version !== 5) body.byte(connackReturnCode(reasonCode));
  else body.byte(connackReason(reasonCode));
  if (version === 5) writeProperties(body, packet.properties, PacketType.CONNACK);
  body.finish(out, PacketType.CONNACK << 4);
}
