import type { PacketType } from "./packet-type.ts";

/** Protocol Level on the wire: 3 is MQTT 3.1 ("MQIsdp"), 4 is MQTT 3.1.1, 5 is MQTT 5.0. */
export type ProtocolVersion = 3 | 4 | 5;
/** Quality of Service, section 4.3. */
export type QoS = 0 | 1 | 2;
/** Retain Handling of a Subscription, section 3.8.3.1: 0 always send, 1 only for a new Subscription, 2 never. */
export type RetainHandling = 0 | 1 | 2;
/** One User Property: name and value; a name may repeat and order is kept, section 3.1.2.11.8. */
export type UserProperty = readonly [name: string, value: string];

/**
 * Every property of MQTT 5.0, section 2.2.2.2. Which packet may carry which is the table in properties.ts.
 * Intervals are seconds, sizes are bytes, as on the wire. An absent property is absent, never a default.
 */
export interface Properties {
  payloadFormatIndicator?: 0 | 1;
  messageExpiryInterval?: number;
  contentType?: string;
  responseTopic?: string;
  correlationData?: Uint8Array;
  /** In SUBSCRIBE one, in PUBLISH from a server one for each matching Subscription, section 3.3.2.3.8. */
  subscriptionIdentifiers?: readonly number[];
  sessionExpiryInterval?: number;
  assignedClientIdentifier?: string;
  serverKeepAlive?: number;
  authenticationMethod?: string;
  authenticationData?: Uint8Array;
  requestProblemInformation?: 0 | 1;
  willDelayInterval?: number;
  requestResponseInformation?: 0 | 1;
  responseInformation?: string;
  serverReference?: string;
  reasonString?: string;
  receiveMaximum?: number;
  topicAliasMaximum?: number;
  topicAlias?: number;
  maximumQoS?: 0 | 1;
  retainAvailable?: 0 | 1;
  userProperties?: readonly UserProperty[];
  maximumPacketSize?: number;
  wildcardSubscriptionAvailable?: 0 | 1;
  subscriptionIdentifierAvailable?: 0 | 1;
  sharedSubscriptionAvailable?: 0 | 1;
}

/** Will Message of a CONNECT, section 3.1.3.2 to 3.1.3.4. */
export interface Will {
  topicName: string;
  payload: Uint8Array;
  qos: QoS;
  retain: boolean;
  properties?: Properties;
}

export interface ConnectPacket {
  type: typeof PacketType.CONNECT;
  protocolVersion: ProtocolVersion;
  cleanStart: boolean;
  /** Seconds; 0 turns the Keep Alive off, section 3.1.2.10. */
  keepAlive: number;
  clientIdentifier: string;
  username?: string;
  password?: Uint8Array;
  will?: Will;
  properties?: Properties;
  /** The bridge bit (0x80 of the protocol level) that mosquitto's bridges set; not part of any specification. */
  isBridge?: boolean;
}
export interface ConnackPacket {
  type: typeof PacketType.CONNACK;
  sessionPresent: boolean;
  reasonCode: number;
  /** Of MQTT 3.1 and 3.1.1, where the server sent one that they do not define. Not written. */
  returnCode?: number;
  properties?: Properties;
}
export interface PublishPacket {
  type: typeof PacketType.PUBLISH;
  topicName: string;
  payload: Uint8Array;
  qos: QoS;
  retain: boolean;
  dup: boolean;
  /** Present when qos > 0. */
  packetIdentifier?: number;
  properties?: Properties;
}
/** PUBACK, PUBREC, PUBREL and PUBCOMP have one shape, sections 3.4 to 3.7. */
export interface AcknowledgementPacket {
  type: typeof PacketType.PUBACK | typeof PacketType.PUBREC | typeof PacketType.PUBREL | typeof PacketType.PUBCOMP;
  packetIdentifier: number;
  reasonCode: number;
  properties?: Properties;
}
/** One Topic Filter and its Subscription Options, section 3.8.3.1. */
export interface SubscriptionRequest {
  topicFilter: string;
  qos: QoS;
  noLocal: boolean;
  retainAsPublished: boolean;
  retainHandling: RetainHandling;
}
export interface SubscribePacket {
  type: typeof PacketType.SUBSCRIBE;
  packetIdentifier: number;
  subscriptions: readonly SubscriptionRequest[];
  properties?: Properties;
}
export interface SubackPacket {
  type: typeof PacketType.SUBACK;
  packetIdentifier: number;
  reasonCodes: readonly number[];
  properties?: Properties;
}
export interface UnsubscribePacket {
  type: typeof PacketType.UNSUBSCRIBE;
  packetIdentifier: number;
  topicFilters: readonly string[];
  properties?: Properties;
}
export interface UnsubackPacket {
  type: typeof PacketType.UNSUBACK;
  packetIdentifier: number;
  /** Empty before MQTT 5.0, whose UNSUBACK has no payload. */
  reasonCodes: readonly number[];
  properties?: Properties;
}
export interface PingreqPacket {
  type: typeof PacketType.PINGREQ;
}
export interface PingrespPacket {
  type: typeof PacketType.PINGRESP;
}
export interface DisconnectPacket {
  type: typeof PacketType.DISCONNECT;
  reasonCode: number;
  properties?: Properties;
}
export interface AuthPacket {
  type: typeof PacketType.AUTH;
  reasonCode: number;
  properties?: Properties;
}
export type Packet =
  | ConnectPacket
  | ConnackPacket
  | PublishPacket
  | AcknowledgementPacket
  | SubscribePacket
  | SubackPacket
  | UnsubscribePacket
  | UnsubackPacket
  | PingreqPacket
  | PingrespPacket
  | DisconnectPacket
  | AuthPacket;
