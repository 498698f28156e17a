import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { decodePacket, encodeToBytes, FrameDecoder } from "@bowline/protocol/internal";
import type { Packet, ProtocolVersion } from "@bowline/protocol";
import { WebSocket } from "ws";

/** What carries the bytes. */
export type LinkKind = "tcp" | "tls" | "ws" | "wss";

interface Wire {
  /** Whether more may be sent at once. */
  send(bytes: Uint8Array): boolean;
  /** Reads nothing from now on. */
  pause(): void;
  /** Says that nothing more comes, as a peer that closes in order does. */
  end(): void;
  destroy(): void;
}

/** A connection that sends the bytes it is told, over any transport, and shows what comes back; it answers nothing by itself. */
export class Link {
  /** Everything that came. */
  readonly chunks: Buffer[] = [];
  readonly packets: Packet[] = [];
  isEnded = false;
  /** Whether the transport's own handshake was done. */
  wasOpen = false;
  /** Resolves when the other side has ended it, however that was; it never rejects. */
  readonly ended: Promise<void>;
  private wire!: Wire;
  private drained: () => void = () => undefined;
  private wake: () => void = () => undefined;
  private markEnded!: () => void;
  private readonly frames: FrameDecoder;

  private constructor(version: ProtocolVersion | undefined) {
    this.ended = new Promise((resolve) => {
      this.markEnded = () => {
        this.isEnded = true;
        resolve();
        this.wake();
      };
    });
    this.frames = new FrameDecoder(
      {
        frame: (chunk, start, bodyStart, end) => {
          if (version !== undefined) this.packets.push(decodePacket(chunk.slice(), start, bodyStart, end, version));
          return true;
        },
        malformed: (code) => {
          throw new Error(`the broker wrote what is no packet: ${code}`);
        },
      },
      0x1000_0000,
    );
  }

  /** Resolves when bytes can be sent. What comes is read as packets of the version; without one it is packets and no more. */
  static async open(url: string, version?: ProtocolVersion): Promise<Link> {
    const link = new Link(version);
    const { protocol } = new URL(url);
    await (protocol.startsWith("ws") ? link.openWebSocket(url) : link.openSocket(url, (bytes) => link.frames.push(bytes)));
    return link;
  }

  /** Bytes that are none of MQTT: HTTP, TLS records, frames by hand. `tls` puts them into TLS. */
  static async openRaw(port: number, options: { tls?: boolean; host?: string } = {}): Promise<Link> {
    const link = new Link(undefined);
    await link.openSocket(`${options.tls === true ? "mqtts" : "mqtt"}://${options.host ?? "127.0.0.1"}:${port}`, () => undefined);
    return link;
  }

  /** All that came, as text. */
  get text(): string {
    return Buffer.concat(this.chunks).toString("latin1");
  }

  send(bytes: Uint8Array | string): boolean {
    return this.isEnded || this.wire.send(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  }

  /** Resolves when the other side has taken it or the connection has ended; without it this process would fill up first. */
  async sendAndDrain(bytes: Uint8Array): Promise<void> {
    if (this.send(bytes)) return new Promise((resolve) => setImmediate(resolve));
    await new Promise<void>((resolve) => {
      this.drained = resolve;
      void this.ended.then(resolve);
    });
  }

  /** Reads nothing from now on, as a peer that wants the other side to fill up. */
  pause(): void {
    this.wire.pause();
  }

  sendPacket(packet: Packet, version: ProtocolVersion = 5): void {
    this.send(encodeToBytes(packet, version));
  }

  /** Each piece in a turn of its own, so that the other side reads them one by one as far as the system lets it. */
  async sendPieces(pieces: Iterable<Uint8Array>): Promise<void> {
    for (const piece of pieces) {
      if (this.isEnded) return;
      this.send(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  end(): void {
    if (!this.isEnded) this.wire.end();
  }

  destroy(): void {
    this.wire.destroy();
  }

  /** The first packet of this type, or undefined when the connection ended without one. */
  async packet<T extends Packet["type"]>(type: T): Promise<Extract<Packet, { type: T }> | undefined> {
    const isWanted = (packet: Packet): packet is Extract<Packet, { type: T }> => packet.type === type;
    await this.until(() => this.packets.some(isWanted));
    return this.packets.find(isWanted);
  }

  /** Resolves when it holds or the connection has ended. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds() && !this.isEnded) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  private received(chunk: Buffer, read: (bytes: Uint8Array) => void): void {
    this.chunks.push(chunk);
    read(chunk);
    this.wake();
  }

  private async openSocket(url: string, read: (bytes: Uint8Array) => void): Promise<void> {
    const { protocol, hostname, port } = new URL(url.replace(/^mqtt/, "http"));
    const isTls = protocol === "https:";
    const target = { host: hostname, port: Number(port) };
    const socket: Socket = isTls
      ? connectTls({ ...target, servername: "localhost", rejectUnauthorized: false })
      : connectTcp(target);
    socket.setNoDelay(true);
    this.wire = {
      send: (bytes) => socket.write(bytes),
      pause: () => socket.pause(),
      end: () => socket.end(),
      destroy: () => socket.destroy(),
    };
    socket.on("drain", () => this.drained());
    socket.on("data", (chunk: Buffer) => this.received(chunk, read)).on("error", () => undefined);
    socket.on("close", () => this.markEnded());
    await this.opened(socket, isTls ? "secureConnect" : "connect");
  }

  private async openWebSocket(url: string): Promise<void> {
    const socket = new WebSocket(url, "mqtt", { perMessageDeflate: false, rejectUnauthorized: false });
    const send = (bytes: Uint8Array): boolean => {
      socket.send(bytes, () => this.drained());
      return socket.bufferedAmount === 0;
    };
    this.wire = { send, pause: () => socket.pause(), end: () => socket.close(), destroy: () => socket.terminate() };
    socket.on("message", (data: Buffer) => this.received(data, (bytes) => this.frames.push(bytes))).on("error", () => undefined);
    socket.on("close", () => this.markEnded());
    await this.opened(socket, "open");
  }

  private async opened(socket: NodeJS.EventEmitter, event: string): Promise<void> {
    await new Promise<void>((resolve) => {
      socket.once("close", resolve).once(event, () => {
        this.wasOpen = true;
        resolve();
      });
    });
  }
}
