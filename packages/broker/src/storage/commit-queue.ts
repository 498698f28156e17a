import { Fifo } from "@bowline/protocol/internal";
import type { Storage } from "./storage.ts";

/** Something that is told when more is committed, such as a connection with acknowledgements to send. */
export interface CommitListener {
  commitMoved(): void;
}

/** A callback that waits for its commit. */
export class PendingCommit {
  readonly commit: number;
  private action: (() => void) | undefined;

  constructor(commit: number, action: () => void) {
    this.commit = commit;
    this.action = action;
  }

  /** Nobody waits any more; what the callback held is let go at once. */
  cancel(): void {
    this.action = undefined;
  }

  /** @internal */
  run(): void {
    this.action?.();
  }
}

/** Who waits for commits. One group wakes those who asked, once, instead of every connection. */
export class CommitQueue {
  private listeners = new Set<CommitListener>();
  private readonly callbacks = new Fifo<PendingCommit>();
  private readonly storage: Storage;

  constructor(storage: Storage) {
    this.storage = storage;
  }

  /** Tells the listener at the next commit, once. */
  listen(listener: CommitListener): void {
    this.listeners.add(listener);
  }

  /**
   * Runs at once when that number is kept (and answers undefined), else when it will be. Numbers are asked for in rising order. The
   * callback and a listener must not throw: others wait behind them.
   */
  when(commit: number, action: () => void): PendingCommit | undefined {
    if (commit <= this.storage.committed) {
      action();
      return undefined;
    }
    const pending = new PendingCommit(commit, action);
    this.callbacks.push(pending);
    return pending;
  }

  /** Storage kept more. */
  moved(): void {
    const { committed } = this.storage;
    while (this.callbacks.length > 0 && this.callbacks.peek()!.commit <= committed) this.callbacks.shift()!.run();
    if (this.listeners.size === 0) return;
    const { listeners } = this;
    this.listeners = new Set();
    for (const listener of listeners) listener.commitMoved();
  }
}
