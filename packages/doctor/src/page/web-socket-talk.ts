import type { Packet, ProtocolVersion } from "@bowline/protocol";
import { encodeToBytes, type ErrorFacts, type WebSocketFacts } from "@bowline/protocol/internal";
import { PacketInbox } from "../talk/packet-inbox.ts";
import type { Talk } from "../talk/talk.ts";

/** Packets over a page's WebSocket, which is open already. */
export class WebSocketTalk implements Talk {
  readonly version: ProtocolVersion;
  webSocket: WebSocketFacts;
  closedBy: "fin" | "reset" | undefined;
  endError: ErrorFacts | undefined;
  private readonly socket: WebSocket;
  private readonly inbox: PacketInbox;
  private wake: (() => void) | undefined;

  constructor(socket: WebSocket, version: ProtocolVersion, opened: WebSocketFacts) {
    this.socket = socket;
    this.webSocket = opened;
    this.version = version;
    this.inbox = new PacketInbox(version);
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => this.receive(data);
    // Tells a WebSocket that the browser gave up from one that was cut: Chromium has no error event for the latter.
    socket.onerror = () => (this.webSocket = { ...this.webSocket, wasGivenUp: true });
    socket.onclose = ({ code, reason, wasClean }) => {
      this.webSocket = { ...this.webSocket, closeCode: code, ...(reason === "" ? {} : { closeReason: reason }), wasClean };
      this.closedBy = "fin";
      this.wake?.();
    };
  }

  get firstBytes(): Uint8Array {
    return this.inbox.firstBytes;
  }

  get fault(): ErrorFacts | undefined {
    return this.inbox.fault;
  }

  get isOver(): boolean {
    return this.fault !== undefined || this.closedBy !== undefined || this.webSocket.gotTextFrame === true;
  }

  send(packet: Packet): void {
    // A socket that is closing takes nothing, and says so by its close event.
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(encodeToBytes(packet, this.version) as Uint8Array<ArrayBuffer>);
  }

  async next(ms: number): Promise<Packet | undefined> {
    const endsAt = performance.now() + ms;
    for (;;) {
      const packet = this.inbox.shift();
      if (packet !== undefined || this.isOver) return packet;
      const left = endsAt - performance.now();
      if (left <= 0) return undefined;
      await this.wait(left);
    }
  }

  destroy(): void {
    this.socket.onmessage = this.socket.onclose = this.socket.onerror = null;
    this.socket.close();
  }

  private wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private receive(data: unknown): void {
    if (data instanceof ArrayBuffer) this.inbox.read(new Uint8Array(data));
    else this.webSocket = { ...this.webSocket, gotTextFrame: true };
    this.wake?.();
  }
}
