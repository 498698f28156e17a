import { constants } from "node:os";
import { MqttError } from "@bowline/protocol";
import type { CommitNumber, Durability, StorageHealth } from "../storage.ts";
import type { StoreOperation, WriteProgress } from "./lmdb-store.ts";
import { writeFailure } from "./write-failure.ts";

/**
 * Turns operations into transactions, and tells when they are kept.
 *
 * Owns the commit numbers, the operations not yet kept, and the health. All operations of one event-loop turn have one number and
 * never part: a transaction is one whole turn or several. At most two transactions are under way, one being written while the
 * one before it is flushed; everything appended meanwhile is the next. So groups grow by themselves as the disk slows down, and
 * two threads of libuv's pool are all that storage takes.
 *
 * When the disk is full the operations stay here in their order and are tried again; nothing that follows them goes first. All
 * of them may be repeated, since each says what a row is and not how it changes. A failure while flushing is final: nobody knows
 * then what the disk holds, and trying again would only seem to help.
 */
export interface GroupWriterOptions {
  /** Starts one transaction (LmdbStore.write). */
  write: (operations: readonly StoreOperation[], progress: WriteProgress) => void;
  durability: Durability;
  /** Ms between attempts while the disk is full. */
  retryDelayMs: number;
  /** Wall time in ms, for `since` of the health. */
  wallTime: () => number;
  /** Makes the operations of a transaction out of those appended, when it is about to be written; may add some of its own. */
  prepare: (operations: readonly StoreOperation[]) => readonly StoreOperation[];
  onCommitted: (n: CommitNumber) => void;
  onHealth: (health: StorageHealth) => void;
}

interface Group {
  operations: StoreOperation[];
  /** The highest commit number in it. */
  number: CommitNumber;
  isVisible: boolean;
  /** Written while the store was read-only: its success is the recovery. */
  isRetry: boolean;
}

interface Waiter {
  number: CommitNumber;
  resolve: () => void;
  reject: (error: MqttError) => void;
}

/** What a full disk looks like while pages are written: EIO because LMDB reports a write cut short so. */
const fullDisk: readonly number[] = [constants.errno.ENOSPC, constants.errno.EDQUOT, constants.errno.EIO];

