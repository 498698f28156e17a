import type { SessionStore, StoreChange, StoredRecord } from "../store/session-store.ts";
import { storeError } from "../store/store-error.ts";
import { turn } from "./virtual-clock.ts";

/** What survives the processes of a test: the records of one store, and the process that has it. */
export class Disk {
  readonly records = new Map<string, Uint8Array>();
  /** Groups that reached it. */
  writes = 0;
  /** Set: writes fail with it. */
  fault: Error | undefined;
  /** Set: writes wait for it. */
  stall: Promise<void> | undefined;
  private user: DiskStore | undefined;

  /** The store as a new process opens it. */
  store(): SessionStore {
    return new DiskStore(this);
  }

  /** kill -9 of the process that has it: a write under way reaches the disk or not, and is answered in neither case. */
  crash(isWritten: boolean): void {
    this.user?.crash(isWritten);
    this.user = undefined;
  }

  take(user: DiskStore): void {
    if (this.user !== undefined) throw storeError("STORE_IN_USE", { detail: "disk" });
    this.user = user;
  }

  leave(user: DiskStore): void {
    if (this.user === user) this.user = undefined;
  }

  apply(changes: readonly StoreChange[]): void {
    this.writes++;
    for (const [key, value] of changes) {
      if (value === undefined) this.records.delete(key);
      else this.records.set(key, value);
    }
  }
}

class DiskStore implements SessionStore {
  readonly name = "disk";
  private readonly disk: Disk;
  private underWay: readonly StoreChange[] | undefined;
  private isDead = false;

  constructor(disk: Disk) {
    this.disk = disk;
  }

  async open(): Promise<Iterable<StoredRecord>> {
    this.disk.take(this);
    await turn();
    return [...this.disk.records];
  }

  async write(changes: readonly StoreChange[]): Promise<void> {
    const { disk } = this;
    if (this.underWay !== undefined) throw new Error("two writes at once");
    this.underWay = changes;
    await turn();
    await disk.stall;
    if (this.isDead) await new Promise(() => undefined);
    this.underWay = undefined;
    if (disk.fault !== undefined) throw disk.fault;
    disk.apply(changes);
  }

  async close(): Promise<void> {
    this.disk.leave(this);
  }

  crash(isWritten: boolean): void {
    this.isDead = true;
    if (isWritten && this.underWay !== undefined) this.disk.apply(this.underWay);
  }
}
