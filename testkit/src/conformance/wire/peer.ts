import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { pingreq, type Version } from "./build.ts";
import { ConformanceFailure } from "./conformance-failure.ts";
import { describeBytes, describePacket, hex, hexByte } from "./describe.ts";
import { Frames } from "./frames.ts";
import type { PacketName } from "./packet-name.ts";
import { parsePacket, type WirePacket } from "./parse.ts";
import { matches, type Wanted } from "./wanted.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
  /** With TLS; whose certificate it is does not matter to the kit. */
  readonly tls?: boolean;
}

export interface PeerOptions {
  readonly version: Version;
  /** What it is called in the transcript. */
  readonly name: string;
  /** How long it waits for what must come. */
  readonly limitMs: number;
  /** Takes a line for each packet, in the order they were sent and came. */
  readonly transcript?: (line: string) => void;
}

/** The other side ended the Network Connection. */
export const CLOSED = "the connection is closed";

type Event = WirePacket | typeof CLOSED;

export async function openSocket({ host, port, tls = false }: Address): Promise<Socket> {
  const socket = tls ? connectTls({ host, port, rejectUnauthorized: false }) : connectTcp({ host, port });
  await new Promise<void>((resolve, reject) => {
    socket.once(tls ? "secureConnect" : "connect", resolve);
    socket.once("error", reject);
  });
  return socket;
}

/** One end of a Network Connection that sends whatever bytes it is given, and is asked what came. */
export class Peer {
  /** What arrives is read as this version's; an accepted peer sets it when the CONNECT has come. */
  version: Version;
  private readonly socket: Socket;
  private readonly options: PeerOptions;
  private readonly frames = new Frames();
  private readonly events: Event[] = [];
  private wake: (() => void) | undefined;
  private ended = false;

  constructor(socket: Socket, options: PeerOptions) {
    this.socket = socket;
    this.options = options;
    this.version = options.version;
    socket.setNoDelay(true);
    socket.on("data", (chunk) => this.received(chunk));
    // A reset is a close like any other to the specification.
    socket.on("error", () => this.end());
    socket.on("end", () => this.end());
    socket.on("close", () => this.end());
  }

  static async open(address: Address, options: PeerOptions): Promise<Peer> {
    return new Peer(await openSocket(address), options);
  }

  send(...packets: readonly Uint8Array[]): void {
    for (const bytes of packets) this.note(`-> ${describeBytes(bytes, this.version)}`);
    if (!this.socket.destroyed) this.socket.write(Buffer.concat(packets));
  }

  /** Bytes that are not meant as whole packets. */
  sendRaw(bytes: Uint8Array): void {
    this.note(`-> <${hex(bytes)}>`);
    if (!this.socket.destroyed) this.socket.write(bytes);
  }

  /** Ends the Network Connection without a DISCONNECT, as a failure of the network does. */
  cut(): void {
    this.note("-> cut");
    this.socket.destroy();
  }

  /** Ends its half of the stream, as a process that closes in order does. */
  endStream(): void {
    this.note("-> end");
    this.socket.end();
  }

  /** The next thing that comes. */
  async next(expected: string, limitMs: number = this.options.limitMs): Promise<Event> {
    const deadline = performance.now() + limitMs;
    for (;;) {
      const event = this.events.shift();
      if (event !== undefined) return event;
      const left = deadline - performance.now();
      if (left <= 0 || !(await this.woken(left))) throw new ConformanceFailure(expected, this.nothing(limitMs));
    }
  }

  /** Whether anything is there or comes in that time; it stays to be taken. */
  async comes(limitMs: number): Promise<boolean> {
    return this.events.length > 0 || this.woken(limitMs);
  }

  /** The next packet must be of this type and have these fields. */
  async expect(name: PacketName, wanted: Wanted = {}): Promise<WirePacket> {
    const expected = `${name}${describeWanted(wanted)}`;
    const event = await this.next(expected);
    if (event === CLOSED) throw new ConformanceFailure(expected, CLOSED);
    if (event.fault !== undefined || event.name !== name || !matches(event, wanted)) {
      throw new ConformanceFailure(expected, describePacket(event));
    }
    return event;
  }

  /** That many packets of one type. */
  async expectAll(name: PacketName, count: number, wanted: Wanted = {}): Promise<WirePacket[]> {
    const all: WirePacket[] = [];
    while (all.length < count) all.push(await this.expect(name, wanted));
    return all;
  }

  /** The other side closes, and sends nothing before. */
  async expectClose(): Promise<void> {
    const event = await this.next("a close");
    if (event !== CLOSED) throw new ConformanceFailure("a close", describePacket(event));
  }

  /** Nothing is waiting here and nothing was on its way: the answer to a PINGREQ is the next packet. */
  async expectQuiet(): Promise<void> {
    this.send(pingreq());
    const expected = "nothing but the answer to a PINGREQ";
    const event = await this.next(expected);
    if (event === CLOSED || event.name !== "PINGRESP") {
      throw new ConformanceFailure(expected, event === CLOSED ? event : describePacket(event));
    }
  }

  /**
   * The next packet of a type, passing over packets of another one, which stay to be taken: a server may send messages of a
   * subscription before it answers the SUBSCRIBE.
   */
  async expectPast(passed: PacketName, name: PacketName, wanted: Wanted = {}): Promise<WirePacket> {
    const kept: Event[] = [];
    for (;;) {
      const event = await this.next(`${name} (after any number of ${passed})`);
      if (event !== CLOSED && event.name === passed && event.fault === undefined) {
        kept.push(event);
        continue;
      }
      this.events.unshift(event, ...kept);
      return this.expect(name, wanted);
    }
  }

  /** Packets that came and nobody took. */
  get waiting(): readonly Event[] {
    return this.events;
  }

  get isClosed(): boolean {
    return this.ended;
  }

  private received(chunk: Buffer): void {
    for (const bytes of this.frames.push(chunk)) {
      const packet = parsePacket(Buffer.from(bytes), this.version);
      this.note(`<- ${describePacket(packet)}`);
      this.push(packet);
    }
  }

  private end(): void {
    if (this.ended) return;
    this.ended = true;
    this.note("<- close");
    this.push(CLOSED);
    this.socket.destroy();
  }

  private push(event: Event): void {
    this.events.push(event);
    this.wake?.();
  }

  private woken(limitMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), limitMs);
      this.wake = () => {
        clearTimeout(timer);
        this.wake = undefined;
        resolve(true);
      };
    });
  }

  private nothing(limitMs: number): string {
    const { incomplete } = this.frames;
    return `nothing within ${limitMs} ms${incomplete.length > 0 ? ` but part of a packet <${hex(incomplete)}>` : ""}`;
  }

  private note(line: string): void {
    this.options.transcript?.(`${this.options.name} ${line}`);
  }
}

function describeWanted(wanted: Wanted): string {
  const parts = Object.entries(wanted).map(([field, value]) => `${field} ${describeValue(value)}`);
  return parts.length === 0 ? "" : ` with ${parts.join(", ")}`;
}

function describeValue(value: unknown): string {
  if (typeof value === "number") return value > 9 ? hexByte(value) : String(value);
  const text = JSON.stringify(value) ?? "undefined";
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}
