import { MqttError } from "../errors/mqtt-error.ts";
import {
  BRIDGE,
  CLEAN_START,
  HAS_PASSWORD,
  HAS_USERNAME,
  HAS_WILL,
  RESERVED,
  WILL_ONLY,
  WILL_QOS_SHIFT,
  WILL_RETAIN,
} from "./connect-flags.ts";
import { malformed, packetFault, protocolError } from "./packet-fault.ts";
import { PacketReader } from "./packet-reader.ts";
import { PacketType } from "./packet-type.ts";
import type { ConnectPacket, Properties, ProtocolVersion, QoS, Will } from "./packets.ts";
import { WILL } from "./properties.ts";
import { readProperties } from "./property-decoder.ts";
import { ReasonCode } from "./reason-codes.ts";
import { scanText, TEXT_HAS_WILDCARD } from "./utf8.ts";

/**
 * What a CONNECT names as its protocol, read without judging the rest: enough to choose the form of the answer.
 *
 * @returns The protocol level without the bridge bit (0 to 127), or -1 when the packet does not begin like a CONNECT of MQTT.
 */
export function peekConnectLevel(chunk: Uint8Array, bodyStart: number, end: number): number {
  const length = bodyStart + 2 > end ? 0 : (chunk[bodyStart]! << 8) | chunk[bodyStart + 1]!;
  const levelAt = bodyStart + 2 + length;
  if ((length !== 4 && length !== 6) || levelAt >= end) return -1;
  const name = String.fromCharCode(...chunk.subarray(bodyStart + 2, levelAt));
  return name === "MQTT" || name === "MQIsdp" ? chunk[levelAt]! & ~BRIDGE : -1;
}

/** The version whose CONNACK a client that named this level understands, as far as the level says: of 5.0 from level 5 on. */
export function connackVersion(level: number): ProtocolVersion {
  return level >= 5 ? 5 : 4;
}

/**
 * Decodes a CONNECT of any version; the packet says which.
 *
 * @throws PROTO_VERSION (0x84) for a protocol name or level that is not MQTT 3.1, 3.1.1 or 5.0, with the level in its details and
 * the version whose CONNACK the client understands, MALFORMED_PACKET (0x81), PROTOCOL_ERROR (0x82), TOPIC_NAME (0x90) for a bad
 * Will Topic.
 */
export function decodeConnect(chunk: Uint8Array, start: number, bodyStart: number, end: number): ConnectPacket {
  const reader = new PacketReader(chunk, bodyStart, end, PacketType.CONNECT);
  const name = reader.string();
  const level = reader.byte();
  const protocolVersion = versionOf(name, level & ~BRIDGE);
  if (protocolVersion === undefined) throw unsupported(name, level & ~BRIDGE, reader);
  if (protocolVersion !== 3 && (chunk[start]! & 0x0f) !== 0) throw malformed("CONNECT with bad flags in its fixed header");
  const packet = readRest(reader, protocolVersion);
  if ((level & BRIDGE) !== 0) packet.isBridge = true;
  return packet;
}

/** What follows the protocol level, to the end. */
function readRest(reader: PacketReader, protocolVersion: ProtocolVersion): ConnectPacket {
  const flags = reader.byte();
  checkFlags(flags, protocolVersion);
  const keepAlive = reader.twoByteInteger();
  const properties = protocolVersion === 5 ? readProperties(reader, PacketType.CONNECT) : undefined;
  // [section 3.1.2.11.10]
  if (properties !== undefined) checkAuthentication(properties);
  const packet: ConnectPacket = {
    type: PacketType.CONNECT,
    protocolVersion,
    cleanStart: (flags & CLEAN_START) !== 0,
    keepAlive,
    clientIdentifier: reader.string(),
  };
  if (properties !== undefined) packet.properties = properties;
  if ((flags & HAS_WILL) !== 0) packet.will = readWill(reader, flags, protocolVersion);
  // MQTT 3.1 lets the user name be missing in spite of its flag, for clients of the version before it.
  if ((flags & HAS_USERNAME) !== 0 && (protocolVersion !== 3 || reader.left > 0)) packet.username = reader.string();
  if ((flags & HAS_PASSWORD) !== 0 && (protocolVersion !== 3 || reader.left > 0)) packet.password = reader.binaryData();
  reader.finish();
  return packet;
}

function versionOf(name: string, level: number): ProtocolVersion | undefined {
  if (name === "MQTT" && (level === 4 || level === 5)) return level;
  return name === "MQIsdp" && level === 3 ? 3 : undefined;
}

/** [MQTT-3.1.2-1] [MQTT-3.1.2-2] [v3 MQTT-3.1.2-2] */
function unsupported(name: string, level: number, reader: PacketReader): MqttError {
  const known = name === "MQTT" || name === "MQIsdp";
  return new MqttError("PROTO_VERSION", {
    detail: known ? `protocol level ${level}` : "the protocol name is not MQTT",
    reasonCode: ReasonCode.UnsupportedProtocolVersion,
    source: "peer",
    details: { level, connackVersion: formOf(reader) ?? connackVersion(level) },
  });
}

/** 5.0 has its properties where 3.1.1 begins its payload, so that hardly any CONNECT reads as both. */
function formOf({ chunk, at, end }: PacketReader): ProtocolVersion | undefined {
  return ([4, 5] as const).find((version) => {
    try {
      return readRest(new PacketReader(chunk, at, end, PacketType.CONNECT), version);
    } catch {
      return false;
    }
  });
}

function checkFlags(flags: number, version: ProtocolVersion): void {
  // MQTT 3.1 says nothing of these bits where they have no meaning.
  if (version === 3) {
    if (((flags >>> WILL_QOS_SHIFT) & 3) === 3 && (flags & HAS_WILL) !== 0) throw malformed("CONNECT with Will QoS 3");
    return;
  }
  if ((flags & RESERVED) !== 0) throw malformed("CONNECT with its reserved flag set", "MQTT-3.1.2-3");
  if ((flags & HAS_WILL) === 0 && (flags & WILL_ONLY) !== 0) throw malformed("CONNECT with Will QoS or Will Retain and no Will");
  if (((flags >>> WILL_QOS_SHIFT) & 3) === 3) throw malformed("CONNECT with Will QoS 3", "MQTT-3.1.2-12");
  if (version === 4 && (flags & (HAS_USERNAME | HAS_PASSWORD)) === HAS_PASSWORD) {
    throw malformed("CONNECT with a password and no user name", "v3 MQTT-3.1.2-22");
  }
}

/** Authentication Data needs an Authentication Method. */
function checkAuthentication({ authenticationData, authenticationMethod }: Properties): void {
  if (authenticationData === undefined || authenticationMethod !== undefined) return;
  throw protocolError("CONNECT with Authentication Data and no Authentication Method");
}

function readWill(reader: PacketReader, flags: number, version: ProtocolVersion): Will {
  const properties = version === 5 ? readProperties(reader, WILL) : undefined;
  const topicAt = reader.at + 2;
  const topicName = reader.string();
  if (topicName === "" || (scanText(reader.chunk, topicAt, reader.at) & TEXT_HAS_WILDCARD) !== 0) {
    // [MQTT-4.7.3-1] [MQTT-4.7.0-1]
    throw packetFault(ReasonCode.TopicNameInvalid, "the Will Topic is empty or holds a wildcard");
  }
  const payload = reader.binaryData();
  const qos = ((flags >>> WILL_QOS_SHIFT) & 3) as QoS;
  const will: Will = { topicName, payload, qos, retain: (flags & WILL_RETAIN) !== 0 };
  return properties === undefined ? will : { ...will, properties };
}
