import { decodeAcknowledgement } from "./acknowledgement.ts";
import { decodeAuth } from "./auth.ts";
import { decodeConnack } from "./connack.ts";
import { decodeDisconnect } from "./disconnect.ts";
import { malformed, protocolError } from "./packet-fault.ts";
import { PacketType } from "./packet-type.ts";
import type {
  AcknowledgementPacket,
  AuthPacket,
  ConnackPacket,
  DisconnectPacket,
  PingrespPacket,
  ProtocolVersion,
  SubackPacket,
  UnsubackPacket,
} from "./packets.ts";
import { decodePing } from "./ping.ts";
import { decodeAnswer } from "./subscription-answer.ts";

/** Every packet that a server sends but PUBLISH, which is read by offsets. */
export type ServerPacket =
  | ConnackPacket
  | AcknowledgementPacket
  | SubackPacket
  | UnsubackPacket
  | PingrespPacket
  | DisconnectPacket
  | AuthPacket;

/**
 * `decodePacket` without what only a client sends, for the sake of a page's bundle.
 *
 * @throws MqttError with source `peer` and the Reason Code to answer with.
 */
export function decodeFromServer(
  chunk: Uint8Array,
  start: number,
  bodyStart: number,
  end: number,
  version: ProtocolVersion,
): ServerPacket {
  if (version === 5 && chunk[bodyStart - 1] === 0 && bodyStart - start > 2) {
    throw malformed("the Remaining Length takes more bytes than it needs", "MQTT-1.5.5-1");
  }
  switch (chunk[start]! >>> 4) {
    case PacketType.CONNACK:
      return decodeConnack(chunk, start, bodyStart, end, version);
    case PacketType.PUBACK:
    case PacketType.PUBREC:
    case PacketType.PUBREL:
    case PacketType.PUBCOMP:
      return decodeAcknowledgement(chunk, start, bodyStart, end, version);
    case PacketType.SUBACK:
    case PacketType.UNSUBACK:
      return decodeAnswer(chunk, start, bodyStart, end, version);
    case PacketType.PINGRESP:
      return decodePing(chunk, start, bodyStart, end, version) as PingrespPacket;
    case PacketType.DISCONNECT:
      return withoutExpiry(decodeDisconnect(chunk, start, bodyStart, end, version));
    case PacketType.AUTH:
      return decodeAuth(chunk, start, bodyStart, end, version);
    default:
      throw protocolError("a packet that only a client may send");
  }
}

/** [MQTT-3.14.2-2]: only a client may name a Session Expiry Interval there. */
function withoutExpiry(packet: DisconnectPacket): DisconnectPacket {
  if (packet.properties?.sessionExpiryInterval === undefined) return packet;
  throw protocolError("DISCONNECT of a server with a Session Expiry Interval", "MQTT-3.14.2-2");
}
