import { malformed, protocolError } from "./packet-fault.ts";
import { PacketReader } from "./packet-reader.ts";
import { PacketType } from "./packet-type.ts";
import type { ProtocolVersion, SubackPacket, UnsubackPacket } from "./packets.ts";
import { readProperties } from "./property-decoder.ts";

/** What tells a SUBACK and an UNSUBACK apart. */
export interface AnswerRules {
  readonly type: SubackPacket["type"] | UnsubackPacket["type"];
  readonly name: string;
  /** Of "at least one Reason Code", and of "one of those of the table". */
  readonly clauses: readonly [string, string];
  readonly mayCarry: (reasonCode: number, version: ProtocolVersion) => boolean;
}

/**
 * Decodes a SUBACK or an UNSUBACK, whose forms are the same but for what they may carry; an UNSUBACK has no Reason Codes before 5.0.
 *
 * @throws MALFORMED_PACKET (0x81), PROTOCOL_ERROR (0x82).
 */
export function decodeAnswer(
  chunk: Uint8Array,
  start: number,
  bodyStart: number,
  end: number,
  version: ProtocolVersion,
  rules: AnswerRules,
): SubackPacket | UnsubackPacket {
  const { type, name, clauses } = rules;
  if (version !== 3 && (chunk[start]! & 0x0f) !== 0) throw malformed(`${name} with bad flags in its fixed header`);
  const reader = new PacketReader(chunk, bodyStart, end, name);
  const packetIdentifier = reader.packetIdentifier();
  const properties = version === 5 ? readProperties(reader, type) : undefined;
  const reasonCodes: number[] = [];
  if (version === 5 || type === PacketType.SUBACK) {
    if (reader.left === 0) throw protocolError(`${name} without a Reason Code`, clauses[0]);
    while (reader.left > 0) reasonCodes.push(readReason(reader, version, rules));
  }
  reader.finish();
  const packet = { type, packetIdentifier, reasonCodes };
  return properties === undefined ? packet : { ...packet, properties };
}

function readReason(reader: PacketReader, version: ProtocolVersion, { name, clauses, mayCarry }: AnswerRules): number {
  const reasonCode = reader.byte();
  if (!mayCarry(reasonCode, version)) throw protocolError(`${name} has no Reason Code ${reasonCode}`, clauses[1]);
  return reasonCode;
}
