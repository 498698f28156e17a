import { decodePacket, type Packet, type ProtocolVersion } from "@bowline/protocol";
import { FrameDecoder } from "@bowline/protocol/internal";

/**
 * What an engine wrote, as its peer sees it. Finds what no engine may write, whatever came in: bytes that are no packet, a
 * packet larger than the peer takes, a Packet Identifier that is in use, more unacknowledged messages than the Receive Maximum,
 * anything after a DISCONNECT.
 */
export class PeerView {
  /** Of this connection, in order. */
  readonly packets: Packet[] = [];
  /** Broken promises. Not thrown: the engine would take it for its sink's fault and go on. */
  readonly findings: string[] = [];
  receiveMaximum = 0xffff;
  maximumPacketSize = 0x1000_0000;
  private readonly version: () => ProtocolVersion;
  private readonly decoder: FrameDecoder;
  private readonly input: FrameDecoder;
  private readonly unacknowledged = new Set<number>();
  /** Acknowledged before they were sent: the engine reads these later, since it waits for an answer. */
  private readonly early = new Set<number>();
  private isOver = false;

  constructor(version: () => ProtocolVersion) {
    this.version = version;
    this.decoder = new FrameDecoder(
      {
        frame: (chunk, start, bodyStart, end) => {
          this.wrote(decodePacket(chunk.slice(), start, bodyStart, end, this.version()), end - start);
          return true;
        },
        malformed: (reasonCode, detail) => {
          this.findings.push(`wrote what is no packet: ${reasonCode} ${detail}`);
        },
      },
      0x1000_0000,
    );
    this.input = new FrameDecoder({ frame: this.acknowledged.bind(this), malformed: () => {} }, 1_000_000);
  }

  bytes(chunk: Uint8Array): void {
    this.decoder.push(chunk);
  }

  /**
   * What is about to be sent to the engine, which may still hold back what came before. Read generously: an acknowledgement that
   * it must ignore frees the identifier here too, which only makes this view blind, never wrong.
   */
  sent(chunk: Uint8Array, isHeldBack: boolean): void {
    if (!isHeldBack) this.early.clear();
    this.input.push(chunk);
  }

  private acknowledged(chunk: Uint8Array, start: number, bodyStart: number, end: number): boolean {
    try {
      const packet = decodePacket(chunk, start, bodyStart, end, this.version());
      if (packet.type !== 4 && packet.type !== 5 && packet.type !== 7) return true;
      if (!this.unacknowledged.delete(packet.packetIdentifier)) this.early.add(packet.packetIdentifier);
    } catch {
      // The engine refuses it as well.
    }
    return true;
  }

  private wrote(packet: Packet, size: number): void {
    if (this.isOver) this.findings.push(`wrote packet type ${packet.type} after DISCONNECT`);
    if (size > this.maximumPacketSize) {
      this.findings.push(`wrote ${size} bytes, the peer takes ${this.maximumPacketSize}`);
    }
    this.packets.push(packet);
    this.isOver = packet.type === 14;
    if (packet.type !== 3 || packet.qos === 0) return;
    const id = packet.packetIdentifier!;
    if (this.unacknowledged.has(id)) this.findings.push(`wrote Packet Identifier ${id} while it is in use`);
    if (this.early.delete(id)) return;
    this.unacknowledged.add(id);
    const { size: count } = this.unacknowledged;
    if (count > this.receiveMaximum) {
      this.findings.push(`${count} unacknowledged, the Receive Maximum is ${this.receiveMaximum}`);
    }
  }
}
