import { decodeAcknowledgement } from "./acknowledgement.ts";
import { decodeAuth } from "./auth.ts";
import { decodeConnack } from "./connack.ts";
import { decodeConnect } from "./decode-connect.ts";
import { decodeDisconnect } from "./disconnect.ts";
import { malformed, protocolError } from "./packet-fault.ts";
import { PacketType } from "./packet-type.ts";
import type { Packet, ProtocolVersion, PublishPacket } from "./packets.ts";
import { decodePing } from "./ping.ts";
import { decodePublish } from "./publish-packet.ts";
import { decodeAnswer } from "./subscription-answer.ts";
import { decodeSubscribe } from "./decode-subscribe.ts";
import { decodeUnsubscribe } from "./decode-unsubscribe.ts";

/**
 * Decodes the whole Control Packet in chunk[start, end), as a FrameDecoder finds it. Everything in it is a copy but the payload
 * of a PUBLISH, which is a view of the chunk.
 *
 * @param version Version of the connection; a CONNECT says its own.
 * @throws MqttError with source `peer` and the Reason Code to answer with: MALFORMED_PACKET, PROTOCOL_ERROR, PROTO_VERSION,
 * TOPIC_NAME, ALIAS.
 */
export function decodePacket(chunk: Uint8Array, start: number, bodyStart: number, end: number, version: ProtocolVersion): Packet {
  const type = chunk[start]! >>> 4;
  // Before 5.0 there is no such rule (O-17).
  if (version === 5 && chunk[bodyStart - 1] === 0 && bodyStart - start > 2) {
    throw malformed("the Remaining Length takes more bytes than it needs", "MQTT-1.5.5-1");
  }
  switch (type) {
    case PacketType.CONNECT:
      return decodeConnect(chunk, start, bodyStart, end);
    case PacketType.CONNACK:
      return decodeConnack(chunk, start, bodyStart, end, version);
    case PacketType.PUBLISH:
      return withIdentifier(decodePublish(chunk, start, bodyStart, end, version));
    case PacketType.PUBACK:
    case PacketType.PUBREC:
    case PacketType.PUBREL:
    case PacketType.PUBCOMP:
      return decodeAcknowledgement(chunk, start, bodyStart, end, version);
    case PacketType.SUBSCRIBE:
      return decodeSubscribe(chunk, start, bodyStart, end, version);
    case PacketType.SUBACK:
    case PacketType.UNSUBACK:
      return decodeAnswer(chunk, start, bodyStart, end, version);
    case PacketType.UNSUBSCRIBE:
      return decodeUnsubscribe(chunk, start, bodyStart, end, version);
    case PacketType.PINGREQ:
    case PacketType.PINGRESP:
      return decodePing(chunk, start, bodyStart, end, version);
    case PacketType.DISCONNECT:
      return decodeDisconnect(chunk, start, bodyStart, end, version);
    case PacketType.AUTH:
      return decodeAuth(chunk, start, bodyStart, end, version);
    default:
      throw malformed("Control Packet type 0 is reserved");
  }
}

/** [MQTT-2.2.1-3] [MQTT-2.2.1-4]; whoever reads a PUBLISH alone may be more forgiving. */
function withIdentifier(packet: PublishPacket): PublishPacket {
  if (packet.packetIdentifier === 0) throw protocolError("PUBLISH");
  return packet;
}
