import { PacketType } from "@bowline/protocol";
import { FrameDecoder, NO_LIMIT } from "@bowline/protocol/internal";

const { PUBLISH, PUBACK, PUBREC, PUBCOMP } = PacketType;

/** Reads what passes over one connection, and knows which messages passed whole and their acknowledgement did not. */
export class UnacknowledgedCount {
  /** Most QoS 1 and 2 messages of the client that were open at once: what Receive Maximum bounds. */
  mostOpen = 0;
  /** By sender: identifiers of QoS 1 messages without PUBACK, and of QoS 2 messages without PUBCOMP. */
  private readonly once = [new Set<number>(), new Set<number>()] as const;
  private readonly exact = [new Set<number>(), new Set<number>()] as const;
  private readonly decoders = [this.decoder(0), this.decoder(1)] as const;

  /** QoS 1 messages that the receiver has and the sender does not know it: those it will have twice. */
  get doubled(): number {
    return this.once[0].size + this.once[1].size;
  }

  /** Bytes from the client (0) or from the server (1) have been passed on. */
  passed(from: 0 | 1, bytes: Uint8Array): void {
    this.decoders[from].push(bytes);
  }

  private decoder(from: 0 | 1): FrameDecoder {
    const other = from === 0 ? 1 : 0;
    return new FrameDecoder(
      {
        frame: (chunk, start, bodyStart, end) => {
          const type = chunk[start]! >> 4;
          if (type === PUBLISH) this.published(from, chunk, start, bodyStart);
          else if (type === PUBACK) this.once[other].delete(readTwo(chunk, bodyStart));
          // A PUBREC with a Reason Code of 0x80 or more ends the exchange.
          else if (type === PUBCOMP || (type === PUBREC && end > bodyStart + 2 && chunk[bodyStart + 2]! >= 0x80)) {
            this.exact[other].delete(readTwo(chunk, bodyStart));
          }
          return true;
        },
        malformed: (code, detail) => {
          throw new Error(`malformed bytes passed: ${code} ${detail}`);
        },
      },
      NO_LIMIT,
    );
  }

  private published(from: 0 | 1, chunk: Uint8Array, start: number, bodyStart: number): void {
    const qos = (chunk[start]! >> 1) & 3;
    if (qos === 0) return;
    const identifier = readTwo(chunk, bodyStart + 2 + readTwo(chunk, bodyStart));
    (qos === 1 ? this.once : this.exact)[from].add(identifier);
    this.mostOpen = Math.max(this.mostOpen, this.once[0].size + this.exact[0].size);
  }
}

function readTwo(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}
