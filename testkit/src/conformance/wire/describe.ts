import type { Version } from "./build.ts";
import { parsePacket, type WirePacket } from "./parse.ts";

const SHOWN_BYTES = 48;

export function hex(bytes: Uint8Array): string {
  const shown = Buffer.from(bytes.subarray(0, SHOWN_BYTES)).toString("hex").replace(/../g, "$& ").trim();
  return bytes.length > SHOWN_BYTES ? `${shown} ... (${bytes.length} bytes)` : shown;
}

export function hexByte(value: number): string {
  return `0x${value.toString(16).padStart(2, "0")}`;
}

/** A packet in one line: its name, what it says, and its bytes. */
export function describePacket(packet: WirePacket): string {
  const parts: string[] = [packet.name];
  if (packet.packetIdentifier !== undefined) parts.push(`#${packet.packetIdentifier}`);
  if (packet.topic !== undefined) parts.push(JSON.stringify(short(packet.topic)));
  if (packet.payload !== undefined) parts.push(`payload ${JSON.stringify(short(packet.payload.toString("latin1")))}`);
  if (packet.qos !== undefined) parts.push(`QoS ${packet.qos}${packet.dup ? " DUP" : ""}${packet.retain ? " RETAIN" : ""}`);
  if (packet.sessionPresent === true) parts.push("Session Present");
  if (packet.reasonCode !== undefined) parts.push(hexByte(packet.reasonCode));
  if (packet.reasonCodes !== undefined) parts.push(`[${packet.reasonCodes.map(hexByte).join(", ")}]`);
  if (packet.filters !== undefined) parts.push(JSON.stringify(packet.filters.map(({ filter }) => short(filter))));
  for (const { name, value } of packet.properties) parts.push(`${name}=${short(String(value))}`);
  if (packet.fault !== undefined) parts.push(`(malformed: ${packet.fault})`);
  return `${parts.join(" ")}  <${hex(packet.bytes)}>`;
}

/** What a test sends may be no packet at all. */
export function describeBytes(bytes: Uint8Array, version: Version): string {
  return bytes.length < 2 ? `<${hex(bytes)}>` : describePacket(parsePacket(Buffer.from(bytes), version));
}

function short(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
