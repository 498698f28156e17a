import { binaryData, join, packet, type Piece, twoByteInteger, utf8String } from "./bytes.ts";
import { properties as propertiesOf } from "./properties.ts";

/*
 * Packets byte by byte. Every field can be set to a value that the specification forbids, and most of them can be replaced by
 * raw bytes; what is not said is filled in well.
 */

/** 3 is MQTT 3.1, 4 is 3.1.1, 5 is 5.0: the Protocol Level. */
export type Version = 3 | 4 | 5;

const FirstByte = {
  CONNECT: 0x10,
  CONNACK: 0x20,
  PUBLISH: 0x30,
  PUBACK: 0x40,
  PUBREC: 0x50,
  PUBREL: 0x62,
  PUBCOMP: 0x70,
  SUBSCRIBE: 0x82,
  SUBACK: 0x90,
  UNSUBSCRIBE: 0xa2,
  UNSUBACK: 0xb0,
  PINGREQ: 0xc0,
  PINGRESP: 0xd0,
  DISCONNECT: 0xe0,
  AUTH: 0xf0,
} as const;

/** Built by `property`, in the order given. */
export type PropertyList = readonly Uint8Array[];

export interface ConnectOptions {
  readonly version: Version;
  readonly clientId?: string | Uint8Array;
  /** Clean Session before 5.0; true when absent. */
  readonly cleanStart?: boolean;
  readonly keepAlive?: number;
  readonly properties?: PropertyList;
  readonly will?: WillOptions;
  readonly username?: string | Uint8Array;
  readonly password?: string | Uint8Array;
  readonly firstByte?: number;
  readonly protocolName?: string | Uint8Array;
  readonly protocolLevel?: number;
  /** In place of the flags that the other options make. */
  readonly flags?: number;
  /** Added to the flags, for instance the reserved bit 0x01. */
  readonly moreFlags?: number;
  /** In place of the payload that the other options make. */
  readonly payload?: Uint8Array;
  /** After the payload. */
  readonly trailing?: Uint8Array;
}

export interface WillOptions {
  readonly topic: string | Uint8Array;
  readonly payload?: string | Uint8Array;
  readonly qos?: number;
  readonly retain?: boolean;
  readonly properties?: PropertyList;
}

export function connect(options: ConnectOptions): Buffer {
  const { version, protocolName = version === 3 ? "MQIsdp" : "MQTT", protocolLevel = version, keepAlive = 0 } = options;
  return packet(
    options.firstByte ?? FirstByte.CONNECT,
    utf8String(protocolName),
    protocolLevel,
    (options.flags ?? connectFlags(options)) | (options.moreFlags ?? 0),
    twoByteInteger(keepAlive),
    versionedProperties(version, options.properties),
    options.payload ?? connectPayload(options),
    options.trailing ?? Buffer.alloc(0),
  );
}

function connectFlags({ cleanStart = true, will, username, password }: ConnectOptions): number {
  return (
    (cleanStart ? 0x02 : 0) |
    (will === undefined ? 0 : 0x04 | ((will.qos ?? 0) << 3) | (will.retain === true ? 0x20 : 0)) |
    (password === undefined ? 0 : 0x40) |
    (username === undefined ? 0 : 0x80)
  );
}

function connectPayload({ version, clientId = "", will, username, password }: ConnectOptions): Buffer {
  const fields: Piece[] = [utf8String(clientId)];
  if (will !== undefined) {
    fields.push(versionedProperties(version, will.properties), utf8String(will.topic), utf8String(will.payload ?? ""));
  }
  if (username !== undefined) fields.push(utf8String(username));
  if (password !== undefined) fields.push(utf8String(password));
  return join(...fields);
}

function versionedProperties(version: Version, list: PropertyList | undefined): Buffer {
  return version === 5 ? propertiesOf(...(list ?? [])) : Buffer.alloc(0);
}

export interface ConnackOptions {
  readonly version: Version;
  readonly sessionPresent?: boolean;
  readonly reasonCode?: number;
  readonly properties?: PropertyList;
  readonly firstByte?: number;
  /** In place of the Connect Acknowledge Flags. */
  readonly flags?: number;
}

export function connack({ version, sessionPresent = false, reasonCode = 0, ...options }: ConnackOptions): Buffer {
  return packet(
    options.firstByte ?? FirstByte.CONNACK,
    options.flags ?? (sessionPresent ? 1 : 0),
    reasonCode,
    versionedProperties(version, options.properties),
  );
}

export interface PublishOptions {
  readonly version: Version;
  readonly topic: string | Uint8Array;
  readonly payload?: string | Uint8Array;
  readonly qos?: number;
  /** Left out at QoS 0, and where it is undefined. */
  readonly packetIdentifier?: number | undefined;
  readonly dup?: boolean;
  readonly retain?: boolean;
  readonly properties?: PropertyList;
  readonly firstByte?: number;
}

