import { Fifo } from "@bowline/protocol/internal";
import type { Storage } from "./storage.ts";

/** Something that is told when more is committed, such as a connection with acknowledgements to send. */
export interface CommitListener {
  commitMoved(): void;
}

/** Who waits for commits. One group wakes those who asked, once, instead of every connection. */
export class CommitQueue {
  private listeners = new Set<CommitListener>();
  private readonly callbacks = new Fifo<{ commit: number; run: () => void }>();
  private readonly storage: Storage;

  constructor(storage: Storage) {
    this.storage = storage;
  }

  /** Tells the listener at the next commit, once. */
  listen(listener: CommitListener): void {
    this.listeners.add(listener);
  }

  /** Runs at once when that number is kept, else when it will be. Numbers are asked for in rising order. */
  when(commit: number, run: () => void): void {
    if (commit <= this.storage.committed) run();
    else this.callbacks.push({ commit, run });
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
