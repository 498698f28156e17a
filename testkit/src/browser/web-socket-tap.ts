import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** One frame that a page sent. */
export interface SentFrame {
  /** 2 is binary, 8 is close. */
  readonly opcode: number;
  readonly payload: Buffer;
  readonly at: number;
}

/** What one connection of a page sent, and when it ended. */
export interface TappedConnection {
  readonly openedAt: number;
  readonly frames: SentFrame[];
  /** When the page's end of the stream came. */
  endedAt: number | undefined;
}

/** A TCP proxy in front of a WebSocket listener that keeps every frame a page sends, in order, with its time. */
export class WebSocketTap {
  readonly connections: TappedConnection[] = [];
  /** Swallows everything, as a network that is gone does. */
  isBlackHole = false;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  private constructor(target: URL) {
    this.server = createServer({ noDelay: true }, (client) => this.pass(client, target));
  }

  static async start(target: string): Promise<WebSocketTap> {
    const tap = new WebSocketTap(new URL(target));
    tap.server.listen(0, "127.0.0.1");
    await once(tap.server, "listening");
    return tap;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.server.address() as AddressInfo).port}/mqtt`;
  }

  /** Types of the MQTT packets and the WebSocket's own frames, in the order in which the page sent them. */
  sent(connection: TappedConnection | undefined): string[] {
    return (connection?.frames ?? []).flatMap(({ opcode, payload }) => (opcode === 2 ? packetTypes(payload) : [`frame ${opcode}`]));
  }

  async close(): Promise<void> {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    await once(this.server, "close");
  }

  private pass(client: Socket, target: URL): void {
    const upstream = connect(Number(target.port), target.hostname);
    const connection: TappedConnection = { openedAt: Date.now(), frames: [], endedAt: undefined };
    this.connections.push(connection);
    let buffered: Buffer = Buffer.alloc(0);
    let isUpgraded = false;
    client.on("data", (chunk: Buffer) => {
      if (!this.isBlackHole) upstream.write(chunk);
      buffered = Buffer.concat([buffered, chunk]);
      const head = isUpgraded ? 0 : buffered.indexOf("\r\n\r\n") + 4;
      if (!isUpgraded && head < 4) return;
      isUpgraded = true;
      buffered = takeFrames(buffered.subarray(head), connection.frames);
    });
    upstream.on("data", (chunk: Buffer) => {
      if (!this.isBlackHole) client.write(chunk);
    });
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.sockets.add(from);
      from.on("error", () => undefined);
      from.on("end", () => !this.isBlackHole && to.end());
      from.on("close", () => {
        if (from === client) connection.endedAt = Date.now();
        this.sockets.delete(from);
        if (!this.isBlackHole) to.destroy();
      });
    }
  }
}

/** Takes the whole frames off the front and answers the rest. Frames of tests are short. */
function takeFrames(bytes: Buffer, frames: SentFrame[]): Buffer {
  for (;;) {
    if (bytes.length < 6) return bytes;
    const short = bytes[1]! & 0x7f;
    if (short === 127) throw new Error("a frame longer than tests send");
    const start = short === 126 ? 8 : 6;
    const length = short === 126 ? bytes.readUInt16BE(2) : short;
    if (bytes.length < start + length) return bytes;
    const mask = bytes.subarray(start - 4, start);
    const payload = Buffer.from(bytes.subarray(start, start + length)).map((byte, i) => byte ^ mask[i % 4]!);
    frames.push({ opcode: bytes[0]! & 0xf, payload: Buffer.from(payload), at: Date.now() });
    bytes = bytes.subarray(start + length);
  }
}

const NAMES: Readonly<Record<number, string>> = { 1: "CONNECT", 3: "PUBLISH", 8: "SUBSCRIBE", 12: "PINGREQ", 14: "DISCONNECT" };

function packetTypes(bytes: Buffer): string[] {
  const types: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    types.push(NAMES[bytes[at]! >>> 4] ?? String(bytes[at]! >>> 4));
    let length = 0;
    let shift = 0;
    do length |= (bytes[++at]! & 0x7f) << (shift++ * 7);
    while (bytes[at]! >= 0x80);
    at += 1 + length;
  }
  return types;
}
