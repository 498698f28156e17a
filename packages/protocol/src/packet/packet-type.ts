/** Control Packet types, MQTT 5.0 section 2.1.2. The values are the high four bits of the first byte. */
export const PacketType = {
  CONNECT: 1,
  CONNACK: 2,
  PUBLISH: 3,
  PUBACK: 4,
  PUBREC: 5,
  PUBREL: 6,
  PUBCOMP: 7,
  SUBSCRIBE: 8,
  SUBACK: 9,
  UNSUBSCRIBE: 10,
  UNSUBACK: 11,
  PINGREQ: 12,
  PINGRESP: 13,
  DISCONNECT: 14,
  AUTH: 15,
} as const;
export type PacketType = (typeof PacketType)[keyof typeof PacketType];

/** For the message of a fault. */
export function packetName(type: number): string {
  return Object.keys(PacketType)[type - 1] ?? "a packet";
}

/** What a client may send: bit n stands for Control Packet type n. */
export const SENT_BY_CLIENT: number =
  (1 << PacketType.CONNECT) |
  (1 << PacketType.PUBLISH) |
  (1 << PacketType.PUBACK) |
  (1 << PacketType.PUBREC) |
  (1 << PacketType.PUBREL) |
  (1 << PacketType.PUBCOMP) |
  (1 << PacketType.SUBSCRIBE) |
  (1 << PacketType.UNSUBSCRIBE) |
  (1 << PacketType.PINGREQ) |
  (1 << PacketType.DISCONNECT) |
  (1 << PacketType.AUTH);
