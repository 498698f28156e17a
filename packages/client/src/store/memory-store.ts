import type { SessionStore, StoreChange, StoredRecord } from "./session-store.ts";
import { storeError } from "./store-error.ts";

/** A store that lives as long as this object: one client of a process can hand its session to the next. */
export class MemoryStore implements SessionStore {
  readonly name: string;
  private readonly records = new Map<string, Uint8Array>();
  private isOpen = false;

  constructor(name: string) {
    this.name = name;
  }

  async open(): Promise<Iterable<StoredRecord>> {
    if (this.isOpen) throw storeError("STORE_IN_USE", { detail: this.name });
    this.isOpen = true;
    return [...this.records];
  }

  async write(changes: readonly StoreChange[]): Promise<void> {
    if (!this.isOpen) throw storeError("STORE_FAILED", { detail: `${this.name} is closed` });
    for (const [key, value] of changes) {
      if (value === undefined) this.records.delete(key);
      else this.records.set(key, new Uint8Array(value));
    }
  }

  async close(): Promise<void> {
    this.isOpen = false;
  }
}
