import type { PacketEvent } from "@bowline/client";
import { PacketType } from "@bowline/protocol";

const NAMES: Readonly<Record<number, string>> = Object.fromEntries(Object.entries(PacketType).map(([name, type]) => [type, name]));

/** One line about a packet, for --packets: > leaves, < comes. Of payloads it shows the size alone. */
export function packetLine({ direction, packet, bytes }: PacketEvent): string {
  const { type, ...fields } = packet;
  const shown = JSON.stringify(fields, (key, value: unknown) => (value instanceof Uint8Array ? bytesText(key, value) : value));
  return `${direction === "out" ? ">" : "<"} ${NAMES[type] ?? type} ${bytes} bytes ${shown}`;
}

function bytesText(key: string, value: Uint8Array): string {
  return key === "payload"
    ? `${value.length} bytes`
    : Buffer.from(value)
        .toString("latin1")
        .replace(/[^\x20-\x7e]/g, "?");
}
