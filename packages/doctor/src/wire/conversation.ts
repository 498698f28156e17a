import { encodeToBytes, type ErrorFacts, type WebSocketFacts } from "@bowline/protocol/internal";
import type { Packet, ProtocolVersion } from "@bowline/protocol";
import { PacketInbox } from "../talk/packet-inbox.ts";
import type { Talk } from "../talk/talk.ts";
import type { Link } from "./link.ts";
import { encodeFrame, FRAME_LENGTH_MAX, FrameReader, Opcode } from "./web-socket-frames.ts";

/** Packets over a socket or a WebSocket on it. Keeps what tells of a failure. */
export class Conversation implements Talk {
  readonly version: ProtocolVersion;
  webSocket: WebSocketFacts;
  private readonly link: Link;
  private readonly frames: FrameReader | undefined;
  private readonly inbox: PacketInbox;

  constructor(link: Link, version: ProtocolVersion, isWebSocket: boolean) {
    this.link = link;
    this.version = version;
    this.webSocket = isWebSocket ? { everOpened: true } : {};
    this.frames = isWebSocket ? new FrameReader() : undefined;
    this.inbox = new PacketInbox(version);
  }

  get firstBytes(): Uint8Array {
    return this.inbox.firstBytes;
  }

  get fault(): ErrorFacts | undefined {
    return this.inbox.fault;
  }

  get closedBy(): "fin" | "reset" | undefined {
    return this.link.closedBy;
  }

  get endError(): ErrorFacts | undefined {
    const { error } = this.link;
    return error === undefined ? undefined : { ...(error.code === undefined ? {} : { code: error.code }), message: error.message };
  }

  destroy(): void {
    this.link.destroy();
  }

  send(packet: Packet): void {
    const bytes = encodeToBytes(packet, this.version);
    this.link.write(this.frames === undefined ? bytes : encodeFrame(Opcode.Binary, bytes));
  }

  async next(ms: number): Promise<Packet | undefined> {
    const endsAt = performance.now() + ms;
    for (;;) {
      const packet = this.inbox.shift();
      if (packet !== undefined || this.isOver) return packet;
      const left = endsAt - performance.now();
      if (left <= 0 || (await this.link.wait(left)) !== "data") return undefined;
      this.read(this.link.take());
    }
  }

  get isOver(): boolean {
    return this.fault !== undefined || this.webSocket.closeCode !== undefined || this.webSocket.gotTextFrame === true;
  }

  private read(chunk: Buffer): void {
    if (this.frames === undefined) {
      this.inbox.read(new Uint8Array(chunk));
      return;
    }
    for (const { opcode, payload, hasReservedBits } of this.frames.push(chunk)) {
      if (hasReservedBits) this.inbox.fail("WS_ERR_UNEXPECTED_RSV_1", "RSV1 must be clear");
      else if (opcode === Opcode.Text) this.webSocket = { ...this.webSocket, gotTextFrame: true };
      else if (opcode === Opcode.Ping) this.link.write(encodeFrame(Opcode.Pong, payload));
      else if (opcode === Opcode.Close) this.noteClose(payload);
      else if (opcode === Opcode.Binary || opcode === Opcode.Continuation) this.inbox.read(new Uint8Array(payload));
      else if (opcode !== Opcode.Pong) this.inbox.fail("WS_ERR_INVALID_OPCODE", `opcode ${opcode}`);
    }
    const { tooLong } = this.frames;
    if (tooLong !== undefined) this.inbox.fail(undefined, tooLongText(tooLong));
  }

  private noteClose(payload: Buffer): void {
    const closeCode = payload.length < 2 ? 1005 : payload.readUInt16BE(0);
    const reason = payload.length > 2 ? { closeReason: payload.subarray(2).toString("utf8") } : {};
    this.webSocket = { ...this.webSocket, closeCode, ...reason };
  }
}

/** In the words by which an invalid frame is known, since no library has a code for it. */
function tooLongText(length: number): string {
  return `Invalid WebSocket frame: it announces ${length} bytes, more than ${FRAME_LENGTH_MAX}`;
}
