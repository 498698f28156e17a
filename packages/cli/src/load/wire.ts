import type { ConnectionStage } from "./connection-times.ts";

export interface WireOwner {
  /** Takes the whole packets in the read buffer's bytes [start, end); answers where the first unfinished one begins. */
  walk(start: number, end: number): number;
  /** Everything that `write` had answered false for is gone. */
  drained(): void;
  /** The connection is over, for a reason that is not `close`. Called once. */
  closed(reason: string): void;
}

/** A client's connection: sends CONNECT, cuts nothing and checks nothing but the transport. */
export interface Wire {
  /** True: the array may be reused. False: only after `drained`. */
  write(bytes: Uint8Array): boolean;
  /** What is written between the two leaves in one call where the transport can do that; `uncork` answers as `write` does. */
  cork(): void;
  uncork(): boolean;
  /** The connection has come so far; for who wants to know how long that took. */
  mark(stage: ConnectionStage): void;
  /** Ends the connection after these bytes, without a word to its owner. */
  leave(bytes: Uint8Array, gone?: () => void): void;
  /** Ends the connection at once, without a word to its owner. */
  close(): void;
  /** Ends the connection for a reason of the owner's, who is told by `closed`. */
  fail(reason: string): void;
}
