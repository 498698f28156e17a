import { randomBytes } from "node:crypto";
import { type ConnectPacket, type ErrorCode, MqttError, type Properties, type Will } from "@bowline/protocol";
import { type AcceptConnect, connackCode, ReasonCode, type RefuseConnect } from "@bowline/protocol/internal";
import type { Identity } from "../acl/access-control.ts";
import { responseInformationFor } from "../acl/response-information.ts";
import { NEVER_EXPIRES } from "../sessions/session.ts";
import type { BrokerLimits } from "./broker-limits.ts";

/** A refused CONNECT: the code for the client, and the error for the log with what the client need not know. */
export function refusal(reasonCode: number, detail?: string, properties?: Properties, because?: ErrorCode): RefuseConnect {
  const options = { reasonCode, ...(detail === undefined ? {} : { detail }), ...becauseDetails(because) };
  const error = new MqttError(connackCode(reasonCode), options);
  return { kind: "refuse", reasonCode, error, ...(properties === undefined ? {} : { properties }) };
}

/** Where an error carries the code of what it was for, as far as that says more than its own. */
export function becauseDetails(because: ErrorCode | undefined): { details?: { because: ErrorCode } } {
  return because === undefined ? {} : { details: { because } };
}

/** The Client Identifier of a CONNECT, one that we assign, or the refusal of a bad one (sections 3.1.3.1 of each version). */
export function clientIdentifierFor(packet: ConnectPacket): string | RefuseConnect {
  const { clientIdentifier, protocolVersion, cleanStart } = packet;
  // MQTT 3.1 limits it to 23 characters, which its clients do not heed and no server of today insists on (O-2).
  if (clientIdentifier !== "") return clientIdentifier;
  if (protocolVersion === 3) return refusal(ReasonCode.ClientIdentifierNotValid, "MQTT 3.1 wants one");
  // [v3 MQTT-3.1.3-8]; 5.0 assigns one in any case, [MQTT-3.1.3-6].
  if (protocolVersion === 4 && !cleanStart) return refusal(ReasonCode.ClientIdentifierNotValid, "an empty one needs Clean Session");
  return `bowline-${randomBytes(12).toString("base64url")}`;
}

/** Why a Will cannot be had here: [MQTT-3.2.2-12], [MQTT-3.2.2-13], and a topic deeper than any may be published to. */
export function willRefusal(will: Will, limits: BrokerLimits): RefuseConnect | undefined {
  if (will.qos > limits.maximumQoS) return refusal(ReasonCode.QoSNotSupported);
  if (will.retain && !limits.retainAvailable) return refusal(ReasonCode.RetainNotSupported);
  if (isTooDeep(will.topicName, limits)) return refusal(ReasonCode.TopicNameInvalid, "the Will Topic is too deep or too long");
  return undefined;
}

/** Whether a Topic Name or Topic Filter has more levels or bytes than it may. */
export function isTooDeep(topic: string, { maximumTopicLevels, maximumTopicBytes }: BrokerLimits): boolean {
  return topic.split("/").length > maximumTopicLevels || Buffer.byteLength(topic) > maximumTopicBytes;
}

/** Seconds that the Session outlives its connection. Before 5.0 Clean Session says it: not at all, or without end. */
export function sessionExpiryOf(packet: ConnectPacket, limits: BrokerLimits): number {
  return Math.min(askedExpiry(packet), limits.maximumSessionExpiryInterval);
}

/** What the client asks for, seconds. */
export function askedExpiry({ protocolVersion, properties, cleanStart }: ConnectPacket): number {
  if (protocolVersion === 5) return properties?.sessionExpiryInterval ?? 0;
  return cleanStart ? 0 : NEVER_EXPIRES;
}

/** Keep Alive in force, seconds. */
function keepAliveFor(packet: ConnectPacket, limits: BrokerLimits): number {
  const { maximumKeepAlive } = limits;
  const { keepAlive } = packet;
  // Only 5.0 can be told; an older client keeps its own.
  if (maximumKeepAlive === 0 || packet.protocolVersion !== 5) return keepAlive;
  return keepAlive === 0 || keepAlive > maximumKeepAlive ? maximumKeepAlive : keepAlive;
}

/** The limits of the new connection, each the lower of the client's wish and ours, and what the client is told of them. */
export function acceptance(
  packet: ConnectPacket,
  who: Identity,
  limits: BrokerLimits,
): Omit<AcceptConnect, "session" | "sessionPresent"> {
  const { receiveMaximum = 0xffff, topicAliasMaximum = 0 } = packet.properties ?? {};
  return {
    kind: "accept",
    properties: connackProperties(packet, who, limits),
    sendMaximum: Math.min(receiveMaximum, limits.maximumInFlight),
    receiveMaximum: limits.receiveMaximum,
    topicAliasMaximum: limits.topicAliasMaximum,
    keepAlive: keepAliveFor(packet, limits),
    topicAliases: { maximum: Math.min(topicAliasMaximum, limits.outboundTopicAliasMaximum), policy: limits.topicAliases },
  };
}

/** What a 5.0 client is told in its CONNACK (section 3.2.2.3): only what differs from what it may assume. */
function connackProperties(packet: ConnectPacket, who: Identity, limits: BrokerLimits): Properties {
  const properties: Properties = { maximumPacketSize: limits.maximumPacketSize };
  if (limits.receiveMaximum !== 0xffff) properties.receiveMaximum = limits.receiveMaximum;
  if (limits.topicAliasMaximum > 0) properties.topicAliasMaximum = limits.topicAliasMaximum;
  if (packet.clientIdentifier === "") properties.assignedClientIdentifier = who.clientIdentifier;
  const keepAlive = keepAliveFor(packet, limits);
  if (keepAlive !== packet.keepAlive) properties.serverKeepAlive = keepAlive;
  const expiryInterval = sessionExpiryOf(packet, limits);
  if (expiryInterval !== (packet.properties?.sessionExpiryInterval ?? 0)) properties.sessionExpiryInterval = expiryInterval;
  // [MQTT-3.1.2-28]: only when asked for.
  if (packet.properties?.requestResponseInformation === 1) properties.responseInformation = responseInformationFor(who);
  return { ...properties, ...capabilities(limits) };
}

function capabilities(limits: BrokerLimits): Properties {
  const { maximumQoS } = limits;
  return {
    ...(maximumQoS === 2 ? {} : { maximumQoS }),
    ...(limits.retainAvailable ? {} : { retainAvailable: 0 }),
    ...(limits.wildcardSubscriptionAvailable ? {} : { wildcardSubscriptionAvailable: 0 }),
    ...(limits.subscriptionIdentifierAvailable ? {} : { subscriptionIdentifierAvailable: 0 }),
    ...(limits.sharedSubscriptionAvailable ? {} : { sharedSubscriptionAvailable: 0 }),
  };
}
