import type { Packet, ProtocolVersion } from "@bowline/protocol";
import { decodePacket, FrameDecoder } from "@bowline/protocol/internal";

/** The packets in what an engine wrote; throws when it is no MQTT. */
export function packetsIn(written: readonly Uint8Array[], version: ProtocolVersion): Packet[] {
  const packets: Packet[] = [];
  const decoder = new FrameDecoder(
    {
      frame: (chunk, start, bodyStart, end) => {
        packets.push(decodePacket(chunk.slice(), start, bodyStart, end, version));
        return true;
      },
      malformed: (reasonCode, detail) => {
        throw new Error(`what was written is no packet: ${reasonCode} ${detail}`);
      },
    },
    0x1000_0000,
  );
  for (const bytes of written) decoder.push(bytes);
  return packets;
}