export class GroupWriter {
  committed: CommitNumber = 0;
  health: StorageHealth = { state: "ok" };
  readonly #options: GroupWriterOptions;
  /** Not given to LMDB yet; the operations of the open turn are its tail. */
  #waiting: StoreOperation[] = [];
  #appended: CommitNumber = 0;
  #turnIsOpen = false;
  #writing: Group | undefined;
  #flushing: Group | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  /** Set once a failure is final, or the store closed; nothing is written any more. */
  #end: MqttError | undefined;
  #waiters: Waiter[] = [];
  #whenIdle: (() => void) | undefined;
  readonly #endTurn = (): void => {
    this.#turnIsOpen = false;
    this.#writeNext();
  };

  constructor(options: GroupWriterOptions) {
    this.#options = options;
  }

  /**
   * Takes one operation into the group of this turn.
   *
   * @throws MqttError STORE_READ_ONLY while the store takes no writes; nothing is changed then.
   */
  append(operation: StoreOperation): CommitNumber {
    if (this.health.state !== "ok" || this.#end !== undefined) throw this.#refusal();
    if (!this.#turnIsOpen) {
      this.#turnIsOpen = true;
      this.#appended += 1;
      setImmediate(this.#endTurn);
    }
    this.#waiting.push(operation);
    return this.#appended;
  }

  /** Asks `prepare` soon, also when nothing is appended. */
  wake(): void {
    setImmediate(() => this.#writeNext());
  }

  /** Resolves when everything appended so far is kept; rejects with STORE_READ_ONLY when it cannot be now. */
  flush(): Promise<void> {
    const number = this.#appended;
    if (this.committed >= number) return Promise.resolve();
    if (this.health.state !== "ok" || this.#end !== undefined) return Promise.reject(this.#refusal());
    return new Promise((resolve, reject) => this.#waiters.push({ number, resolve, reject }));
  }

  /**
   * Ends all writing: once what is under way has ended, resolves with whether LMDB can be closed. Operations that could not be
   * kept are forgotten; nobody was told they were.
   */
  async stop(): Promise<boolean> {
    clearTimeout(this.#retryTimer);
    const isBroken = this.#end !== undefined;
    this.#end ??= new MqttError("STORE_READ_ONLY", { detail: "the store is closed" });
    this.#waiting = [];
    if (isBroken) return false;
    if (this.#writing !== undefined || this.#flushing !== undefined)
      await new Promise<void>((resolve) => (this.#whenIdle = resolve));
    return true;
  }

  /** A turn that is still open may append more and must not be parted: its end comes here again. */
  #writeNext(): void {
    if (this.#turnIsOpen || this.#writing !== undefined || this.#retryTimer !== undefined || this.#end !== undefined) return;
    const operations = this.#options.prepare(this.#waiting);
    if (operations.length === 0 && this.#waiting.length === 0) return;
    const group: Group = {
      operations: this.#waiting,
      number: this.#appended,
      isVisible: false,
      isRetry: this.health.state !== "ok",
    };
    this.#waiting = [];
    this.#writing = group;
    this.#options.write(operations, {
      visible: () => this.#becameVisible(group),
      flushed: () => this.#wasFlushed(group),
      failed: (code) => this.#failed(group, code),
    });
  }

  /** Keeps its place while the group before it is still flushed: a third thread could only wait for that. */
  #becameVisible(group: Group): void {
    group.isVisible = true;
    if (this.#flushing === undefined) this.#moveOn();
    if (this.#options.durability === "relaxed") this.#commit(group);
    this.#writeNext();
  }

  /** A later flush includes the earlier groups, so their own may be told after it. */
  #wasFlushed(group: Group): void {
    if (this.#writing === group) this.#writing = undefined;
    if (this.#flushing === group) this.#moveOn();
    this.#commit(group);
    this.#tellIdle();
    this.#writeNext();
  }

  /** The place of the flushing group is free: the visible one behind it takes it. */
  #moveOn(): void {
    this.#flushing = undefined;
    if (this.#writing?.isVisible !== true) return;
    this.#flushing = this.#writing;
    this.#writing = undefined;
  }

  /** What was flushed before another group's failure became final is still kept. */
  #commit(group: Group): void {
    if (group.isRetry && this.health.state !== "ok" && this.#end === undefined) this.#setHealth({ state: "ok" });
    if (group.number <= this.committed) return;
    this.committed = group.number;
    this.#options.onCommitted(group.number);
    const kept = this.#waiters.filter((waiter) => waiter.number <= this.committed);
    this.#waiters = this.#waiters.filter((waiter) => waiter.number > this.committed);
    for (const waiter of kept) waiter.resolve();
  }

  #failed(group: Group, code: number): void {
    if (this.#writing === group) this.#writing = undefined;
    if (this.#flushing === group) this.#moveOn();
    const cause = writeFailure(code);
    if (this.#end === undefined && (group.isVisible || !fullDisk.includes(code))) this.#endWith(cause);
    else if (this.#end === undefined) this.#tryAgainLater(group, cause);
    this.#tellIdle();
  }

  #tryAgainLater(group: Group, cause: string): void {
    this.#waiting = [...group.operations, ...this.#waiting];
    this.#retryTimer = setTimeout(() => this.#retry(), this.#options.retryDelayMs).unref();
    if (this.health.state === "ok") this.#setHealth({ state: "read-only", cause, since: this.#options.wallTime() });
    this.#rejectWaiters();
  }

  #rejectWaiters(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.reject(this.#refusal());
  }

  #setHealth(health: StorageHealth): void {
    this.health = health;
    this.#options.onHealth(health);
  }

  #tellIdle(): void {
    if (this.#writing === undefined && this.#flushing === undefined) this.#whenIdle?.();
  }

  #retry(): void {
    this.#retryTimer = undefined;
    this.#writeNext();
  }

  #endWith(cause: string): void {
    this.#end = new MqttError("STORE_READ_ONLY", { detail: cause, remedy: "Check the disk, then restart the broker." });
    this.#setHealth({ state: "read-only", cause, since: this.#options.wallTime() });
    this.#rejectWaiters();
  }

  #refusal(): MqttError {
    if (this.#end !== undefined) return this.#end;
    return new MqttError("STORE_READ_ONLY", this.health.state === "ok" ? {} : { detail: this.health.cause });
  }
}
