import { connect, type Socket } from "node:net";
import { connectPacket } from "./connect-packet.ts";
import type { LoadOptions } from "./load-options.ts";

const READ_SIZE = 262_144;
/** Beyond its payload a packet has at most a fixed header, a topic, an identifier and a few properties. */
const HEADER_ROOM = 4096;

/**
 * What all sockets of a thread are read into, in turn: packets are looked at in place and nothing is allocated for a read. Before the
 * region that is read into there is room for the beginning of a packet that the read before had cut.
 */
export class ReadBuffer {
  readonly bytes: Buffer;
  readonly view: DataView;
  /** Where a read begins. */
  readonly start: number;
  readonly region: Buffer;

  constructor(payloadSize: number) {
    this.start = payloadSize + HEADER_ROOM;
    this.bytes = Buffer.allocUnsafeSlow(this.start + READ_SIZE);
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
    this.region = this.bytes.subarray(this.start);
  }
}

export interface WireOwner {
  /** Takes the whole packets in the read buffer's bytes [start, end); answers where the first unfinished one begins. */
  walk(start: number, end: number): number;
  /** The kernel has taken everything that `write` had answered false for. */
  drained(): void;
  /** Called once; the socket is gone. */
  failed(reason: string): void;
}

/** A client's socket: sends CONNECT, cuts nothing and checks nothing but the transport. */
export class Wire {
  private readonly socket: Socket;
  private readonly input: ReadBuffer;
  private readonly owner: WireOwner;
  /** The unfinished packet, in its first `tailSize` bytes. */
  private tail: Buffer = Buffer.alloc(0);
  private tailSize = 0;
  private isBlocked = false;
  private isOver = false;
  private readonly onWritten = (): void => {
    if (!this.isBlocked || this.socket.writableLength > 0) return;
    this.isBlocked = false;
    if (!this.isOver) this.owner.drained();
  };

  constructor(options: LoadOptions, clientId: string, input: ReadBuffer, owner: WireOwner) {
    this.input = input;
    this.owner = owner;
    const callback = (size: number): boolean => this.onRead(size);
    const { host, port } = options;
    this.socket = connect({ host, port, noDelay: true, onread: { buffer: input.region, callback } });
    this.socket.once("connect", () => this.write(connectPacket(options, clientId, options.user)));
    this.socket.on("error", (error) => this.fail(error.message));
    this.socket.on("close", () => this.fail("closed by the broker"));
  }

  /** True: the kernel has the bytes and the array may be reused. False: only after `drained`. */
  write(bytes: Uint8Array): boolean {
    if (this.isOver) return true;
    this.socket.write(bytes, this.onWritten);
    if (this.socket.writableLength === 0) return true;
    this.isBlocked = true;
    return false;
  }

  /** What is written between the two leaves in one call; `uncork` answers as `write` does. */
  cork(): void {
    this.socket.cork();
  }

  uncork(): boolean {
    this.socket.uncork();
    this.isBlocked = this.socket.writableLength > 0;
    return !this.isBlocked;
  }

  close(): void {
    this.isOver = true;
    this.socket.destroy();
  }

  /** Ends the connection for a reason of the owner's. */
  fail(reason: string): void {
    if (this.isOver) return;
    this.close();
    this.owner.failed(reason);
  }

  private onRead(size: number): boolean {
    if (this.isOver) return false;
    const { input } = this;
    const start = input.start - this.tailSize;
    const end = input.start + size;
    if (this.tailSize > 0) this.tail.copy(input.bytes, start, 0, this.tailSize);
    const rest = this.owner.walk(start, end);
    this.keep(rest, end);
    return true;
  }

  private keep(start: number, end: number): void {
    const size = end - start;
    if (size > this.input.start) {
      this.fail(`a packet of more than ${size} bytes`);
      return;
    }
    if (size > this.tail.length) this.tail = Buffer.allocUnsafeSlow(Math.max(size * 2, 1024));
    this.tailSize = size;
    if (size > 0) this.input.bytes.copy(this.tail, 0, start, end);
  }
}
