import { once } from "node:events";
import * as net from "node:net";
import { TestServer } from "./test-server.ts";

/** What a test wants of the proxy. */
export interface SocksBehaviour {
  /** Both empty: no authentication is asked for. */
  readonly username?: string;
  readonly password?: string;
  /** Reply of SOCKS 5 (0 to 8) or of SOCKS 4 (90 to 93) in place of connecting. */
  readonly reply?: number;
  /** After which step it does something else than answering. */
  readonly fault?: "hang-at-greeting" | "close-at-greeting" | "hang-at-request" | "close-at-request";
}

/** A SOCKS 4, 4a and 5 proxy for CONNECT, no more than tests need. */
export class SocksServer extends TestServer {
  /** Destinations that were asked for, as the client named them. */
  readonly asked: string[] = [];
  private readonly behaviour: SocksBehaviour;

  private constructor(behaviour: SocksBehaviour) {
    super(net.createServer());
    this.behaviour = behaviour;
    this.server.on("connection", (socket: net.Socket) => this.serve(socket).catch(() => socket.destroy()));
  }

  static async start(behaviour: SocksBehaviour = {}): Promise<SocksServer> {
    const one = new SocksServer(behaviour);
    await one.listen();
    return one;
  }

  private async serve(socket: net.Socket): Promise<void> {
    const version = (await read(socket, 1))[0];
    if (version === 4) await this.serve4(socket);
    else if (await this.greet(socket)) await this.serve5(socket);
  }

  /** The choice of a way to authenticate, and that. */
  private async greet(socket: net.Socket): Promise<boolean> {
    const { username = "", password = "" } = this.behaviour;
    const offered = await readCounted(socket);
    await this.fail(socket, "greeting");
    const wanted = username === "" ? 0 : 2;
    socket.write(Uint8Array.of(5, offered.includes(wanted) ? wanted : 0xff));
    if (!offered.includes(wanted) || wanted === 0) return offered.includes(wanted);
    await read(socket, 1);
    const name = (await readCounted(socket)).toString();
    const isRight = (await readCounted(socket)).toString() === password && name === username;
    socket.write(Uint8Array.of(1, isRight ? 0 : 1));
    return isRight;
  }

  private async serve5(socket: net.Socket): Promise<void> {
    const type = (await read(socket, 4))[3];
    const host = type === 3 ? (await readCounted(socket)).toString("latin1") : addressIn(await read(socket, type === 4 ? 16 : 4));
    const port = (await read(socket, 2)).readUInt16BE();
    await this.fail(socket, "request");
    const answer = (reply: number): Uint8Array => Uint8Array.of(5, reply, 0, 1, 127, 0, 0, 1, 0, 0);
    this.connect(socket, host, port, answer, { granted: 0, refused: 5 });
  }

  private async serve4(socket: net.Socket): Promise<void> {
    const fixed = await read(socket, 7);
    const address = fixed.subarray(3);
    await readText(socket);
    const host = address.readUInt32BE() < 256 ? await readText(socket) : addressIn(address);
    await this.fail(socket, "request");
    const answer = (reply: number): Uint8Array => Uint8Array.of(0, reply, 0, 0, 0, 0, 0, 0);
    this.connect(socket, host, fixed.readUInt16BE(1), answer, { granted: 90, refused: 91 });
  }

  /** Connects as asked, or answers with the reply that the test wants. */
  private connect(
    socket: net.Socket,
    host: string,
    port: number,
    answer: (reply: number) => Uint8Array,
    { granted, refused }: { readonly granted: number; readonly refused: number },
  ): void {
    const { reply = granted } = this.behaviour;
    this.asked.push(`${host}:${port}`);
    if (reply !== granted) socket.end(answer(reply));
    else this.relay(socket, host, port, (error) => socket.write(answer(error === undefined ? granted : refused)));
  }

  /** Goes no further where the test wants a fault. */
  private async fail(socket: net.Socket, step: "greeting" | "request"): Promise<void> {
    const { fault } = this.behaviour;
    if (fault === `close-at-${step}`) socket.destroy();
    if (fault === `close-at-${step}` || fault === `hang-at-${step}`) await read(socket, 1);
  }
}

/** Throws when the stream ends before. */
async function read(socket: net.Socket, length: number): Promise<Buffer> {
  for (;;) {
    const bytes = socket.read(length) as Buffer | null;
    if (bytes !== null) return bytes;
    if (socket.readableEnded || socket.destroyed) throw new Error("the client left");
    await Promise.race([once(socket, "readable"), once(socket, "end"), once(socket, "close")]);
  }
}

/** A byte that counts those which follow. */
async function readCounted(socket: net.Socket): Promise<Buffer> {
  const length = (await read(socket, 1))[0] ?? 0;
  return length === 0 ? Buffer.alloc(0) : read(socket, length);
}

/** Text up to a zero. */
async function readText(socket: net.Socket): Promise<string> {
  let text = "";
  for (let byte = await read(socket, 1); byte[0] !== 0; byte = await read(socket, 1)) text += byte.toString("latin1");
  return text;
}

function addressIn(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join(".");
  return [0, 1, 2, 3, 4, 5, 6, 7].map((index) => bytes.readUInt16BE(2 * index).toString(16)).join(":");
}
