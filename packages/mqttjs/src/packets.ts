// The packets of MQTT.js (those of the package mqtt-packet), as applications see them.

/** Quality of Service. */
export type QoS = 0 | 1 | 2;
export type PacketCmd =
  | "auth"
  | "connack"
  | "connect"
  | "disconnect"
  | "pingreq"
  | "pingresp"
  | "puback"
  | "pubcomp"
  | "publish"
  | "pubrel"
  | "pubrec"
  | "suback"
  | "subscribe"
  | "unsuback"
  | "unsubscribe";
/** A name that came several times has its values in a list. */
export type UserProperties = { [index: string]: string | string[] };

export interface IPacket {
  cmd: PacketCmd;
  messageId?: number;
  /** Remaining Length of a packet that was received. */
  length?: number;
}

/** Properties of the packets that answer. */
export interface ReasonProperties {
  reasonString?: string;
  userProperties?: UserProperties;
}

/** Properties that a PUBLISH and a will share. */
export interface MessageProperties {
  payloadFormatIndicator?: boolean;
  messageExpiryInterval?: number;
  contentType?: string;
  responseTopic?: string;
  correlationData?: Buffer;
  userProperties?: UserProperties;
}

export interface IAuthPacket extends IPacket {
  cmd: "auth";
  reasonCode: number;
  properties?: ReasonProperties & { authenticationMethod?: string; authenticationData?: Buffer };
}

export interface IConnectPacket extends IPacket {
  cmd: "connect";
  clientId: string;
  protocolVersion?: 4 | 5 | 3;
  protocolId?: "MQTT" | "MQIsdp";
  clean?: boolean;
  keepalive?: number;
  username?: string;
  password?: Buffer;
  will?: {
    topic: string;
    payload: Buffer | string;
    qos?: QoS;
    retain?: boolean;
    properties?: MessageProperties & { willDelayInterval?: number };
  };
  properties?: {
    sessionExpiryInterval?: number;
    receiveMaximum?: number;
    maximumPacketSize?: number;
    topicAliasMaximum?: number;
    requestResponseInformation?: boolean;
    requestProblemInformation?: boolean;
    userProperties?: UserProperties;
    authenticationMethod?: string;
    authenticationData?: Buffer;
  };
}

export interface IPublishPacket extends IPacket {
  cmd: "publish";
  qos: QoS;
  dup: boolean;
  retain: boolean;
  topic: string;
  payload: string | Buffer;
  properties?: MessageProperties & { topicAlias?: number; subscriptionIdentifier?: number | number[] };
}

export interface IConnackPacket extends IPacket {
  cmd: "connack";
  /** MQTT 3.1.1 */
  returnCode?: number;
  /** MQTT 5.0 */
  reasonCode?: number;
  sessionPresent: boolean;
  properties?: ReasonProperties & {
    sessionExpiryInterval?: number;
    receiveMaximum?: number;
    maximumQoS?: number;
    retainAvailable?: boolean;
    maximumPacketSize?: number;
    assignedClientIdentifier?: string;
    topicAliasMaximum?: number;
    wildcardSubscriptionAvailable?: boolean;
    subscriptionIdentifiersAvailable?: boolean;
    sharedSubscriptionAvailable?: boolean;
    serverKeepAlive?: number;
    responseInformation?: string;
    serverReference?: string;
    authenticationMethod?: string;
    authenticationData?: Buffer;
  };
}

export interface ISubscription {
  topic: string;
  qos: QoS;
  nl?: boolean;
  rap?: boolean;
  rh?: number;
}

export interface ISubscribePacket extends IPacket {
  cmd: "subscribe";
  subscriptions: ISubscription[];
  properties?: ReasonProperties & { subscriptionIdentifier?: number };
}

export interface ISubackPacket extends IPacket {
  cmd: "suback";
  reasonCode?: number;
  properties?: ReasonProperties;
  granted: number[] | object[];
}

export interface IUnsubscribePacket extends IPacket {
  cmd: "unsubscribe";
  properties?: ReasonProperties;
  unsubscriptions: string[];
}

export interface IUnsubackPacket extends IPacket {
  cmd: "unsuback";
  reasonCode?: number;
  properties?: ReasonProperties;
  granted: number[];
}

/** PUBACK, PUBREC, PUBREL and PUBCOMP have one shape. */
interface Acknowledgement<Cmd extends PacketCmd> extends IPacket {
  cmd: Cmd;
  reasonCode?: number;
  properties?: ReasonProperties;
}
export interface IPubackPacket extends Acknowledgement<"puback"> {}
export interface IPubrecPacket extends Acknowledgement<"pubrec"> {}
export interface IPubrelPacket extends Acknowledgement<"pubrel"> {}
export interface IPubcompPacket extends Acknowledgement<"pubcomp"> {}

export interface IPingreqPacket extends IPacket {
  cmd: "pingreq";
}
export interface IPingrespPacket extends IPacket {
  cmd: "pingresp";
}
export interface IDisconnectPacket extends IPacket {
  cmd: "disconnect";
  reasonCode?: number;
  properties?: ReasonProperties & { sessionExpiryInterval?: number; serverReference?: string };
}

export type Packet =
  | IConnectPacket
  | IPublishPacket
  | IConnackPacket
  | ISubscribePacket
  | ISubackPacket
  | IUnsubscribePacket
  | IUnsubackPacket
  | IPubackPacket
  | IPubrecPacket
  | IPubrelPacket
  | IPubcompPacket
  | IPingreqPacket
  | IPingrespPacket
  | IDisconnectPacket
  | IAuthPacket;