export function publish({ version, topic, payload = "", qos = 0, dup, retain, ...options }: PublishOptions): Buffer {
  return packet(
    options.firstByte ?? FirstByte.PUBLISH | (dup === true ? 8 : 0) | (qos << 1) | (retain === true ? 1 : 0),
    utf8String(topic),
    options.packetIdentifier === undefined ? Buffer.alloc(0) : twoByteInteger(options.packetIdentifier),
    versionedProperties(version, options.properties),
    typeof payload === "string" ? Buffer.from(payload, "utf8") : payload,
  );
}

export interface AcknowledgementOptions {
  readonly version: Version;
  readonly packetIdentifier: number;
  /** 5.0: left out together with the properties when absent. */
  readonly reasonCode?: number;
  readonly properties?: PropertyList;
  readonly firstByte?: number;
}

/** PUBACK, PUBREC, PUBREL or PUBCOMP. */
export function acknowledgement(type: "PUBACK" | "PUBREC" | "PUBREL" | "PUBCOMP", options: AcknowledgementOptions): Buffer {
  const { packetIdentifier, reasonCode, properties } = options;
  const rest: Piece[] = [twoByteInteger(packetIdentifier)];
  if (reasonCode !== undefined || properties !== undefined) rest.push(reasonCode ?? 0);
  if (properties !== undefined) rest.push(propertiesOf(...properties));
  return packet(options.firstByte ?? FirstByte[type], ...rest);
}

/** A Topic Filter and its Subscription Options, a byte of which the Requested QoS is the lowest two bits. */
export type FilterRow = readonly [filter: string | Uint8Array, options: number];

export interface SubscribeOptions {
  readonly version: Version;
  readonly packetIdentifier: number;
  readonly filters: readonly FilterRow[];
  readonly properties?: PropertyList;
  readonly firstByte?: number;
}

export function subscribe({ version, packetIdentifier, filters, ...options }: SubscribeOptions): Buffer {
  return packet(
    options.firstByte ?? FirstByte.SUBSCRIBE,
    twoByteInteger(packetIdentifier),
    versionedProperties(version, options.properties),
    ...filters.flatMap(([filter, bits]) => [utf8String(filter), bits]),
  );
}

export interface UnsubscribeOptions {
  readonly version: Version;
  readonly packetIdentifier: number;
  readonly filters: readonly (string | Uint8Array)[];
  readonly properties?: PropertyList;
  readonly firstByte?: number;
}

export function unsubscribe({ version, packetIdentifier, filters, ...options }: UnsubscribeOptions): Buffer {
  return packet(
    options.firstByte ?? FirstByte.UNSUBSCRIBE,
    twoByteInteger(packetIdentifier),
    versionedProperties(version, options.properties),
    ...filters.map((filter) => utf8String(filter)),
  );
}

export interface ReasonCodesOptions {
  readonly version: Version;
  readonly packetIdentifier: number;
  readonly reasonCodes: readonly number[];
  readonly properties?: PropertyList;
  readonly firstByte?: number;
}

/** SUBACK or UNSUBACK; before 5.0 an UNSUBACK has no codes: give it none. */
export function reasonCodes(type: "SUBACK" | "UNSUBACK", options: ReasonCodesOptions): Buffer {
  return packet(
    options.firstByte ?? FirstByte[type],
    twoByteInteger(options.packetIdentifier),
    versionedProperties(options.version, options.properties),
    ...options.reasonCodes,
  );
}

export function pingreq(): Buffer {
  return packet(FirstByte.PINGREQ);
}

export function pingresp(): Buffer {
  return packet(FirstByte.PINGRESP);
}

export interface ReasonOptions {
  /** Left out together with the properties when absent. */
  readonly reasonCode?: number;
  readonly properties?: PropertyList;
  readonly firstByte?: number;
}

/** DISCONNECT or AUTH. Without options it is two bytes, which is the only DISCONNECT before 5.0. */
export function withReason(type: "DISCONNECT" | "AUTH", { reasonCode, properties, firstByte }: ReasonOptions = {}): Buffer {
  const rest: Piece[] = [];
  if (reasonCode !== undefined || properties !== undefined) rest.push(reasonCode ?? 0);
  if (properties !== undefined) rest.push(propertiesOf(...properties));
  return packet(firstByte ?? FirstByte[type], ...rest);
}

export function disconnect(options: ReasonOptions = {}): Buffer {
  return withReason("DISCONNECT", options);
}

export function auth(options: ReasonOptions = {}): Buffer {
  return withReason("AUTH", options);
}

/** Binary Data in a place where the bytes of a string are needed raw. */
export function rawString(...bytes: readonly number[]): Buffer {
  return binaryData(Buffer.from(bytes));
}
