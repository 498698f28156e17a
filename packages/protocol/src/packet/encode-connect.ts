import { BRIDGE, CLEAN_START, HAS_PASSWORD, HAS_USERNAME, HAS_WILL, WILL_QOS_SHIFT, WILL_RETAIN } from "./connect-flags.ts";
import type { OutBuffer } from "./out-buffer.ts";
import { unencodable } from "./packet-fault.ts";
import { PacketType } from "./packet-type.ts";
import { newPacket, type PacketWriter } from "./packet-writer.ts";
import type { ConnectPacket, Properties, ProtocolVersion, Will } from "./packets.ts";
import { WILL } from "./properties.ts";
import { writeProperties } from "./property-encoder.ts";

/**
 * Appends a CONNECT in the version that the packet names. Before MQTT 5.0 properties are left out.
 *
 * @throws PACKET_INVALID, TOPIC_NAME, with nothing written.
 */
export function encodeConnect(out: OutBuffer, packet: ConnectPacket): void {
  const { protocolVersion, will, username, password, properties } = packet;
  if (protocolVersion !== 3 && protocolVersion !== 4 && protocolVersion !== 5)
    throw unencodable("protocolVersion must be 3, 4 or 5");
  if (protocolVersion !== 5 && password !== undefined && username === undefined) {
    throw unencodable("a password needs a username before MQTT 5.0"); // [v3 MQTT-3.1.2-22]
  }
  const body = newPacket();
  body.string(protocolVersion === 3 ? "MQIsdp" : "MQTT", "protocolName");
  body.byte(protocolVersion | (packet.isBridge === true ? BRIDGE : 0));
  body.byte(connectFlags(packet));
  body.integer(packet.keepAlive, 2, "keepAlive");
  if (protocolVersion === 5) {
    if (properties !== undefined) checkEncodableAuthentication(properties);
    writeProperties(body, properties, PacketType.CONNECT);
  }
  body.string(packet.clientIdentifier, "clientIdentifier");
  if (will !== undefined) writeWill(body, will, protocolVersion);
  if (username !== undefined) body.string(username, "username");
  if (password !== undefined) body.binaryData(password, "password");
  body.finish(out, PacketType.CONNECT << 4);
}

function connectFlags({ cleanStart, will, username, password }: ConnectPacket): number {
  if (will !== undefined && will.qos !== 0 && will.qos !== 1 && will.qos !== 2) throw unencodable("will.qos must be 0, 1 or 2");
  return (
    (cleanStart ? CLEAN_START : 0) |
    (will === undefined ? 0 : HAS_WILL | (will.qos << WILL_QOS_SHIFT) | (will.retain ? WILL_RETAIN : 0)) |
    (password === undefined ? 0 : HAS_PASSWORD) |
    (username === undefined ? 0 : HAS_USERNAME)
  );
}

function checkEncodableAuthentication({ authenticationData, authenticationMethod }: Properties): void {
  if (authenticationData !== undefined && authenticationMethod === undefined) {
    throw unencodable("authenticationData needs authenticationMethod");
  }
}

function writeWill(body: PacketWriter, will: Will, version: ProtocolVersion): void {
  if (version === 5) writeProperties(body, will.properties, WILL);
  body.topicName(will.topicName, "will.topicName");
  body.binaryData(will.payload, "will.payload");
}
