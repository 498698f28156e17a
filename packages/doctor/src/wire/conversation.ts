import { decodePacket, encodeToBytes, FrameWalk } from "@bowline/protocol/internal";
import type { ErrorFacts, WebSocketFacts } from "@bowline/protocol/internal";
import type { Packet, ProtocolVersion } from "@bowline/protocol";
import type { Link } from "./link.ts";
import { encodeFrame, FrameReader, Opcode } from "./web-socket-frames.ts";

const firstBytesMax = 64;

/** Packets to and from a server, over a socket or a WebSocket on it. Keeps what tells of a failure. */
export class Conversation {
  readonly link: Link;
  readonly version: ProtocolVersion;
  /** The first bytes that came where MQTT was expected. */
  firstBytes: Buffer = Buffer.alloc(0);
  /** Set when the bytes cannot be followed any further. */
  fault: ErrorFacts | undefined;
  /** What was seen of a WebSocket after it had opened. */
  webSocket: WebSocketFacts = {};
  private readonly frames: FrameReader | undefined;
  private readonly walk: FrameWalk;
  private readonly packets: Packet[] = [];

  constructor(link: Link, version: ProtocolVersion, isWebSocket: boolean) {
    this.link = link;
    this.version = version;
    this.frames = isWebSocket ? new FrameReader() : undefined;
    this.walk = new FrameWalk(
      {
        frame: (chunk, start, bodyStart, end) => this.decode(chunk.slice(), start, bodyStart, end),
        malformed: (_reasonCode, detail) => this.fail("MALFORMED_PACKET", detail),
      },
      receivedPacketMax,
    );
  }

  send(packet: Packet): void {
    const bytes = encodeToBytes(packet, this.version);
    this.link.write(this.frames === undefined ? bytes : encodeFrame(Opcode.Binary, bytes));
  }

  /** The next packet, or undefined when none comes in time or ever. */
  async next(ms: number): Promise<Packet | undefined> {
    const endsAt = performance.now() + ms;
    for (;;) {
      const packet = this.packets.shift();
      if (packet !== undefined || this.isOver) return packet;
      const left = endsAt - performance.now();
      if (left <= 0 || (await this.link.wait(left)) !== "data") return undefined;
      this.read(this.link.take());
    }
  }

  /** Whether nothing more can come. */
  get isOver(): boolean {
    return this.fault !== undefined || this.webSocket.closeCode !== undefined || this.webSocket.gotTextFrame === true;
  }

  private read(chunk: Buffer): void {
    if (this.frames === undefined) {
      this.readMqtt(chunk);
      return;
    }
    for (const { opcode, payload, hasReservedBits } of this.frames.push(chunk)) {
      if (hasReservedBits) this.fault ??= { code: "WS_ERR_UNEXPECTED_RSV_1", message: "RSV1 must be clear" };
      else if (opcode === Opcode.Text) this.webSocket = { ...this.webSocket, gotTextFrame: true };
      else if (opcode === Opcode.Ping) this.link.write(encodeFrame(Opcode.Pong, payload));
      else if (opcode === Opcode.Close) this.noteClose(payload);
      else if (opcode === Opcode.Binary || opcode === Opcode.Continuation) this.readMqtt(payload);
      else if (opcode !== Opcode.Pong) this.fault ??= { code: "WS_ERR_INVALID_OPCODE", message: `opcode ${opcode}` };
    }
  }

  private noteClose(payload: Buffer): void {
    const closeCode = payload.length < 2 ? 1005 : payload.readUInt16BE(0);
    const reason = payload.length > 2 ? { closeReason: payload.subarray(2).toString("utf8") } : {};
    this.webSocket = { ...this.webSocket, closeCode, ...reason };
  }

  private readMqtt(bytes: Buffer): void {
    if (this.firstBytes.length < firstBytesMax) {
      this.firstBytes = Buffer.concat([this.firstBytes, bytes]).subarray(0, firstBytesMax);
    }
    if (this.fault === undefined) this.walk.push(new Uint8Array(bytes));
  }

  private decode(chunk: Uint8Array, start: number, bodyStart: number, end: number): boolean {
    try {
      this.packets.push(decodePacket(chunk, start, bodyStart, end, this.version));
      return true;
    } catch (error) {
      this.fail("MALFORMED_PACKET", error instanceof Error ? error.message : String(error));
      return false;
    }
  }

  private fail(code: string, message: string): void {
    this.fault ??= { code, message };
  }
}

const receivedPacketMax = 1 << 20;
