import type { Version } from "./build.ts";
import { type PacketName, packetName } from "./packet-name.ts";
import { type PropertyName, propertyNameOf, propertyRow, type PropertyValue, type WireProperty } from "./properties.ts";
import { Reader, WireFault } from "./reader.ts";

/** A packet that came. Which fields it has follows from its type and version. */
export interface WirePacket {
  readonly name: PacketName;
  /** All of it, the Fixed Header included. */
  readonly bytes: Buffer;
  /** Bits 3 to 0 of the first byte. */
  readonly flags: number;
  /** Why it is malformed, if it is; then fields after the fault are missing. */
  fault?: string;
  properties: WireProperty[];
  packetIdentifier?: number;
  reasonCode?: number;
  reasonCodes?: number[];
  sessionPresent?: boolean;
  dup?: boolean;
  qos?: number;
  retain?: boolean;
  topic?: string;
  payload?: Buffer;
  /** Of SUBSCRIBE with its options, of UNSUBSCRIBE without. */
  filters?: { filter: string; options?: number }[];
  connect?: WireConnect;
}

export interface WireConnect {
  protocolName: string;
  protocolLevel: number;
  flags: number;
  cleanStart: boolean;
  keepAlive: number;
  clientId: string;
  will?: { topic: string; payload: Buffer; qos: number; retain: boolean; properties: WireProperty[] };
  username?: string;
  password?: Buffer;
}

/** The values of a property, in order. */
export function valuesOf(packet: { readonly properties: readonly WireProperty[] }, name: PropertyName): PropertyValue[] {
  return packet.properties.filter((one) => one.name === name).map(({ value }) => value);
}

export function valueOf(packet: { readonly properties: readonly WireProperty[] }, name: PropertyName): PropertyValue | undefined {
  return valuesOf(packet, name)[0];
}

/** Reads one whole packet. A CONNECT says its version itself. What is wrong with it stands in its `fault`. */
export function parsePacket(bytes: Buffer, version: Version): WirePacket {
  const first = bytes[0] ?? 0;
  const packet: WirePacket = { name: packetName(first), bytes, flags: first & 0x0f, properties: [] };
  try {
    const header = new Reader(bytes.subarray(1));
    header.variableByteInteger();
    const body = new Reader(header.rest());
    checkFlags(packet);
    parseBody(packet, body, version);
    if (body.left > 0) throw new WireFault(`${body.left} bytes follow its last field`);
  } catch (error) {
    if (!(error instanceof WireFault)) throw error;
    packet.fault = error.message;
  }
  return packet;
}

function checkFlags({ name, flags }: WirePacket): void {
  if (name === "PUBLISH") return;
  const wanted = name === "PUBREL" || name === "SUBSCRIBE" || name === "UNSUBSCRIBE" ? 2 : 0;
  if (flags !== wanted) throw new WireFault(`flags of the Fixed Header are ${flags}, not ${wanted}`);
}

// One switch over the packet types, as long as there are types.
function parseBody(packet: WirePacket, body: Reader, version: Version): void {
  switch (packet.name) {
    case "CONNECT":
      return parseConnect(packet, body);
    case "CONNACK":
      return parseConnack(packet, body, version);
    case "PUBLISH":
      return parsePublish(packet, body, version);
    case "PUBACK":
    case "PUBREC":
    case "PUBREL":
    case "PUBCOMP":
      packet.packetIdentifier = identifier(body);
      return parseReason(packet, body, version);
    case "SUBSCRIBE":
    case "UNSUBSCRIBE":
      return parseFilters(packet, body, version);
    case "SUBACK":
    case "UNSUBACK":
      packet.packetIdentifier = identifier(body);
      if (version === 5) packet.properties = parseProperties(body, packet.name);
      packet.reasonCodes = [...body.rest()];
      return;
    case "DISCONNECT":
      return parseReason(packet, body, version);
    case "AUTH":
      if (version !== 5) throw new WireFault("AUTH exists in 5.0 only");
      return parseReason(packet, body, version);
    case "PINGREQ":
    case "PINGRESP":
      return;
    case "RESERVED":
      throw new WireFault("packet type 0 is reserved");
  }
}

