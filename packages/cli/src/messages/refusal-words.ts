import type { Client } from "@bowline/client";
import { watchFrames } from "@bowline/client/internal";
import { decodePacket, MqttError, PacketType } from "@bowline/protocol";

/**
 * The broker's own words for a message it refused, which often name the rule. The client's errors have the Reason Code alone, since
 * pages pay for each byte of it.
 */
export class RefusalWords {
  private last: { reasonCode: number; words: string } | undefined;

  /** @param isShown every packet is shown anyway, these words among them */
  constructor(client: Client, isShown: boolean) {
    if (isShown) return;
    watchFrames(client, (chunk, start, bodyStart, end) => {
      const type = (chunk[start] ?? 0) >> 4;
      if (type !== PacketType.PUBACK && type !== PacketType.PUBREC) return;
      // Identifier, Reason Code, properties: mostly there is no more than the identifier.
      if (end - bodyStart < 4 || (chunk[bodyStart + 2] ?? 0) < 0x80) return;
      const packet = decodePacket(chunk, start, bodyStart, end, 5);
      if (packet.type !== PacketType.PUBACK && packet.type !== PacketType.PUBREC) return;
      const words = packet.properties?.reasonString;
      if (words !== undefined) this.last = { reasonCode: packet.reasonCode, words };
    });
  }

  /** The error with what the broker said about it. */
  addTo(error: unknown): unknown {
    if (!MqttError.is(error) || error.reasonCode === undefined || error.reasonCode !== this.last?.reasonCode) return error;
    return new MqttError(error.code, { reasonCode: error.reasonCode, detail: this.last.words, cause: error });
  }
}
