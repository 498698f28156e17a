import {
  type ConnackPacket,
  connackReturnCode,
  type ConnectPacket,
  type Packet as ProtocolPacket,
  PacketType,
  type ProtocolVersion,
  type SubscriptionRequest,
} from "@bowline/protocol";
import type { IConnectPacket, ISubscription, Packet, PacketCmd } from "./packets.ts";
import { asBuffer } from "./payload.ts";
import { fromProperties } from "./properties.ts";

/** Names of MQTT.js by Control Packet type. */
const names: readonly PacketCmd[] = [
  "connect",
  "connack",
  "publish",
  "puback",
  "pubrec",
  "pubrel",
  "pubcomp",
  "subscribe",
  "suback",
  "unsubscribe",
  "unsuback",
  "pingreq",
  "pingresp",
  "disconnect",
  "auth",
];

/** A packet as MQTT.js shows it. `length` is the Remaining Length of one that came; MQTT.js then fills in the fixed header too. */
export function toPacket(packet: ProtocolPacket, version: ProtocolVersion, length?: number): Packet {
  const { type } = packet;
  const header =
    length === undefined
      ? {}
      : { retain: false, qos: type === PacketType.PUBREL ? 1 : 0, dup: false, length, topic: null, payload: null };
  const properties = "properties" in packet ? fromProperties(packet.properties) : undefined;
  const shown = {
    cmd: names[type - 1],
    ...header,
    ...("packetIdentifier" in packet ? { messageId: packet.packetIdentifier } : {}),
    ...fieldsOf(packet, version),
    ...(properties === undefined ? {} : { properties }),
  };
  return shown as unknown as Packet;
}

function fieldsOf(packet: ProtocolPacket, version: ProtocolVersion): object {
  switch (packet.type) {
    case PacketType.CONNECT:
      return connectFields(packet);
    case PacketType.CONNACK: {
      const { sessionPresent, reasonCode } = packet;
      return version === 5 ? { sessionPresent, reasonCode } : { sessionPresent, returnCode: returnCodeOf(packet) };
    }
    case PacketType.PUBLISH: {
      const { topicName: topic, payload, qos, retain, dup } = packet;
      return { topic, payload: asBuffer(payload), qos, retain, dup };
    }
    case PacketType.SUBSCRIBE:
      return { subscriptions: packet.subscriptions.map((subscription) => subscriptionOf(subscription, version)) };
    case PacketType.UNSUBSCRIBE:
      return { unsubscriptions: [...packet.topicFilters] };
    case PacketType.SUBACK:
      return { granted: [...packet.reasonCodes] };
    case PacketType.UNSUBACK:
      return version === 5 ? { granted: [...packet.reasonCodes] } : {};
    case PacketType.PINGREQ:
    case PacketType.PINGRESP:
      return {};
    default:
      return version === 5 ? { reasonCode: packet.reasonCode } : {};
  }
}

/** The protocol keeps refusals of MQTT 3.1.1 as Reason Codes of 5.0; codes that 3.1.1 does not define are told as they came. */
export function returnCodeOf({ reasonCode, returnCode }: ConnackPacket): number {
  return returnCode ?? (reasonCode === 0 ? 0 : connackReturnCode(reasonCode));
}

function connectFields(packet: ConnectPacket): Partial<IConnectPacket> {
  const { protocolVersion, cleanStart: clean, clientIdentifier: clientId, keepAlive: keepalive, username, password } = packet;
  return {
    protocolId: protocolVersion === 3 ? "MQIsdp" : "MQTT",
    protocolVersion,
    clean,
    clientId,
    keepalive,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password: asBuffer(password) }),
  };
}

function subscriptionOf(request: SubscriptionRequest, version: ProtocolVersion): ISubscription {
  const { topicFilter: topic, qos, noLocal: nl, retainAsPublished: rap, retainHandling: rh } = request;
  return version === 5 ? { topic, qos, nl, rap, rh } : { topic, qos };
}
