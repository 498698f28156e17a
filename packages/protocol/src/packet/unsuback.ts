import type { OutBuffer } from "./out-buffer.ts";
import { unencodable } from "./packet-fault.ts";
import { checkEncodableReason } from "./packet-reasons.ts";
import { PacketType } from "./packet-type.ts";
import { newPacket } from "./packet-writer.ts";
import type { ProtocolVersion, UnsubackPacket } from "./packets.ts";
import { writeProperties } from "./property-encoder.ts";

/**
 * Appends an UNSUBACK; before MQTT 5.0 without Reason Codes.
 *
 * @throws PACKET_INVALID, with nothing written.
 */
export function encodeUnsuback(out: OutBuffer, packet: UnsubackPacket, version: ProtocolVersion): void {
  const body = newPacket();
  body.packetIdentifier(packet.packetIdentifier);
  if (version === 5) {
    if (packet.reasonCodes.length === 0) throw unencodable("an UNSUBACK needs a Reason Code");
    writeProperties(body, packet.properties, PacketType.UNSUBACK);
    for (const reasonCode of packet.reasonCodes) {
      checkEncodableReason(PacketType.UNSUBACK, reasonCode);
      body.byte(reasonCode);
    }
  }
  body.finish(out, PacketType.UNSUBACK << 4);
}
