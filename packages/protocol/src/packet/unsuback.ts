import type { OutBuffer } from "./out-buffer.ts";
import { unencodable } from "./packet-fault.ts";
import { PacketType } from "./packet-type.ts";
import { newPacket } from "./packet-writer.ts";
import type { ProtocolVersion, UnsubackPacket } from "./packets.ts";
import { writeProperties } from "./property-encoder.ts";
import { type AnswerRules, decodeAnswer } from "./subscription-answer.ts";

/** Table 3-9. */
const reasons: ReadonlySet<number> = new Set([0x00, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91]);

const rules: AnswerRules = {
  type: PacketType.UNSUBACK,
  name: "UNSUBACK",
  clauses: ["MQTT-3.11.3-1", "MQTT-3.11.3-2"],
  mayCarry: (reasonCode) => reasons.has(reasonCode),
};

/**
 * Decodes an UNSUBACK; before MQTT 5.0 it has no Reason Codes.
 *
 * @throws MALFORMED_PACKET (0x81), PROTOCOL_ERROR (0x82).
 */
export function decodeUnsuback(
  chunk: Uint8Array,
  start: number,
  bodyStart: number,
  end: number,
  version: ProtocolVersion,
): UnsubackPacket {
  return decodeAnswer(chunk, start, bodyStart, end, version, rules) as UnsubackPacket;
}

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
      if (!reasons.has(reasonCode)) throw unencodable(`UNSUBACK has no Reason Code ${reasonCode}`);
      body.byte(reasonCode);
    }
  }
  body.finish(out, PacketType.UNSUBACK << 4);
}
