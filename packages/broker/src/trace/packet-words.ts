import { type ConnectPacket, type Packet, PacketType, type PublishPacket } from "@bowline/protocol";
import { redactText } from "@bowline/protocol/internal";

const VERSIONS: Readonly<Record<number, string>> = { 3: "3.1", 4: "3.1.1", 5: "5.0" };

/** What matters of a packet in one line, without its type, its payload and its properties. Text of peers stands in it as it is. */
export function packetWords(packet: Packet, topicName: string | undefined): string {
  switch (packet.type) {
    case PacketType.CONNECT:
      return connectWords(packet);
    case PacketType.CONNACK:
      return `${hex(packet.reasonCode)}${packet.sessionPresent ? ", session present" : ""}`;
    case PacketType.PUBLISH:
      return publishWords(packet, topicName);
    case PacketType.SUBSCRIBE:
      return identified(
        packet.packetIdentifier,
        packet.subscriptions.map(({ topicFilter, qos }) => `${topicFilter} QoS ${qos}`),
      );
    case PacketType.UNSUBSCRIBE:
      return identified(packet.packetIdentifier, packet.topicFilters);
    case PacketType.SUBACK:
    case PacketType.UNSUBACK:
      return identified(packet.packetIdentifier, packet.reasonCodes.map(hex));
    case PacketType.PINGREQ:
    case PacketType.PINGRESP:
      return "";
    case PacketType.DISCONNECT:
    case PacketType.AUTH:
      return hex(packet.reasonCode);
    default:
      return identified(packet.packetIdentifier, [hex(packet.reasonCode)]);
  }
}

function connectWords({ protocolVersion, cleanStart, keepAlive, username, password, will }: ConnectPacket): string {
  const words = [`MQTT ${VERSIONS[protocolVersion]}`];
  if (cleanStart) words.push("clean start");
  words.push(`keep alive ${keepAlive} s`);
  if (username !== undefined) words.push(`user ${redactText(username)}`);
  if (password !== undefined) words.push("password hidden");
  if (will !== undefined) words.push(`will ${will.topicName}`);
  return words.join(", ");
}

function publishWords({ qos, packetIdentifier, retain, dup }: PublishPacket, topicName: string | undefined): string {
  const words = [topicName ?? "(a Topic Alias from before)", `QoS ${qos}`];
  if (packetIdentifier !== undefined) words.push(`id ${packetIdentifier}`);
  if (retain) words.push("retain");
  if (dup) words.push("dup");
  return words.join(" ");
}

function identified(packetIdentifier: number, words: readonly string[]): string {
  return [`id ${packetIdentifier}`, ...words].join(", ");
}

function hex(code: number): string {
  return `0x${code.toString(16).padStart(2, "0")}`;
}
