import { encodeAcknowledgement } from "./acknowledgement.ts";
import { encodeAuth } from "./auth.ts";
import { encodeConnack } from "./connack.ts";
import { encodeConnect } from "./encode-connect.ts";
import { encodeDisconnect } from "./disconnect.ts";
import type { OutBuffer } from "./out-buffer.ts";
import { PacketType } from "./packet-type.ts";
import type { Packet, ProtocolVersion } from "./packets.ts";
import { encodePing } from "./ping.ts";
import { encodePublish } from "./publish-packet.ts";
import { serverDisconnectReason } from "./reason-codes.ts";
import { encodeSuback } from "./suback.ts";
import { encodeSubscribe } from "./encode-subscribe.ts";
import { toBytes } from "./to-bytes.ts";
import { encodeUnsuback } from "./unsuback.ts";
import { encodeUnsubscribe } from "./encode-unsubscribe.ts";

/**
 * Appends a Control Packet to the out-buffer. What the version cannot say (properties and Reason Codes before 5.0) is left out.
 *
 * @param version Version of the connection; a CONNECT brings its own.
 * @throws PACKET_INVALID, with nothing written.
 */
export function encodePacket(out: OutBuffer, packet: Packet, version: ProtocolVersion): void {
  switch (packet.type) {
    case PacketType.CONNECT:
      return encodeConnect(out, packet);
    case PacketType.CONNACK:
      return encodeConnack(out, packet, version);
    case PacketType.PUBLISH:
      return encodePublish(out, packet, version);
    case PacketType.PUBACK:
    case PacketType.PUBREC:
    case PacketType.PUBREL:
    case PacketType.PUBCOMP:
      return encodeAcknowledgement(out, packet, version);
    case PacketType.SUBSCRIBE:
      return encodeSubscribe(out, packet, version);
    case PacketType.SUBACK:
      return encodeSuback(out, packet, version);
    case PacketType.UNSUBSCRIBE:
      return encodeUnsubscribe(out, packet, version);
    case PacketType.UNSUBACK:
      return encodeUnsuback(out, packet, version);
    case PacketType.PINGREQ:
    case PacketType.PINGRESP:
      return encodePing(out, packet);
    case PacketType.DISCONNECT:
      // Which side sends it is not known here; a server may say all that the table has.
      return encodeDisconnect(out, packet, version, serverDisconnectReason);
    case PacketType.AUTH:
      return encodeAuth(out, packet, version);
  }
}

/**
 * Encodes one Control Packet to an array of exactly its size.
 *
 * @throws PACKET_INVALID.
 */
export function encodeToBytes(packet: Packet, version: ProtocolVersion): Uint8Array {
  return toBytes(encodePacket, packet, version);
}