function identifier(body: Reader): number {
  const value = body.twoByteInteger();
  if (value === 0) throw new WireFault("its Packet Identifier is 0");
  return value;
}

/** A Reason Code and properties, each of which may be left out on 5.0; before, there is neither. */
function parseReason(packet: WirePacket, body: Reader, version: Version): void {
  packet.reasonCode = 0;
  if (version !== 5 || body.left === 0) return;
  packet.reasonCode = body.byte();
  if (body.left > 0) packet.properties = parseProperties(body, packet.name);
}

function parseConnack(packet: WirePacket, body: Reader, version: Version): void {
  const flags = body.byte();
  if (version === 3 ? flags !== 0 : flags > 1) throw new WireFault(`reserved Connect Acknowledge Flags are set: ${flags}`);
  packet.sessionPresent = flags === 1;
  packet.reasonCode = body.byte();
  // A server that does not speak the client's version answers in its own.
  if (version === 5 && body.left > 0) packet.properties = parseProperties(body, packet.name);
}

function parsePublish(packet: WirePacket, body: Reader, version: Version): void {
  packet.dup = (packet.flags & 8) !== 0;
  packet.qos = (packet.flags >> 1) & 3;
  packet.retain = (packet.flags & 1) !== 0;
  if (packet.qos === 3) throw new WireFault("its QoS is 3");
  if (packet.qos === 0 && packet.dup) throw new WireFault("DUP is set at QoS 0");
  packet.topic = body.utf8String();
  if (packet.qos > 0) packet.packetIdentifier = identifier(body);
  if (version === 5) packet.properties = parseProperties(body, packet.name);
  packet.payload = body.rest();
}

function parseFilters(packet: WirePacket, body: Reader, version: Version): void {
  packet.packetIdentifier = identifier(body);
  if (version === 5) packet.properties = parseProperties(body, packet.name);
  packet.filters = [];
  while (body.left > 0) {
    const filter = body.utf8String();
    packet.filters.push(packet.name === "SUBSCRIBE" ? { filter, options: body.byte() } : { filter });
  }
}

function parseConnect(packet: WirePacket, body: Reader): void {
  const protocolName = body.utf8String();
  const protocolLevel = body.byte() & 0x7f;
  const flags = body.byte();
  const connect: WireConnect = {
    protocolName,
    protocolLevel,
    flags,
    cleanStart: (flags & 2) !== 0,
    keepAlive: body.twoByteInteger(),
    clientId: "",
  };
  packet.connect = connect;
  if (protocolLevel === 5) packet.properties = parseProperties(body, packet.name);
  connect.clientId = body.utf8String();
  if ((flags & 4) !== 0) {
    const properties = protocolLevel === 5 ? parseProperties(body, "WILL") : [];
    const topic = body.utf8String();
    connect.will = { topic, payload: body.binaryData(), qos: (flags >> 3) & 3, retain: (flags & 0x20) !== 0, properties };
  }
  if ((flags & 0x80) !== 0) connect.username = body.utf8String();
  if ((flags & 0x40) !== 0) connect.password = body.binaryData();
}

function parseProperties(body: Reader, where: PacketName | "WILL"): WireProperty[] {
  const list: WireProperty[] = [];
  const reader = new Reader(body.take(body.variableByteInteger()));
  while (reader.left > 0) {
    const id = reader.variableByteInteger();
    const name = propertyNameOf(id);
    if (name === undefined) throw new WireFault(`property 0x${id.toString(16)} does not exist`);
    const row = propertyRow(name);
    if (!row.in.split(" ").includes(where)) throw new WireFault(`property ${name} does not belong to ${where}`);
    const repeats = name === "userProperty" || (name === "subscriptionIdentifier" && where === "PUBLISH");
    if (!repeats && list.some((one) => one.name === name)) throw new WireFault(`property ${name} stands there twice`);
    list.push({ name, value: reader.value(row.kind) });
  }
  return list;
}
