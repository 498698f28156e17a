import type { OutBuffer } from "./out-buffer.ts";
import { unencodable } from "./packet-fault.ts";
import { PacketType } from "./packet-type.ts";
import { newPacket } from "./packet-writer.ts";
import type { ProtocolVersion, SubackPacket } from "./packets.ts";
import { writeProperties } from "./property-encoder.ts";
import { ReasonCode } from "./reason-codes.ts";
import { type AnswerRules, decodeAnswer } from "./subscription-answer.ts";

/** Table 3-8. */
const reasons: ReadonlySet<number> = new Set([0, 1, 2, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2]);

function mayCarry(reasonCode: number, version: ProtocolVersion): boolean {
  return version === 5 ? reasons.has(reasonCode) : reasonCode < 3 || reasonCode === ReasonCode.UnspecifiedError;
}

const rules: AnswerRules = { type: PacketType.SUBACK, name: "SUBACK", clauses: ["MQTT-3.9.3-1", "MQTT-3.9.3-2"], mayCarry };

/**
 * Decodes a SUBACK.
 *
 * @throws MALFORMED_PACKET (0x81), PROTOCOL_ERROR (0x82).
 */
export function decodeSuback(
  chunk: Uint8Array,
  start: number,
  bodyStart: number,
  end: number,
  version: ProtocolVersion,
): SubackPacket {
  return decodeAnswer(chunk, start, bodyStart, end, version, rules) as SubackPacket;
}

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
    if (!reasons.has(reasonCode)) throw unencodable(`SUBACK has no Reason Code ${reasonCode}`);
    body.byte(version === 5 || reasonCode < 0x80 ? reasonCode : ReasonCode.UnspecifiedError);
  }
  body.finish(out, PacketType.SUBACK << 4);
}
