import { protocolError, unencodable } from "./packet-fault.ts";
import { packetName, PacketType } from "./packet-type.ts";

/** Tables 3-4 and 3-5. */
export const publishReasons: ReadonlySet<number> = new Set([0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]);
/** Tables 3-6 and 3-7. */
export const releaseReasons: ReadonlySet<number> = new Set([0x00, 0x92]);

/** What each packet may say; of a CONNACK and a DISCONNECT only what is no fault. */
const reasons: Readonly<Record<number, ReadonlySet<number>>> = {
  [PacketType.CONNACK]: new Set([0x00]),
  [PacketType.PUBACK]: publishReasons,
  [PacketType.PUBREC]: publishReasons,
  [PacketType.PUBREL]: releaseReasons,
  [PacketType.PUBCOMP]: releaseReasons,
  [PacketType.SUBACK]: new Set([0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2]),
  [PacketType.UNSUBACK]: new Set([0x00, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91]),
  [PacketType.DISCONNECT]: new Set([0x00, 0x04]),
  [PacketType.AUTH]: new Set([0x00, 0x18, 0x19]),
};

/**
 * Whether a packet of MQTT 5.0 may carry a Reason Code. A CONNACK and a DISCONNECT may carry any from 0x80 on, known or not, since it
 * tells the user more than our own complaint would.
 */
function mayCarry(type: number, reasonCode: number): boolean {
  if (reasons[type]!.has(reasonCode)) return true;
  const isEnd = type === PacketType.CONNACK || type === PacketType.DISCONNECT;
  return isEnd && Number.isInteger(reasonCode) && reasonCode >= 0x80 && reasonCode <= 0xff;
}

/** @throws PROTOCOL_ERROR (0x82). */
export function checkReason(type: number, reasonCode: number): void {
  if (!mayCarry(type, reasonCode)) throw protocolError(noSuchReason(type, reasonCode), clauseOf(type));
}

/** @throws PACKET_INVALID. */
export function checkEncodableReason(type: number, reasonCode: number): void {
  if (!mayCarry(type, reasonCode)) throw unencodable(noSuchReason(type, reasonCode));
}

function noSuchReason(type: number, reasonCode: number): string {
  return `${packetName(type)} has no Reason Code ${reasonCode}`;
}

/** Packet type n is section 3.n, and most of them speak of the Reason Code in their first statement on the variable header. */
function clauseOf(type: number): string {
  const isAnswer = type === PacketType.SUBACK || type === PacketType.UNSUBACK;
  return `MQTT-3.${type}.${isAnswer ? "3-2" : type === PacketType.CONNACK ? "2-8" : "2-1"}`;
}
