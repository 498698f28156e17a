import type { OutBuffer } from "./out-buffer.ts";
import { unencodable } from "./packet-fault.ts";
import { checkEncodableReason } from "./packet-reasons.ts";
import { PacketType } from "./packet-type.ts";
import { newPacket } from "./packet-writer.ts";
import type { ProtocolVersion, SubackPacket } from "./packets.ts";
import { writeProperties } from "./property-encoder.ts";
import { ReasonCode } from "./reason-codes.ts";

/**
 * Appends a SUBACK. Before MQTT 5.0 every refusal is 0x80, [v3 MQTT-3.9.3-2].
 *
 * @throws PACKET_INVALID, with nothing written.
 */
export function encodeSuback(out: OutBuffer, packet: SubackPacket, version: ProtocolVersion): void {
  const { reasonCodes } = packet;
  if (reasonCodes.length === 0) throw unencodable("a SUBACK needs a Reason Code");
  const body = newPacket();
  body.packetIdentifier(packet.packetIdentifier);
  if (version === 5) writeProperties(body, packet.properties, PacketType.SUBACK);
  for (const reasonCode of reasonCodes) {
    checkEncodableReason(PacketType.SUBACK, reasonCode);
    body.byte(version === 5 || reasonCode < 0x80 ? reasonCode : ReasonCode.UnspecifiedError);
  }
  body.finish(out, PacketType.SUBACK << 4);
}
