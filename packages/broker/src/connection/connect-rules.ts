import { randomBytes } from "node:crypto";
import { type ConnectPacket, MqttError, type Properties } from "@bowline/protocol";
import { type ConnectAnswer, ReasonCode } from "@bowline/protocol/internal";
import { NEVER_EXPIRES } from "../sessions/session.ts";
import type { BrokerLimits } from "./broker-limits.ts";

/** The Client Identifier of a CONNECT, one that we assign, or the refusal of a bad one (sections 3.1.3.1 of each version). */
export function clientIdentifierFor(packet: ConnectPacket): string | ConnectAnswer {
  const { clientIdentifier, protocolVersion, cleanStart } = packet;
  if (protocolVersion === 3) {
    // MQTT 3.1 section 3.1: between 1 and 23 characters.
    return clientIdentifier.length > 0 && clientIdentifier.length <= 23
      ? clientIdentifier
      : refused("MQTT 3.1 wants 1 to 23 characters");
  }
  if (clientIdentifier !== "") return clientIdentifier;
  // [v3 MQTT-3.1.3-8]; 5.0 assigns one in any case, [MQTT-3.1.3-6].
  if (protocolVersion === 4 && !cleanStart) return refused("an empty one needs Clean Session");
  return `bowline-${randomBytes(12).toString("base64url")}`;
}

function refused(detail: string): ConnectAnswer {
  const reasonCode = ReasonCode.ClientIdentifierNotValid;
  return { kind: "refuse", reasonCode, error: new MqttError("CLIENT_ID", { reasonCode, detail }) };
}

/** Seconds that the Session outlives its connection. Before 5.0 Clean Session says it: not at all, or without end. */
export function sessionExpiryOf(packet: ConnectPacket, limits: BrokerLimits): number {
  const asked =
    packet.protocolVersion === 5 ? (packet.properties?.sessionExpiryInterval ?? 0) : packet.cleanStart ? 0 : NEVER_EXPIRES;
  return Math.min(asked, limits.maximumSessionExpiryInterval);
}

/** Keep Alive in force, seconds. */
export function keepAliveFor(packet: ConnectPacket, limits: BrokerLimits): number {
  const { maximumKeepAlive } = limits;
  const { keepAlive } = packet;
  // Only 5.0 can be told; an older client keeps its own.
  if (maximumKeepAlive === 0 || packet.protocolVersion !== 5) return keepAlive;
  return keepAlive === 0 || keepAlive > maximumKeepAlive ? maximumKeepAlive : keepAlive;
}

/** What a 5.0 client is told in its CONNACK (section 3.2.2.3): only what differs from what it may assume. */
export function connackProperties(packet: ConnectPacket, clientIdentifier: string, limits: BrokerLimits): Properties {
  const properties: Properties = { maximumPacketSize: limits.maximumPacketSize };
  if (limits.receiveMaximum !== 0xffff) properties.receiveMaximum = limits.receiveMaximum;
  if (limits.topicAliasMaximum > 0) properties.topicAliasMaximum = limits.topicAliasMaximum;
  if (packet.clientIdentifier === "") properties.assignedClientIdentifier = clientIdentifier;
  const keepAlive = keepAliveFor(packet, limits);
  if (keepAlive !== packet.keepAlive) properties.serverKeepAlive = keepAlive;
  const expiryInterval = sessionExpiryOf(packet, limits);
  if (expiryInterval !== (packet.properties?.sessionExpiryInterval ?? 0)) properties.sessionExpiryInterval = expiryInterval;
  return properties;
}
