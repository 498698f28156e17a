/** Every Reason Code of MQTT 5.0 by its name in section 2.4. One byte may have several names: each packet type reads its own. */
export const ReasonCode = {
  Success: 0x00,
  NormalDisconnection: 0x00,
  GrantedQoS0: 0x00,
  GrantedQoS1: 0x01,
  GrantedQoS2: 0x02,
  DisconnectWithWillMessage: 0x04,
  NoMatchingSubscribers: 0x10,
  NoSubscriptionExisted: 0x11,
  ContinueAuthentication: 0x18,
  ReAuthenticate: 0x19,
  UnspecifiedError: 0x80,
  MalformedPacket: 0x81,
  ProtocolError: 0x82,
  ImplementationSpecificError: 0x83,
  UnsupportedProtocolVersion: 0x84,
  ClientIdentifierNotValid: 0x85,
  BadUserNameOrPassword: 0x86,
  NotAuthorized: 0x87,
  ServerUnavailable: 0x88,
  ServerBusy: 0x89,
  Banned: 0x8a,
  ServerShuttingDown: 0x8b,
  BadAuthenticationMethod: 0x8c,
  KeepAliveTimeout: 0x8d,
  SessionTakenOver: 0x8e,
  TopicFilterInvalid: 0x8f,
  TopicNameInvalid: 0x90,
  PacketIdentifierInUse: 0x91,
  PacketIdentifierNotFound: 0x92,
  ReceiveMaximumExceeded: 0x93,
  TopicAliasInvalid: 0x94,
  PacketTooLarge: 0x95,
  MessageRateTooHigh: 0x96,
  QuotaExceeded: 0x97,
  AdministrativeAction: 0x98,
  PayloadFormatInvalid: 0x99,
  RetainNotSupported: 0x9a,
  QoSNotSupported: 0x9b,
  UseAnotherServer: 0x9c,
  ServerMoved: 0x9d,
  SharedSubscriptionsNotSupported: 0x9e,
  ConnectionRateExceeded: 0x9f,
  MaximumConnectTime: 0xa0,
  SubscriptionIdentifiersNotSupported: 0xa1,
  WildcardSubscriptionsNotSupported: 0xa2,
} as const;
export type ReasonCode = (typeof ReasonCode)[keyof typeof ReasonCode];

/** CONNACK return codes 1 to 5 of MQTT 3.1.1, section 3.2.2.3, as Reason Codes of 5.0; the index is the return code. */
const fromReturnCode: readonly number[] = [
  ReasonCode.Success,
  ReasonCode.UnsupportedProtocolVersion,
  ReasonCode.ClientIdentifierNotValid,
  ReasonCode.ServerUnavailable,
  ReasonCode.BadUserNameOrPassword,
  ReasonCode.NotAuthorized,
];

/** Nearest return code for the refusals of 5.0 that MQTT 3.1.1 cannot name. */
const toReturnCode: Readonly<Record<number, number>> = {
  [ReasonCode.Success]: 0,
  [ReasonCode.UnsupportedProtocolVersion]: 1,
  [ReasonCode.ClientIdentifierNotValid]: 2,
  [ReasonCode.UnspecifiedError]: 3,
  [ReasonCode.ImplementationSpecificError]: 3,
  [ReasonCode.ServerUnavailable]: 3,
  [ReasonCode.ServerBusy]: 3,
  [ReasonCode.ServerShuttingDown]: 3,
  [ReasonCode.QuotaExceeded]: 3,
  [ReasonCode.UseAnotherServer]: 3,
  [ReasonCode.ServerMoved]: 3,
  [ReasonCode.ConnectionRateExceeded]: 3,
  [ReasonCode.BadUserNameOrPassword]: 4,
};

/**
 * The Reason Code that a CONNACK return code of MQTT 3.1 or 3.1.1 stands for. Return codes above 5, which no version defines,
 * come back as they are, so that a message can still name them.
 */
export function connackReasonCode(returnCode: number): number {
  return fromReturnCode[returnCode] ?? returnCode;
}

/**
 * The CONNACK return code (0 to 5) that says a Reason Code to a client of MQTT 3.1 or 3.1.1. What has no counterpart is
 * 5, not authorized; the client is refused either way.
 */
export function connackReturnCode(reasonCode: number): number {
  return toReturnCode[reasonCode] ?? 5;
}

/** Table 3-1: what a CONNACK can say. */
const connackReasons: ReadonlySet<number> = new Set([
  0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8c, 0x90, 0x95, 0x97, 0x99, 0x9a, 0x9b, 0x9c, 0x9d,
  0x9f,
]);
/** Section 3.14.2.1: what a DISCONNECT of a server can say ... */
const serverDisconnectReasons: ReadonlySet<number> = new Set([
  0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8b, 0x8d, 0x8e, 0x8f, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0x9b, 0x9c,
  0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2,
]);
/** ... and that of a client. */
const clientDisconnectReasons: ReadonlySet<number> = new Set([
  0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99,
]);

/** The Reason Code as a CONNACK can say it ([MQTT-3.2.2-8]). */
export function connackReason(reasonCode: number): number {
  if (connackReasons.has(reasonCode)) return reasonCode;
  return reasonCode === ReasonCode.ServerShuttingDown ? ReasonCode.ServerUnavailable : ReasonCode.UnspecifiedError;
}

/** The Reason Code as a DISCONNECT of a server can say it ([MQTT-3.14.2-1]); refusals that only CONNACK names are 0x87. */
export function serverDisconnectReason(reasonCode: number): number {
  if (serverDisconnectReasons.has(reasonCode)) return reasonCode;
  return connackReasons.has(reasonCode) ? ReasonCode.NotAuthorized : ReasonCode.UnspecifiedError;
}

/** The Reason Code as a DISCONNECT of a client can say it ([MQTT-3.14.2-1]). */
export function clientDisconnectReason(reasonCode: number): number {
  return clientDisconnectReasons.has(reasonCode) ? reasonCode : ReasonCode.UnspecifiedError;
}
