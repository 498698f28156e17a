import type { Socket } from "node:net";
import type { ConnectionStage, ConnectionTimes } from "./connection-times.ts";
import type { WirePlan } from "./wire-plan.ts";
import { Intake } from "./read-buffer.ts";
import { connectSocket, type SocketUser } from "./tcp-sockets.ts";
import type { Wire, WireOwner } from "./wire.ts";

/** Plain TCP or a Unix domain socket, read in place. */
export class TcpWire implements Wire, SocketUser {
  /** Undefined when it is closed, and may be another's. */
  private socket: Socket | undefined;
  private readonly hello: Uint8Array;
  private readonly intake: Intake;
  private readonly owner: WireOwner;
  private readonly times: ConnectionTimes | undefined;
  private gone: (() => void) | undefined;
  private isBlocked = false;
  private isOver = false;
  private reason = "closed by the broker";
  private readonly onWritten = (): void => {
    if (!this.isBlocked || (this.socket?.writableLength ?? 0) > 0) return;
    this.isBlocked = false;
    if (!this.isOver) this.owner.drained();
  };

  constructor({ target, address, localAddress, hello, input, owner, times }: WirePlan) {
    this.hello = hello;
    this.owner = owner;
    this.times = times;
    this.intake = new Intake(input, owner);
    const place = { host: address, port: target.port, localAddress };
    this.socket = connectSocket(target.scheme === "unix" ? { path: target.path } : place, input, this);
  }

  connected(): void {
    this.times?.mark("tcp");
    this.times?.mark("open");
    this.socket?.write(this.hello);
  }

  read(size: number): boolean {
    if (this.isOver) return false;
    if (!this.intake.take(size)) this.fail("a packet that is larger than any of this run");
    return true;
  }

  failed(error: Error): void {
    this.reason = error.message;
  }

  closed(): void {
    this.socket = undefined;
    this.gone?.();
    this.fail(this.reason);
  }

  write(bytes: Uint8Array): boolean {
    const { socket } = this;
    if (this.isOver || socket === undefined) return true;
    socket.write(bytes, this.onWritten);
    if (socket.writableLength === 0) return true;
    this.isBlocked = true;
    return false;
  }

  cork(): void {
    this.socket?.cork();
  }

  uncork(): boolean {
    this.socket?.uncork();
    this.isBlocked = (this.socket?.writableLength ?? 0) > 0;
    return !this.isBlocked;
  }

  mark(stage: ConnectionStage): void {
    this.times?.mark(stage);
  }

  leave(bytes: Uint8Array, gone?: () => void): void {
    this.isOver = true;
    this.gone = gone;
    // Not in the callback of the write, where Node makes an error for each write that it then looks for in vain.
    this.socket?.write(bytes, () => setImmediate(() => this.socket?.destroy()));
  }

  close(): void {
    this.isOver = true;
    this.socket?.destroy();
  }

  fail(reason: string): void {
    if (this.isOver) return;
    this.close();
    this.owner.closed(reason);
  }
}
