import type { ConnectOptions, PacketEvent } from "@bowline/client";
import type { CommandLine } from "../command-line.ts";
import { packetLine } from "../packet-line.ts";

/** Has every packet shown where --packets asks for it. */
export function packetOptions(line: CommandLine): Partial<ConnectOptions> {
  if (!line.flag("packets")) return {};
  return { onPacket: (event: PacketEvent) => void process.stderr.write(`${packetLine(event)}\n`) };
}
