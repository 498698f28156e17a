import { type Packet, PacketType } from "@bowline/protocol";
import { redactDetails, redactText } from "@bowline/protocol/internal";

const names = new Map<number, string>(Object.entries(PacketType).map(([name, type]) => [type, name]));

/** Whom a packet names, and what users put into properties, is nobody's business. */
const untold: ReadonlySet<string> = new Set(["username", "userProperties"]);

/** A packet in one line: its name and what it says, without secrets; of bytes only how many. */
export function packetText({ type, ...fields }: Packet): string {
  const told = Object.entries(redactDetails(fields)).map(([name, value]) => `${name}=${valueText(name, value)}`);
  return [names.get(type) ?? `packet ${type}`, ...told].join(" ");
}

function valueText(name: string, value: unknown): string {
  if (untold.has(name)) return "[given]";
  if (typeof value === "object" && value !== null) return redactText(JSON.stringify(value, hideUntold));
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

const hideUntold = (name: string, value: unknown): unknown => (untold.has(name) ? "[given]" : value);
