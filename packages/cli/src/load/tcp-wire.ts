import { connect, type Socket } from "node:net";
import type { ConnectionStage, ConnectionTimes } from "./connection-times.ts";
import type { WirePlan } from "./open-wire.ts";
import { Intake } from "./read-buffer.ts";
import type { Wire, WireOwner } from "./wire.ts";

/** Plain TCP or a Unix domain socket, read in place. */
export class TcpWire implements Wire {
  private readonly socket: Socket;
  private readonly intake: Intake;
  private readonly owner: WireOwner;
  private readonly times: ConnectionTimes | undefined;
  private isBlocked = false;
  private isOver = false;
  private reason = "closed by the broker";
  private readonly onWritten = (): void => {
    if (!this.isBlocked || this.socket.writableLength > 0) return;
    this.isBlocked = false;
    if (!this.isOver) this.owner.drained();
  };

  constructor({ target, address, localAddress, hello, input, owner, times }: WirePlan) {
    this.owner = owner;
    this.times = times;
    this.intake = new Intake(input, (start, end) => owner.walk(start, end));
    const place = target.scheme === "unix" ? { path: target.path } : { host: address, port: target.port, noDelay: true };
    const callback = (size: number): boolean => this.onRead(size);
    const from = localAddress === undefined ? {} : { localAddress };
    this.socket = connect({ ...place, ...from, onread: { buffer: input.region, callback } });
    this.socket.once("connect", () => {
      times?.mark("tcp");
      times?.mark("open");
      this.socket.write(hello);
    });
    this.socket.on("error", (error) => {
      this.reason = error.message;
    });
    this.socket.on("close", () => this.fail(this.reason));
  }

  write(bytes: Uint8Array): boolean {
    if (this.isOver) return true;
    this.socket.write(bytes, this.onWritten);
    if (this.socket.writableLength === 0) return true;
    this.isBlocked = true;
    return false;
  }

  cork(): void {
    this.socket.cork();
  }

  uncork(): boolean {
    this.socket.uncork();
    this.isBlocked = this.socket.writableLength > 0;
    return !this.isBlocked;
  }

  mark(stage: ConnectionStage): void {
    this.times?.mark(stage);
  }

  leave(bytes: Uint8Array, gone?: () => void): void {
    this.isOver = true;
    const { socket } = this;
    if (gone !== undefined) socket.once("close", gone);
    // Not in the callback of the write, where Node makes an error for each write that it then looks for in vain.
    socket.write(bytes, () => setImmediate(() => socket.destroy()));
  }

  close(): void {
    this.isOver = true;
    this.socket.destroy();
  }

  fail(reason: string): void {
    if (this.isOver) return;
    this.close();
    this.owner.closed(reason);
  }

  private onRead(size: number): boolean {
    if (this.isOver) return false;
    if (!this.intake.take(size)) this.fail("a packet that is larger than any of this run");
    return true;
  }
}
