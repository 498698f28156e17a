import type { PacketEvent } from "@bowline/client";
import { PacketType } from "@bowline/protocol";

const NAMES: Readonly<Record<number, string>> = Object.fromEntries(Object.entries(PacketType).map(([name, type]) => [type, name]));

/** One line about a packet, for --packets: > leaves, < comes. Of payloads it shows the size alone. */
export function packetLine({ direction, packet, bytes }: PacketEvent): string {
  const { type, ...fields } = packet;
  const shown = JSON.stringify(fields, shownField);
  return `${direction === "out" ? ">" : "<"} ${NAMES[type] ?? type} ${bytes} bytes ${shown}`;
}

/** A Buffer has been made an object of numbers by then, so it is looked at where it stands. */
function shownField(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const given = this[key];
  return given instanceof Uint8Array ? bytesText(key, given) : value;
}

function bytesText(key: string, value: Uint8Array): string {
  return key === "payload"
    ? `${value.length} bytes`
    : Buffer.from(value)
        .toString("latin1")
        .replace(/[^\x20-\x7e]/g, "?");
}
