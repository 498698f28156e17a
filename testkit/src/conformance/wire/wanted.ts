import { valuesOf, type WirePacket } from "./parse.ts";
import type { PropertyName, PropertyValue } from "./properties.ts";

/** Fields that a packet must have; what is not named may be anything. */
export interface Wanted {
  readonly packetIdentifier?: number;
  /** One of them is enough. */
  readonly reasonCode?: number | readonly number[];
  readonly reasonCodes?: readonly number[];
  readonly sessionPresent?: boolean;
  readonly dup?: boolean;
  readonly qos?: number;
  readonly retain?: boolean;
  readonly topic?: string;
  readonly payload?: string;
  /** By name: its values in order, or undefined when it must be absent. */
  readonly properties?: { readonly [name in PropertyName]?: readonly PropertyValue[] | undefined };
}

export function matches(packet: WirePacket, wanted: Wanted): boolean {
  return Object.entries(wanted).every(([field, value]) => fieldMatches(packet, field as keyof Wanted, value));
}

function fieldMatches(packet: WirePacket, field: keyof Wanted, value: unknown): boolean {
  if (field === "properties") return propertiesMatch(packet, value as NonNullable<Wanted["properties"]>);
  if (field === "payload") return packet.payload?.toString("utf8") === value;
  if (field === "reasonCodes") return String(packet.reasonCodes) === String(value);
  if (field === "reasonCode" && Array.isArray(value)) return value.includes(packet.reasonCode);
  return packet[field] === value;
}

function propertiesMatch(packet: WirePacket, wanted: NonNullable<Wanted["properties"]>): boolean {
  return (Object.keys(wanted) as PropertyName[]).every((name) => {
    const seen = valuesOf(packet, name).map(comparable);
    return JSON.stringify(seen) === JSON.stringify((wanted[name] ?? []).map(comparable));
  });
}

/** Binary Data compares with the text whose bytes it is. */
function comparable(value: PropertyValue): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : value;
}
