import { encodeAuth } from "./auth.ts";
import { encodeConnect } from "./encode-connect.ts";
import { encodeDisconnect } from "./disconnect.ts";
import type { OutBuffer } from "./out-buffer.ts";
import { unencodable } from "./packet-fault.ts";
import { PacketType } from "./packet-type.ts";
import type { Packet, ProtocolVersion } from "./packets.ts";
import { encodePing } from "./ping.ts";
import { encodeSubscribe } from "./encode-subscribe.ts";
import { clientDisconnectReason } from "./reason-codes.ts";
import { toBytes } from "./to-bytes.ts";
import { encodeUnsubscribe } from "./encode-unsubscribe.ts";

/**
 * `encodePacket` for what a client sends, for the sake of a page's bundle. A PUBLISH and the acknowledgements are not among
 * it: the Sender writes those from their parts.
 *
 * @throws PACKET_INVALID, with nothing written.
 */
export function encodeFromClient(out: OutBuffer, packet: Packet, version: ProtocolVersion): void {
  switch (packet.type) {
    case PacketType.CONNECT:
      return encodeConnect(out, packet);
    case PacketType.SUBSCRIBE:
      return encodeSubscribe(out, packet, version);
    case PacketType.UNSUBSCRIBE:
      return encodeUnsubscribe(out, packet, version);
    case PacketType.PINGREQ:
      return encodePing(out, packet);
    case PacketType.DISCONNECT:
      return encodeDisconnect(out, packet, version, clientDisconnectReason);
    case PacketType.AUTH:
      return encodeAuth(out, packet, version);
    default:
      throw unencodable(`a client's engine does not send packet type ${packet.type} so`);
  }
}

/**
 * Encodes one packet of a client to an array of exactly its size.
 *
 * @throws PACKET_INVALID.
 */
export function encodeFromClientToBytes(packet: Packet, version: ProtocolVersion): Uint8Array {
  return toBytes(encodeFromClient, packet, version);
}
