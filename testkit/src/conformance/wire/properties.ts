import { binaryData, fourByteInteger, join, type Piece, twoByteInteger, utf8String, variableByteInteger } from "./bytes.ts";

export type PropertyKind = "byte" | "two" | "four" | "variable" | "string" | "binary" | "pair";

export type PropertyName =
  | "payloadFormatIndicator"
  | "messageExpiryInterval"
  | "contentType"
  | "responseTopic"
  | "correlationData"
  | "subscriptionIdentifier"
  | "sessionExpiryInterval"
  | "assignedClientIdentifier"
  | "serverKeepAlive"
  | "authenticationMethod"
  | "authenticationData"
  | "requestProblemInformation"
  | "willDelayInterval"
  | "requestResponseInformation"
  | "responseInformation"
  | "serverReference"
  | "reasonString"
  | "receiveMaximum"
  | "topicAliasMaximum"
  | "topicAlias"
  | "maximumQoS"
  | "retainAvailable"
  | "userProperty"
  | "maximumPacketSize"
  | "wildcardSubscriptionAvailable"
  | "subscriptionIdentifierAvailable"
  | "sharedSubscriptionAvailable";

/** A string where bytes stand in a string's place is the way to send one that is not well-formed. */
export type PropertyValue = number | string | Uint8Array | readonly [name: string, value: string];

export interface WireProperty {
  readonly name: PropertyName;
  readonly value: PropertyValue;
}

interface PropertyRow {
  readonly id: number;
  readonly kind: PropertyKind;
  /** Packets in which it may stand; `WILL` are the Will Properties. */
  readonly in: string;
}

const ACKNOWLEDGEMENTS = "PUBACK PUBREC PUBREL PUBCOMP SUBACK UNSUBACK";

/** MQTT 5.0, table 2-4. */
const rows: Record<PropertyName, PropertyRow> = {
  payloadFormatIndicator: { id: 0x01, kind: "byte", in: "PUBLISH WILL" },
  messageExpiryInterval: { id: 0x02, kind: "four", in: "PUBLISH WILL" },
  contentType: { id: 0x03, kind: "string", in: "PUBLISH WILL" },
  responseTopic: { id: 0x08, kind: "string", in: "PUBLISH WILL" },
  correlationData: { id: 0x09, kind: "binary", in: "PUBLISH WILL" },
  subscriptionIdentifier: { id: 0x0b, kind: "variable", in: "PUBLISH SUBSCRIBE" },
  sessionExpiryInterval: { id: 0x11, kind: "four", in: "CONNECT CONNACK DISCONNECT" },
  assignedClientIdentifier: { id: 0x12, kind: "string", in: "CONNACK" },
  serverKeepAlive: { id: 0x13, kind: "two", in: "CONNACK" },
  authenticationMethod: { id: 0x15, kind: "string", in: "CONNECT CONNACK AUTH" },
  authenticationData: { id: 0x16, kind: "binary", in: "CONNECT CONNACK AUTH" },
  requestProblemInformation: { id: 0x17, kind: "byte", in: "CONNECT" },
  willDelayInterval: { id: 0x18, kind: "four", in: "WILL" },
  requestResponseInformation: { id: 0x19, kind: "byte", in: "CONNECT" },
  responseInformation: { id: 0x1a, kind: "string", in: "CONNACK" },
  serverReference: { id: 0x1c, kind: "string", in: "CONNACK DISCONNECT" },
  reasonString: { id: 0x1f, kind: "string", in: `CONNACK ${ACKNOWLEDGEMENTS} DISCONNECT AUTH` },
  receiveMaximum: { id: 0x21, kind: "two", in: "CONNECT CONNACK" },
  topicAliasMaximum: { id: 0x22, kind: "two", in: "CONNECT CONNACK" },
  topicAlias: { id: 0x23, kind: "two", in: "PUBLISH" },
  maximumQoS: { id: 0x24, kind: "byte", in: "CONNACK" },
  retainAvailable: { id: 0x25, kind: "byte", in: "CONNACK" },
  userProperty: {
    id: 0x26,
    kind: "pair",
    in: `CONNECT CONNACK PUBLISH WILL SUBSCRIBE UNSUBSCRIBE ${ACKNOWLEDGEMENTS} DISCONNECT AUTH`,
  },
  maximumPacketSize: { id: 0x27, kind: "four", in: "CONNECT CONNACK" },
  wildcardSubscriptionAvailable: { id: 0x28, kind: "byte", in: "CONNACK" },
  subscriptionIdentifierAvailable: { id: 0x29, kind: "byte", in: "CONNACK" },
  sharedSubscriptionAvailable: { id: 0x2a, kind: "byte", in: "CONNACK" },
};

export const propertyNames: readonly PropertyName[] = Object.keys(rows) as readonly PropertyName[];

export function propertyRow(name: PropertyName): PropertyRow {
  return rows[name];
}

export function propertyNameOf(id: number): PropertyName | undefined {
  return propertyNames.find((name) => rows[name].id === id);
}

/** One property: its identifier, and the value as its type is written. */
export function property(name: PropertyName, value: PropertyValue): Buffer {
  return join(rows[name].id, propertyValue(rows[name].kind, value));
}

/** Property Length, and the properties given. */
export function properties(...list: readonly Piece[]): Buffer {
  const all = join(...list);
  return join(variableByteInteger(all.length), all);
}

function propertyValue(kind: PropertyKind, value: PropertyValue): Buffer {
  switch (kind) {
    case "byte":
      return Buffer.from([value as number]);
    case "two":
      return twoByteInteger(value as number);
    case "four":
      return fourByteInteger(value as number);
    case "variable":
      return variableByteInteger(value as number);
    case "string":
      return utf8String(value as string | Uint8Array);
    case "binary":
      return binaryData(Buffer.from(value as string | Uint8Array));
    case "pair":
      return join(...(value as readonly [string, string]).map((text) => utf8String(text)));
  }
}
