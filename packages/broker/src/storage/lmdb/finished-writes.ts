import type { RootDatabase } from "lmdb";

/**
 * Lets lmdb's finished writes go one by one.
 *
 * lmdb keeps a linked list of the writes that it waits for, and a finished one goes on pointing to the next. So one that was moved to V8's
 * old generation while it waited holds all that came after it, dead or alive, until a full collection, and with each transaction an array
 * of 64 KiB for the writer thread, which V8 does not count (a SharedArrayBuffer) and so sees no reason to collect. At 5,000 durable
 * messages a second that was 50 MB of garbage. Here each write forgets the next once lmdb has passed it.
 *
 * Uses the fields of the list (write.js), a private part of lmdb: its version is pinned, and without them nothing is forgotten.
 */
export class FinishedWrites {
  #first: PendingWrite | undefined;
  /** The first that lmdb may still look at. */
  #end: PendingWrite | undefined;

  constructor(root: RootDatabase<Buffer, Buffer>) {
    (root as unknown as CommitEvents).on("aftercommit", ({ next, last }) => {
      this.#first ??= next;
      this.#end = last;
    });
  }

  /** Only while lmdb does nothing: in the middle of its own work it still follows the list from an earlier one. */
  forget(): void {
    let write: PendingWrite | null | undefined = this.#first;
    while (write != null && write !== this.#end) {
      const next: PendingWrite | null = write.next;
      write.next = null;
      write.nextTxn = undefined;
      write.uint32 = null;
      write.valueBuffer = null;
      write = next;
    }
    this.#first = this.#end;
  }
}

interface PendingWrite {
  next: PendingWrite | null;
  /** The first of the next transaction. */
  nextTxn: PendingWrite | undefined;
  /** What the writer thread reads. */
  uint32: Uint32Array | null;
  valueBuffer: Uint8Array | null;
}

/** An event which lmdb has for its caches; its types name no arguments. */
interface CommitEvents {
  on(event: "aftercommit", listener: (written: { next: PendingWrite; last: PendingWrite }) => void): void;
}
