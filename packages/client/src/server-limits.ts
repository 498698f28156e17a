import { MqttError, PacketType, type Properties, type SubscriptionRequest } from "@bowline/protocol";
import { encodeFromClientToBytes, hasWildcard, parseShare } from "@bowline/protocol/internal";

// What a CONNACK says that the server does not take. It is not asked for that: it would end the connection.

/** [MQTT-3.2.2-11] [MQTT-3.2.2-14] */
export function publishFault(
  { qos, retain }: { readonly qos: number; readonly retain: boolean },
  { maximumQoS, retainAvailable }: Properties,
): MqttError | undefined {
  if (maximumQoS !== undefined && qos > maximumQoS)
    return new MqttError("QOS_UNSUPPORTED", { detail: `the server takes QoS ${maximumQoS} at most` });
  return retain && retainAvailable === 0 ? new MqttError("RETAIN_UNSUPPORTED") : undefined;
}

/** Sections 3.2.2.3.6, 3.2.2.3.11 and 3.2.2.3.13. */
export function subscribeFault(
  request: SubscriptionRequest,
  properties: Properties | undefined,
  limits: Properties,
): MqttError | undefined {
  const { topicFilter: detail } = request;
  const share = parseShare(detail);
  if (share !== undefined && limits.sharedSubscriptionAvailable === 0) return new MqttError("SHARED_UNSUPPORTED", { detail });
  if (limits.wildcardSubscriptionAvailable === 0 && hasWildcard(share?.topicFilter ?? detail))
    return new MqttError("WILDCARD_UNSUPPORTED", { detail });
  return fitsSubscribe([request], properties, limits) ? undefined : new MqttError("PACKET_TOO_LARGE", { detail });
}

/** Whether the SUBSCRIBE is within the server's Maximum Packet Size; the UNSUBSCRIBE of the same filters is smaller. */
export function fitsSubscribe(
  subscriptions: readonly SubscriptionRequest[],
  properties: Properties | undefined,
  { maximumPacketSize }: Properties,
): boolean {
  if (maximumPacketSize === undefined) return true;
  const packet = { type: PacketType.SUBSCRIBE, packetIdentifier: 1, subscriptions, ...(properties && { properties }) } as const;
  return encodeFromClientToBytes(packet, 5).length <= maximumPacketSize;
}
